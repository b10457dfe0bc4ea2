// What every metric is: something that predictions and references are added to, batch by batch, and that gives named
// numbers in the end. Metrics keep counts or sums, not the predictions, wherever their formula allows it.
import { DataError, ShapeError } from "../support/errors.js";
import { asShapedArray, type HostNumbers, type Numbers, type ShapedArray, toShapedArray } from "./numbers.js";

/** Predictions with the references they are measured by: class numbers `[rows]`, or logits `[rows, classes]` for them. */
export interface MetricBatch {
  predictions: Numbers;
  references: Numbers;
}

/** A batch that needs no waiting. */
export interface HostMetricBatch {
  predictions: HostNumbers;
  references: HostNumbers;
}

/** A metric; subclasses say how rows are counted and what comes of them. */
export abstract class Metric {
  /** The metric's name, as in Python's `evaluate.load(name)`. */
  abstract readonly name: string;
  /** The keys of what `compute` returns, known before anything is added. */
  abstract readonly keys: readonly string[];
  #rows = 0;

  /** Adds one row: a class, value or row of logits, and its reference. */
  add({ prediction, reference }: { prediction: number | Iterable<number>; reference: number }): void {
    const predictions = typeof prediction === "number" ? [prediction] : [prediction];
    this.#include(asShapedArray(predictions as HostNumbers, "predictions"), asShapedArray([reference], "references"));
  }

  /** Adds a batch; tensors are read from their device. @throws ShapeError, DataError naming the row that does not fit */
  async addBatch({ predictions, references }: MetricBatch): Promise<void> {
    const [p, r] = await Promise.all([
      toShapedArray(predictions, "predictions"),
      toShapedArray(references, "references"),
    ]);
    this.#include(p, r);
  }

  /**
   * The metric over everything added since the last `compute`, and over `batch` where one is given; then starts anew.
   *
   * @throws DataError where nothing was added
   */
  compute(batch?: HostMetricBatch): Record<string, number> {
    if (batch)
      this.#include(asShapedArray(batch.predictions, "predictions"), asShapedArray(batch.references, "references"));
    if (this.#rows === 0) {
      throw new DataError(
        `Metric ${this.name}: nothing to compute; call add or addBatch first, or give compute a batch`,
      );
    }
    const result = this.result();
    this.reset();
    return result;
  }

  /** Forgets everything added. */
  reset(): void {
    this.#rows = 0;
    this.clear();
  }

  #include(predictions: ShapedArray, references: ShapedArray): void {
    const rows = references.shape[0];
    if (predictions.shape[0] !== rows) {
      throw new ShapeError(`Metric ${this.name}: ${predictions.shape[0]} predictions and ${rows} references`);
    }
    if (rows === 0) return;
    this.update(predictions, references);
    this.#rows += rows;
  }

  /** For subclasses: takes in rows, as many predictions as references; nothing of them where it throws. */
  abstract update(predictions: ShapedArray, references: ShapedArray): void;

  /** For subclasses: the result over all rows since `clear`, one number for each of `keys`. */
  abstract result(): Record<string, number>;

  /** For subclasses: back to the state before the first row. */
  abstract clear(): void;
}
