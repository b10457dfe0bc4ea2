// Matthews' correlation coefficient for two classes or more (Gorodkin 2004, as scikit-learn's matthews_corrcoef has it):
// (c s - sum_k p_k t_k) / sqrt((s^2 - sum_k p_k^2) (s^2 - sum_k t_k^2)) with s rows, c of them right, p_k predicted as
// class k and t_k of class k. 0 where the predictions or the references are all one class.
import { ClassCounts } from "./class-counts.js";
import { Metric } from "./metric.js";
import type { ShapedArray } from "./numbers.js";

class MatthewsCorrelation extends Metric {
  readonly name = "matthews_correlation";
  readonly keys = ["matthews_correlation"];
  readonly #counts = new ClassCounts();

  update(predictions: ShapedArray, references: ShapedArray): void {
    this.#counts.update(predictions, references);
  }

  result(): Record<string, number> {
    const { rows, correct, classes } = this.#counts;
    let covariance = correct * rows;
    let predictedVariance = rows * rows;
    let referencedVariance = rows * rows;
    for (const label of classes) {
      const { predicted, referenced } = this.#counts.of(label);
      covariance -= predicted * referenced;
      predictedVariance -= predicted * predicted;
      referencedVariance -= referenced * referenced;
    }
    const product = predictedVariance * referencedVariance;
    return { matthews_correlation: product === 0 ? 0 : covariance / Math.sqrt(product) };
  }

  clear(): void {
    this.#counts.clear();
  }
}

/** `{ matthews_correlation }`, from -1 to 1: CoLA's metric. Takes classes or logits. */
export function matthewsCorrelation(): Metric {
  return new MatthewsCorrelation();
}
