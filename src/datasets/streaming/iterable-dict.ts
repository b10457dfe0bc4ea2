// IterableDatasetDict<Row>: streamed datasets by the names of their splits.
import { inspect } from "node:util";
import { Splits } from "../splits.js";
import type { AnyRow } from "../types.js";
import type { IterableDataset } from "./iterable-dataset.js";

/** A streamed dataset's splits; iterating gives pairs of name and IterableDataset, as for a Map. */
export class IterableDatasetDict<Row extends object = AnyRow> extends Splits<IterableDataset<Row>> {
  /** Every split changed by the same verbs: `splits.each((split) => split.map(...).shuffle(...))`. */
  each<Changed extends object>(
    change: (dataset: IterableDataset<Row>, name: string) => IterableDataset<Changed>,
  ): IterableDatasetDict<Changed> {
    return new IterableDatasetDict(
      Object.fromEntries([...this].map(([name, dataset]) => [name, change(dataset, name)])),
    );
  }

  /** `IterableDatasetDict { train: IterableDataset { ... }, ... }` */
  override toString(): string {
    return inspect(this);
  }

  [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    return `IterableDatasetDict ${print(Object.fromEntries(this), { ...options, depth: null })}`;
  }
}
