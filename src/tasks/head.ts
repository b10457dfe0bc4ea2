// The head that a task needs of a model, without mixing up classes that a checkpoint has learned already.
import { AutoConfig } from "../models/index.js";
import { info } from "../support/log.js";
import type { Task } from "./task.js";

/**
 * Choices of fromPretrained that give the model of `checkpoint` the task's outputs. A checkpoint whose head knows the same
 * classes in another order keeps its order, and the Trainer renumbers the labels: its head would be trained anew otherwise.
 */
export async function headOptions({ labelNames }: Task, checkpoint: string): Promise<Record<string, unknown>> {
  if (labelNames.length === 0) return { numLabels: 1, problemType: "regression" };
  const problemType = "single_label_classification";
  const { id2label } = await AutoConfig.fromPretrained(checkpoint);
  const theirs = Object.keys(id2label)
    .sort((a, b) => Number(a) - Number(b))
    .map((id) => id2label[Number(id)]);
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
