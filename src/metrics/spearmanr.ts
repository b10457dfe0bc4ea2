// Spearman's rank correlation: Pearson's of the ranks, where equal values share the mean of their ranks. Ranks need all
// values, so this metric keeps them: 16 bytes a row.
import { Metric } from "./metric.js";
import { type ShapedArray, valuesOf } from "./numbers.js";
import { Comoments } from "./pearsonr.js";

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
    const moments = new Comoments();
    for (let i = 0; i < x.length; i++) moments.add(x[i], y[i]);
    return { spearmanr: moments.correlation(this.name) };
  }

  clear(): void {
    this.#predictions = [];
    this.#references = [];
  }
}

function concatenate(batches: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(batches.reduce((total, batch) => total + batch.length, 0));
  let offset = 0;
  for (const batch of batches) {
    all.set(batch, offset);
    offset += batch.length;
  }
  return all;
}

/** The rank of each value from 1; equal values get the mean of the ranks they take together. */
function ranks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const result = new Float64Array(values.length);
  for (let begin = 0, end = 0; begin < order.length; begin = end) {
    while (end < order.length && values[order[end]] === values[order[begin]]) end++;
    const rank = (begin + 1 + end) / 2;
    for (let i = begin; i < end; i++) result[order[i]] = rank;
  }
  return result;
}

/** `{ spearmanr }`, from -1 to 1; takes values. */
export function spearmanr(): Metric {
  return new Spearmanr();
}
