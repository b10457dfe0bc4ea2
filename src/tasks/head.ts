// The head that a task needs of a model, without mixing up classes that a checkpoint has learned already.
import { AutoConfig } from "../models/index.js";
import { info } from "../support/log.js";
import type { Task } from "./task.js";

/**
 * Choices of fromPretrained that give the model of `checkpoint` the task's outputs. A checkpoint whose head knows the same
 * classes in another order keeps its order, and the Trainer renumbers the labels: its head would be trained anew otherwise.
 */
export async function headOptions(
  { labelNames }: Task,
  checkpoint: string,
  hub: { readonly revision?: string } = {},
): Promise<Record<string, unknown>> {
  if (labelNames.length === 0) return { numLabels: 1, problemType: "regression" };
  const problemType = "single_label_classification";
  const theirs = classNames(await AutoConfig.fromPretrained(checkpoint, hub));
  const sorted = (names: readonly string[]) =>
    names
      .map((name) => name.toLowerCase())
      .sort()
      .join("\n");
  if (sorted(theirs) === sorted(labelNames)) {
    if (theirs.some((name, i) => name.toLowerCase() !== labelNames[i].toLowerCase())) {
      info(`${checkpoint} has these classes in the order ${theirs.join(", ")}, which is kept`);
    }
    return { problemType };
  }
  return { id2label: labelNames, problemType };
}

/** The names of a model's classes, in order. */
function classNames({ id2label }: { readonly id2label: Readonly<Record<number, string>> }): string[] {
  return Object.keys(id2label)
    .sort((a, b) => Number(a) - Number(b))
    .map((id) => id2label[Number(id)]);
}

/** What a trained model asks of own data that it is measured on: the kind of its labels, and their names where it has some. */
export function labelsOf(config: {
  readonly id2label: Readonly<Record<number, string>>;
  readonly problem_type?: string | null;
}): { readonly problem?: "classification" | "regression"; readonly classes?: readonly string[] } {
  const names = classNames(config);
  if (config.problem_type === "regression" || names.length === 1) return { problem: "regression" };
  return names.every((name, i) => name === `LABEL_${i}`) ? { problem: "classification" } : { classes: names };
}
