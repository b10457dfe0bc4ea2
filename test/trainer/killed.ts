// Runs the program of programs/train.ts, and reads what it leaves.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lastCheckpoint } from "../../src/trainer/index.js";

const program = fileURLToPath(new URL("programs/train.ts", import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Runs it to its end, or until `killAfter` milliseconds of training. */
export function train(
  folder: string,
  options: { point?: string; epochs?: number; killAfter?: number } = {},
): Promise<Ended> {
  const { point = "", epochs = 4, killAfter } = options;
  const child = spawn(process.execPath, ["--import", "tsx", program, folder, point, String(epochs)], {
    env: { ...process.env, ATTUNE_LOG: "warn" },
  });
  let output = "";
  const hear = (text: Buffer): void => {
    const began = !output.includes("begun");
    output += text.toString();
    if (killAfter !== undefined && began && output.includes("begun"))
      setTimeout(() => child.kill("SIGKILL"), killAfter);
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => resolve({ status, signal, output }));
  });
}

const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), "utf8"));

/** All that a run's end depends on, down to the bits, without what tells the time. */
export async function remains(folder: string): Promise<object> {
  const last = (await lastCheckpoint(folder)) ?? folder;
  const bytes = (...path: string[]) => readFileSync(join(...path)).toString("base64");
  const timeless = (row: object) =>
    Object.fromEntries(Object.entries(row).filter(([key]) => !/_runtime$|_per_second$/.test(key)));
  const { log_history: log, best_model_checkpoint: _, ...state } = json(folder, "trainer_state.json");
  const { sums, written: __, ...counters } = json(last, "attune_state.json");
  return {
    last: last.slice(folder.length),
    weights: bytes(folder, "model.safetensors"),
    optimizer: bytes(last, "optimizer.pt"),
    schedule: bytes(last, "scheduler.pt"),
    state,
    log: log.map(timeless),
    counters,
    losses: sums.losses,
    results: timeless(json(folder, "all_results.json")),
  };
}
