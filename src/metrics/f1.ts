// F1: the harmonic mean of precision and recall, 2 TP / (predicted + referenced), as scikit-learn's f1_score defines it
// for each `average`; a class that was neither predicted nor referenced has an F1 of 0.
import { ConfigError, DataError, nearest } from "../support/errors.js";
import { ClassCounts } from "./class-counts.js";
import { Metric } from "./metric.js";
import type { ShapedArray } from "./numbers.js";

const AVERAGES = ["binary", "micro", "macro", "weighted"] as const;

export interface F1Options {
  /**
   * `binary` (default): of `posLabel` alone, for two classes. `micro`: over the counts of all classes, `macro`: the mean
   * over classes, `weighted`: the mean over classes by how often each is referenced.
   */
  average?: (typeof AVERAGES)[number];
  /** The class whose F1 `binary` gives. Default 1. */
  posLabel?: number;
}

class F1 extends Metric {
  readonly name = "f1";
  readonly keys = ["f1"];
  readonly #average: (typeof AVERAGES)[number];
  readonly #posLabel: number;
  readonly #counts = new ClassCounts();

  constructor({ average = "binary", posLabel = 1 }: F1Options) {
    super();
    if (!AVERAGES.includes(average)) {
      const hint = nearest(average, AVERAGES);
      throw new ConfigError(
        `Unknown average ${average} for F1; ${hint ? `did you mean ${hint}? ` : ""}Known are ${AVERAGES.join(", ")}`,
      );
    }
    this.#average = average;
    this.#posLabel = posLabel;
  }

  update(predictions: ShapedArray, references: ShapedArray): void {
    this.#counts.update(predictions, references);
  }

  result(): Record<string, number> {
    const classes = this.#counts.classes;
    if (this.#average === "micro") return { f1: this.#counts.correct / this.#counts.rows }; // every miss counts twice
    if (this.#average === "binary") {
      this.#checkBinary(classes);
      return { f1: this.#ofClass(this.#posLabel) };
    }
    let sum = 0;
    let weights = 0;
    for (const label of classes) {
      const weight = this.#average === "macro" ? 1 : this.#counts.of(label).referenced;
      sum += this.#ofClass(label) * weight;
      weights += weight;
    }
    return { f1: sum / weights };
  }

  clear(): void {
    this.#counts.clear();
  }

  #ofClass(label: number): number {
    const { both, predicted, referenced } = this.#counts.of(label);
    return predicted + referenced === 0 ? 0 : (2 * both) / (predicted + referenced);
  }

  /** A third class, or two of which none is the positive one, would be counted as negatives without a word. */
  #checkBinary(classes: readonly number[]): void {
    if (classes.length > 2 || (classes.length === 2 && !classes.includes(this.#posLabel))) {
      throw new DataError(
        `F1 of class ${this.#posLabel} against one other, and the classes met are ${classes.join(", ")}; use f1({ average: "macro" }), "micro" or "weighted", or set posLabel`,
      );
    }
  }
}

/** `{ f1 }`, from 0 to 1: of class 1 against class 0 unless options say otherwise. Takes classes or logits. */
export function f1(options: F1Options = {}): Metric {
  return new F1(options);
}
