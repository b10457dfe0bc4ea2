// F1: the harmonic mean of precision and recall, 2 TP / (predicted + referenced), as scikit-learn's f1_score.
import { AveragedMetric, type AverageOptions } from "./averages.js";
import type { Metric } from "./metric.js";

export type F1Options = AverageOptions;

/** `{ f1 }`, from 0 to 1: of class 1 against class 0 unless options say otherwise. Takes classes or logits. */
export function f1(options: F1Options = {}): Metric {
  return new AveragedMetric(
    "f1",
    ({ both, predicted, referenced }) => (predicted + referenced === 0 ? 0 : (2 * both) / (predicted + referenced)),
    options,
  );
}
