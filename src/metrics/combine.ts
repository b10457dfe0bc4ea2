// Several metrics as one, over the same predictions.
import { ConfigError } from "../support/errors.js";
import { Metric } from "./metric.js";
import type { ShapedArray } from "./numbers.js";

/** A metric made of others; `result` holds the keys of all of them. */
export class CombinedMetric extends Metric {
  readonly name: string;
  readonly keys: readonly string[];
  readonly #parts: readonly Metric[];

  constructor(name: string, parts: readonly Metric[]) {
    super();
    this.name = name;
    this.#parts = parts;
    this.keys = parts.flatMap((part) => part.keys);
    const twice = this.keys.find((key, i) => this.keys.indexOf(key) !== i);
    if (twice !== undefined) throw new ConfigError(`Metric ${name} is made of two that both give ${twice}`);
  }

  update(predictions: ShapedArray, references: ShapedArray): void {
    for (const part of this.#parts) part.update(predictions, references);
  }

  result(): Record<string, number> {
    return Object.assign({}, ...this.#parts.map((part) => part.result()));
  }

  clear(): void {
    for (const part of this.#parts) part.clear();
  }
}

/** One metric of several, as in `combine([accuracy(), f1()])`. @throws ConfigError where two give the same key */
export function combine(metrics: readonly Metric[]): Metric {
  return new CombinedMetric(metrics.map((metric) => metric.name).join("+"), metrics);
}
