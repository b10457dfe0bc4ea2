// Pearson's correlation coefficient, cov(x, y) / sqrt(var(x) var(y)), from moments that are updated row by row (Welford
// 1962), which loses nothing to cancellation where a mean is large beside its spread.
import { DataError } from "../support/errors.js";
import { warn } from "../support/log.js";
import { Metric } from "./metric.js";
import { type ShapedArray, valuesOf } from "./numbers.js";

/** Means and central second moments of pairs. */
export class Comoments {
  rows = 0;
  #meanX = 0;
  #meanY = 0;
  #xx = 0;
  #yy = 0;
  #xy = 0;

  add(x: number, y: number): void {
    this.rows++;
    const dx = x - this.#meanX;
    const dy = y - this.#meanY;
    this.#meanX += dx / this.rows;
    this.#meanY += dy / this.rows;
    this.#xx += dx * (x - this.#meanX);
    this.#yy += dy * (y - this.#meanY);
    this.#xy += dx * (y - this.#meanY);
  }

  /**
   * The correlation, within [-1, 1]; NaN, with a warning, where one side is constant (as scipy has it).
   *
   * @throws DataError for fewer than two rows
   */
  correlation(name: string): number {
    if (this.rows < 2) throw new DataError(`Metric ${name} needs two rows or more, and has ${this.rows}`);
    if (this.#xx === 0 || this.#yy === 0) {
      warn(`Metric ${name} is not defined: all ${this.#xx === 0 ? "predictions" : "references"} are equal; giving NaN`);
      return Number.NaN;
    }
    return Math.max(-1, Math.min(1, this.#xy / (Math.sqrt(this.#xx) * Math.sqrt(this.#yy))));
  }
}

class Pearsonr extends Metric {
  readonly name = "pearsonr";
  readonly keys: readonly string[];
  readonly #key: string;
  #moments = new Comoments();

  constructor(key: string) {
    super();
    this.#key = key;
    this.keys = [key];
  }

  update(predictions: ShapedArray, references: ShapedArray): void {
    const x = valuesOf(predictions, "predictions");
    const y = valuesOf(references, "references");
    for (let i = 0; i < x.length; i++) this.#moments.add(x[i], y[i]);
  }

  result(): Record<string, number> {
    return { [this.#key]: this.#moments.correlation(this.name) };
  }

  clear(): void {
    this.#moments = new Comoments();
  }
}

/** `{ pearsonr }`, from -1 to 1; takes values. `key` names the result otherwise: GLUE calls it `pearson`. */
export function pearsonr({ key = "pearsonr" }: { key?: string } = {}): Metric {
  return new Pearsonr(key);
}
