// What `train` and `eval` share: a dataset from the flags, and the task that it poses.
import { type DatasetDict, loadDataset } from "../datasets/index.js";
import { info } from "../support/log.js";
import { describeTask, findTask, loadOwnData, type Task } from "../tasks/index.js";
import type { DataFlags } from "./data-flags.js";
import { UsageError } from "./flags.js";

export interface Source extends DataFlags {
  readonly data?: string;
  readonly problem?: "found" | "classification" | "regression";
  readonly seed?: number;
}

/** Loads the dataset and finds its task. @throws as loadDataset; DataError where columns cannot be told */
export async function loadTask(flags: Source): Promise<{ raw: DatasetDict; task: Task }> {
  const { data, problem = "found", seed = 42, ...rest } = flags;
  if (data !== undefined && (rest.dataset !== undefined || rest.config !== undefined)) {
    throw new UsageError("--data is for files of your own, and takes the place of --dataset and --config");
  }
  const raw =
    data === undefined
      ? await loadDataset(rest.dataset ?? "", rest.config)
      : await loadOwnData(data, { ...rest, seed, problem: problem === "found" ? undefined : problem });
  const task = findTask(raw, rest.config, rest);
  info(`${data ?? rest.dataset}${rest.config ? ` ${rest.config}` : ""}: ${describeTask(task)}`);
  return { raw, task };
}
