// The mean squared and the mean absolute error (scikit-learn's mean_squared_error and mean_absolute_error): over all
// values, also where a row has several. Differences are summed as they come, in float64.
import { ShapeError } from "../support/errors.js";
import { Metric } from "./metric.js";
import { finiteValues, type ShapedArray } from "./numbers.js";

class MeanError extends Metric {
  readonly name: string;
  readonly keys: readonly string[];
  readonly #of: (difference: number) => number;
  readonly #finish: (mean: number) => number;
  #sum = 0;
  #values = 0;

  constructor(name: string, of: (difference: number) => number, finish: (mean: number) => number = (mean) => mean) {
    super();
    this.name = name;
    this.keys = [name];
    this.#of = of;
    this.#finish = finish;
  }

  update(predictions: ShapedArray, references: ShapedArray): void {
    const x = finiteValues(predictions, "predictions");
    const y = finiteValues(references, "references");
    if (x.length !== y.length) {
      throw new ShapeError(
        `Metric ${this.name}: predictions [${predictions.shape.join(", ")}] and references [${references.shape.join(", ")}]`,
      );
    }
    for (let i = 0; i < x.length; i++) this.#sum += this.#of(x[i] - y[i]);
    this.#values += x.length;
  }

  result(): Record<string, number> {
    return { [this.name]: this.#finish(this.#sum / this.#values) };
  }

  clear(): void {
    this.#sum = 0;
    this.#values = 0;
  }
}

/** `{ mse }`, or with `squared: false` its root, `{ rmse }`. Takes values, [rows] or [rows, n]. */
export function mse({ squared = true }: { squared?: boolean } = {}): Metric {
  return squared ? new MeanError("mse", (d) => d * d) : new MeanError("rmse", (d) => d * d, Math.sqrt);
}

/** `{ mae }`. Takes values, [rows] or [rows, n]. */
export function mae(): Metric {
  return new MeanError("mae", Math.abs);
}
