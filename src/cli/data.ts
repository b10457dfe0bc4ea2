// What `train` and `eval` share: a dataset from the flags, and the task that it poses.
import { type DatasetDict, loadDataset } from "../datasets/index.js";
import { info } from "../support/log.js";
import { describeTask, findTask, loadOwnData, type Task } from "../tasks/index.js";
import { advisingFlags, type DataFlags, type FileFlags, fileOptions } from "./data-flags.js";

export interface Source extends DataFlags, FileFlags {
  readonly data?: string;
  readonly problem?: "found" | "classification" | "regression";
  /** For own data: of the rows that are set aside; null sets none aside. Default 42. */
  readonly seed?: number | null;
  /** For own data: the classes of a model that is measured on it. */
  readonly classes?: readonly string[];
}

/** Loads the dataset and finds its task. @throws as loadDataset; DataError where columns cannot be told */
export async function loadTask(flags: Source): Promise<{ raw: DatasetDict; task: Task }> {
  const { data, problem = "found", seed = 42, classes, ...rest } = flags;
  const raw =
    data === undefined
      ? await loadDataset(rest.dataset ?? "", rest.config)
      : await advisingFlags(() =>
          loadOwnData(data, {
            ...rest,
            classes,
            seed: seed ?? undefined,
            problem: problem === "found" ? undefined : problem,
            files: fileOptions(rest),
          }),
        );
  const task = findTask(raw, rest.config, rest);
  info(`${data ?? rest.dataset}${rest.config ? ` ${rest.config}` : ""}: ${describeTask(task)}`);
  return { raw, task };
}
