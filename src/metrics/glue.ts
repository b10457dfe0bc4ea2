// The metrics of GLUE's tasks, by the names of its configurations (evaluate: metrics/glue/glue.py).
import { ConfigError, DataError, nearest } from "../support/errors.js";
import { accuracy } from "./accuracy.js";
import { CombinedMetric } from "./combine.js";
import { f1 } from "./f1.js";
import { matthewsCorrelation } from "./matthews-correlation.js";
import type { Metric } from "./metric.js";
import type { ShapedArray } from "./numbers.js";
import { pearsonr } from "./pearsonr.js";
import { spearmanr } from "./spearmanr.js";

const TASKS = {
  cola: () => [matthewsCorrelation()],
  sst2: () => [accuracy()],
  mrpc: () => [accuracy(), f1()],
  qqp: () => [accuracy(), f1()],
  stsb: () => [pearsonr({ key: "pearson" }), spearmanr()],
  mnli: () => [accuracy()],
  mnli_matched: () => [accuracy()],
  mnli_mismatched: () => [accuracy()],
  qnli: () => [accuracy()],
  rte: () => [accuracy()],
  wnli: () => [accuracy()],
  hans: () => [accuracy()],
} as const satisfies Record<string, () => Metric[]>;

/** A configuration of GLUE that has a metric. */
export type GlueTask = keyof typeof TASKS;

/** Accuracy of -1 against -1 would be a number; a test split without labels has none. */
class LabelledMetric extends CombinedMetric {
  override update(predictions: ShapedArray, references: ShapedArray): void {
    const { data } = references;
    for (let i = 0; i < data.length; i++) {
      if (data[i] === -1) {
        throw new DataError(
          `Metric ${this.name}: row ${i} has no label (it is -1), as in most of GLUE's test splits; measure on the validation split`,
        );
      }
    }
    super.update(predictions, references);
  }
}

/**
 * The metric of a GLUE task: accuracy and F1 for mrpc and qqp, Matthews' correlation for cola, Pearson's (`pearson`) and
 * Spearman's (`spearmanr`) for stsb, accuracy for the others. Takes logits or classes; for stsb, values.
 *
 * @throws ConfigError for another name; `ax` has no public labels, and so no metric
 */
export function glue(task: GlueTask): Metric {
  if (!Object.hasOwn(TASKS, task)) {
    const suggestion = nearest(task, Object.keys(TASKS));
    throw new ConfigError(
      `GLUE has no metric for ${task}; ${suggestion ? `did you mean ${suggestion}? ` : ""}Known are ${Object.keys(TASKS).join(", ")}`,
    );
  }
  const Kind = task === "stsb" ? CombinedMetric : LabelledMetric; // stsb's labels are values
  return new Kind(`glue/${task}`, TASKS[task]());
}
