// Precision and recall, as scikit-learn's precision_score and recall_score.
import { AveragedMetric, type AverageOptions } from "./averages.js";
import type { Metric } from "./metric.js";

/** `{ precision }`, from 0 to 1: how much of what was predicted as a class is of it. 0 where nothing was predicted. */
export function precision(options: AverageOptions = {}): Metric {
  return new AveragedMetric("precision", ({ both, predicted }) => (predicted === 0 ? 0 : both / predicted), options);
}

/** `{ recall }`, from 0 to 1: how much of a class was predicted as such. 0 where the class was not met. */
export function recall(options: AverageOptions = {}): Metric {
  return new AveragedMetric("recall", ({ both, referenced }) => (referenced === 0 ? 0 : both / referenced), options);
}
