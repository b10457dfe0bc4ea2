// The area under the receiver operating characteristic (scikit-learn's roc_auc_score): the probability that a row of a
// class scores above one that is not of it, ties counted half. It is a matter of ranks, so the scores are kept: 8 bytes for
// each of a row's classes, and 4 for its label.
import { ConfigError, DataError, ShapeError } from "../support/errors.js";
import { warn } from "../support/log.js";
import { softmax } from "../support/softmax.js";
import { Metric } from "./metric.js";
import { classesOf, finiteValues, type ShapedArray } from "./numbers.js";
import { concatenate, ranks } from "./ranks.js";

export interface RocAucOptions {
  /** For three classes or more: each against the rest (`ovr`, the default), or each against each (`ovo`). */
  multiClass?: "ovr" | "ovo";
  /** How those are put together. `weighted`: by how often a class (or pair) is referenced. Default macro. */
  average?: "macro" | "weighted";
}

class RocAuc extends Metric {
  readonly name = "roc_auc";
  readonly keys = ["roc_auc"];
  readonly #options: Required<RocAucOptions>;
  #scores: Float64Array[] = [];
  #labels: Int32Array[] = [];
  /** Scores a row. */
  #width = 0;

  constructor({ multiClass = "ovr", average = "macro" }: RocAucOptions) {
    super();
    if (!["ovr", "ovo"].includes(multiClass))
      throw new ConfigError(`roc_auc: multiClass is ovr or ovo, not ${multiClass}`);
    if (!["macro", "weighted"].includes(average)) {
      throw new ConfigError(`roc_auc: average is macro or weighted, not ${average}`);
    }
    this.#options = { multiClass, average };
  }

  update(predictions: ShapedArray, references: ShapedArray): void {
    const values = finiteValues(predictions, "predictions");
    const labels = classesOf(references, "references");
    const columns = predictions.shape.length === 1 ? 1 : (predictions.shape[1] ?? 0);
    if (predictions.shape.length > 2 || columns === 0) {
      throw new ShapeError(
        `Metric roc_auc takes scores [rows], or logits [rows, classes], not [${predictions.shape.join(", ")}]`,
      );
    }
    if (this.#width !== 0 && this.#width !== columns) {
      throw new ShapeError(`Metric roc_auc: ${columns} scores a row, and ${this.#width} in the batches before`);
    }
    this.#width = columns;
    this.#scores.push(columns > 2 ? probabilities(values, columns) : Float64Array.from(values));
    this.#labels.push(labels);
  }

  result(): Record<string, number> {
    const scores = concatenate(this.#scores);
    const labels = Int32Array.from(concatenate(this.#labels.map((part) => Float64Array.from(part))));
    return { roc_auc: this.#width > 2 ? this.#ofMany(scores, labels) : this.#ofTwo(scores, labels) };
  }

  clear(): void {
    this.#scores = [];
    this.#labels = [];
    this.#width = 0;
  }

  /** Logits of two classes score by their difference, as their softmax does. */
  #ofTwo(scores: Float64Array, labels: Int32Array): number {
    const two = this.#width === 2;
    const single = two ? Float64Array.from(labels, (_, i) => scores[2 * i + 1] - scores[2 * i]) : scores;
    const met = [...new Set(labels)].sort((a, b) => a - b);
    if (met.length > 2) {
      throw new DataError(
        `Metric roc_auc: the references are of the classes ${met.join(", ")}, and a row has ${this.#width} score${two ? "s" : ""}; ` +
          "give logits [rows, classes]",
      );
    }
    return area(
      single,
      Uint8Array.from(labels, (label) => Number(met.length === 2 && label === met[1])),
    );
  }

  #ofMany(scores: Float64Array, labels: Int32Array): number {
    const width = this.#width;
    const outside = labels.find((label) => label < 0 || label >= width);
    if (outside !== undefined)
      throw new DataError(`Metric roc_auc: the reference ${outside} is not one of the ${width} classes`);
    const column = (c: number, rows: Uint32Array) => Float64Array.from(rows, (row) => scores[row * width + c]);
    const counts = Array.from({ length: width }, (_, c) => labels.reduce((n, label) => n + Number(label === c), 0));
    const parts: { area: number; weight: number }[] = [];
    const all = Uint32Array.from(labels.keys());
    for (let a = 0; a < width; a++) {
      if (this.#options.multiClass === "ovr") {
        const of = area(
          column(a, all),
          Uint8Array.from(labels, (label) => Number(label === a)),
        );
        parts.push({ area: of, weight: counts[a] });
        continue;
      }
      for (let b = a + 1; b < width; b++) {
        const rows = all.filter((row) => labels[row] === a || labels[row] === b);
        const against = (one: number) =>
          area(
            column(one, rows),
            Uint8Array.from(rows, (row) => Number(labels[row] === one)),
          );
        parts.push({ area: (against(a) + against(b)) / 2, weight: counts[a] + counts[b] });
      }
    }
    const weightOf = (weight: number) => (this.#options.average === "macro" ? 1 : weight);
    const total = parts.reduce((sum, { weight }) => sum + weightOf(weight), 0);
    return parts.reduce((sum, { area, weight }) => sum + area * weightOf(weight), 0) / total;
  }
}

/** The area by ranks (Mann and Whitney); NaN, with a warning, where all rows or none are positive. */
function area(scores: Float64Array, positive: Uint8Array): number {
  const positives = positive.reduce((sum, value) => sum + value, 0);
  const negatives = positive.length - positives;
  if (positives === 0 || negatives === 0) {
    warn("Metric roc_auc is not defined: the references are all of one class; giving NaN");
    return Number.NaN;
  }
  const rank = ranks(scores);
  let sum = 0;
  for (let i = 0; i < rank.length; i++) if (positive[i]) sum += rank[i];
  return (sum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Scores that add up to 1 in each row are probabilities already, and stay. */
function probabilities(values: ArrayLike<number>, width: number): Float64Array {
  const result = Float64Array.from(values);
  for (let start = 0; start < result.length; start += width) {
    const row = result.subarray(start, start + width);
    const sum = row.reduce((total, value) => total + value, 0);
    if (Math.abs(sum - 1) < 1e-6 && row.every((value) => value >= 0)) continue;
    row.set(softmax(row));
  }
  return result;
}

/**
 * `{ roc_auc }`, from 0 to 1. Takes scores [rows] (of the greater of two classes), or logits or probabilities
 * [rows, classes].
 */
export function rocAuc(options: RocAucOptions = {}): Metric {
  return new RocAuc(options);
}
