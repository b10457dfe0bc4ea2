// Accuracy: the share of rows whose class was predicted.
import { ClassCounts } from "./class-counts.js";
import { Metric } from "./metric.js";
import type { ShapedArray } from "./numbers.js";

class Accuracy extends Metric {
  readonly name = "accuracy";
  readonly keys = ["accuracy"];
  readonly #counts = new ClassCounts();

  update(predictions: ShapedArray, references: ShapedArray): void {
    this.#counts.update(predictions, references);
  }

  result(): Record<string, number> {
    return { accuracy: this.#counts.correct / this.#counts.rows };
  }

  clear(): void {
    this.#counts.clear();
  }
}

/** `{ accuracy }`: the share of rows whose class was predicted, from 0 to 1. Takes classes or logits. */
export function accuracy(): Metric {
  return new Accuracy();
}
