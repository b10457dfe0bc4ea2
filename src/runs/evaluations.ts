// What evaluations of a run showed, as the Trainer stored it.
import { parseDetailsName } from "../trainer/details/store.js";
import type { EvaluationDetails } from "../trainer/details/types.js";
import { evaluationsFolder } from "../trainer/run-files.js";
import { type Inside, within } from "./inside.js";

export interface EvaluationInfo {
  /** Its file's name. */
  readonly name: string;
  /** "eval", or "eval_matched" of several datasets. */
  readonly prefix: string;
  readonly step: number;
}

/** Those that are stored, in the order of their steps. @param run The run's folder, as a path within `inside` */
export async function listEvaluations(inside: Inside, run: string): Promise<EvaluationInfo[]> {
  const entries = (await inside.list(within(run, evaluationsFolder))).filter((entry) => entry.isFile());
  const found = entries.flatMap(({ name }): EvaluationInfo[] => {
    const parsed = parseDetailsName(name);
    return parsed ? [{ name, ...parsed }] : [];
  });
  return found.sort((a, b) => a.step - b.step || (a.prefix < b.prefix ? -1 : 1));
}

/** One of them; undefined where it is not there, damaged, or of a later version. */
export async function readEvaluation(
  inside: Inside,
  run: string,
  name: string,
): Promise<EvaluationDetails | undefined> {
  if (!parseDetailsName(name)) return undefined;
  const found = (await inside.readObject(within(run, evaluationsFolder, name))) as
    | Partial<EvaluationDetails>
    | undefined;
  return found?.version === 1 && Array.isArray(found.worst) ? (found as EvaluationDetails) : undefined;
}
