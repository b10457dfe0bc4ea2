// Spearman's rank correlation: Pearson's of the ranks, where equal values share the mean of their ranks. Ranks need all
// values, so this metric keeps them: 16 bytes a row.
import { warn } from "../support/log.js";
import { Metric } from "./metric.js";
import { type ShapedArray, valuesOf } from "./numbers.js";
import { Comoments } from "./pearsonr.js";
import { concatenate, ranks } from "./ranks.js";

class Spearmanr extends Metric {
  readonly name = "spearmanr";
  readonly keys = ["spearmanr"];
  #predictions: Float64Array[] = [];
  #references: Float64Array[] = [];

  update(predictions: ShapedArray, references: ShapedArray): void {
    const x = Float64Array.from(valuesOf(predictions, "predictions"));
    const y = Float64Array.from(valuesOf(references, "references"));
    this.#predictions.push(x);
    this.#references.push(y);
  }

  result(): Record<string, number> {
    const x = ranks(concatenate(this.#predictions));
    const y = ranks(concatenate(this.#references));
    if (x.length < 2) {
      warn(`Metric spearmanr is not defined for ${x.length} row; giving NaN`); // scipy's answer, where Pearson's is an error
      return { spearmanr: Number.NaN };
    }
    const moments = new Comoments();
    for (let i = 0; i < x.length; i++) moments.add(x[i], y[i]);
    return { spearmanr: moments.correlation(this.name) };
  }

  clear(): void {
    this.#predictions = [];
    this.#references = [];
  }
}

/** `{ spearmanr }`, from -1 to 1; takes values. */
export function spearmanr(): Metric {
  return new Spearmanr();
}
