// The checkpoints of a run's folder, whoever wrote them.
import { checkpointFiles } from "../trainer/checkpoints/files.js";
import { type Inside, within } from "./inside.js";

export interface CheckpointInfo {
  /** Its folder's name: checkpoint-500. */
  readonly name: string;
  readonly step: number;
  /** When it was written, in milliseconds since 1970; undefined where it does not say. */
  readonly written: number | undefined;
  /** The best by the run's own metric. */
  readonly best: boolean;
}

export interface Checkpoints {
  /** In the order of writing. */
  readonly list: readonly CheckpointInfo[];
  /** trainer_state.json of the newest, if there is one. */
  readonly state: Record<string, unknown> | undefined;
}

/** @param run The run's folder, as a path within `inside`. */
export async function readCheckpoints(inside: Inside, run: string): Promise<Checkpoints> {
  const entries = (await inside.list(run)).filter((entry) => entry.isDirectory());
  const found: Omit<CheckpointInfo, "best">[] = [];
  for (const { name } of entries) {
    const [, step] = /^checkpoint-(\d+)$/.exec(name) ?? [];
    if (step === undefined) continue;
    const counters = await inside.readObject(within(run, name, checkpointFiles.counters));
    const written = typeof counters?.written === "number" ? counters.written : undefined;
    found.push({ name, step: Number(step), written });
  }
  found.sort((a, b) => (a.written ?? 0) - (b.written ?? 0) || a.step - b.step);
  const last = found.at(-1);
  const state = last && (await inside.readObject(within(run, last.name, checkpointFiles.state)));
  const best = state?.best_global_step;
  return { list: found.map((each) => ({ ...each, best: each.step === best })), state };
}
