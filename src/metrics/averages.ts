// Precision, recall and F1 of classes, put together over classes as scikit-learn's `average` says; a quotient of nothing
// by nothing is 0 (scikit-learn's zero_division).
import { ConfigError, DataError, nearest } from "../support/errors.js";
import { type ClassCount, ClassCounts } from "./class-counts.js";
import { Metric } from "./metric.js";
import type { ShapedArray } from "./numbers.js";

const AVERAGES = ["binary", "micro", "macro", "weighted"] as const;

export interface AverageOptions {
  /**
   * `binary` (default): of `posLabel` alone, for two classes. `micro`: over the counts of all classes, `macro`: the mean
   * over classes, `weighted`: the mean over classes by how often each is referenced.
   */
  average?: (typeof AVERAGES)[number];
  /** The class that `binary` is about. Default 1. */
  posLabel?: number;
}

/** What a figure is of one class, from 0 to 1. */
export type OfCounts = (counts: Readonly<ClassCount>) => number;

/** A figure of each class, averaged. For precision, recall and F1 the micro average is the accuracy: a miss counts twice. */
export class AveragedMetric extends Metric {
  readonly name: string;
  readonly keys: readonly string[];
  readonly #ofCounts: OfCounts;
  readonly #average: (typeof AVERAGES)[number];
  readonly #posLabel: number;
  readonly #counts = new ClassCounts();

  /** @throws ConfigError where `average` is none of the four */
  constructor(name: string, ofCounts: OfCounts, { average = "binary", posLabel = 1 }: AverageOptions) {
    super();
    if (!AVERAGES.includes(average)) {
      const hint = nearest(average, AVERAGES);
      throw new ConfigError(
        `Unknown average ${average} for ${name}; ${hint ? `did you mean ${hint}? ` : ""}Known are ${AVERAGES.join(", ")}`,
      );
    }
    this.name = name;
    this.keys = [name];
    this.#ofCounts = ofCounts;
    this.#average = average;
    this.#posLabel = posLabel;
  }

  update(predictions: ShapedArray, references: ShapedArray): void {
    this.#counts.update(predictions, references);
  }

  result(): Record<string, number> {
    return { [this.name]: this.#value() };
  }

  clear(): void {
    this.#counts.clear();
  }

  #value(): number {
    const classes = this.#counts.classes;
    if (this.#average === "micro") return this.#counts.correct / this.#counts.rows;
    if (this.#average === "binary") {
      this.#checkBinary(classes);
      return this.#ofCounts(this.#counts.of(this.#posLabel));
    }
    let sum = 0;
    let weights = 0;
    for (const label of classes) {
      const counts = this.#counts.of(label);
      const weight = this.#average === "macro" ? 1 : counts.referenced;
      sum += this.#ofCounts(counts) * weight;
      weights += weight;
    }
    return sum / weights;
  }

  /** A third class, or two of which none is the positive one, would be counted as negatives without a word. */
  #checkBinary(classes: readonly number[]): void {
    if (classes.length > 2 || (classes.length === 2 && !classes.includes(this.#posLabel))) {
      const { name } = this;
      throw new DataError(
        `${name} of class ${this.#posLabel} against one other, and the classes met are ${classes.join(", ")}; use ` +
          `${name}({ average: "macro" }), "micro" or "weighted", or set posLabel`,
      );
    }
  }
}
