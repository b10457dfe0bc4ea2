// IterableDatasetDict<Row>: streamed datasets by the names of their splits.
import { inspect } from "node:util";
import { DataError, nearest } from "../../support/errors.js";
import type { AnyRow } from "../types.js";
import type { IterableDataset } from "./iterable-dataset.js";

/** A streamed dataset's splits; iterating gives pairs of name and IterableDataset, as for a Map. */
export class IterableDatasetDict<Row extends object = AnyRow> {
  readonly #splits: ReadonlyMap<string, IterableDataset<Row>>;

  constructor(splits: Readonly<Record<string, IterableDataset<Row>>>) {
    this.#splits = new Map(Object.entries(splits));
  }

  /** The split `train`. Throws DataError, listing the splits, where there is none. */
  get train(): IterableDataset<Row> {
    return this.split("train");
  }

  /** The split `validation`. Throws DataError, listing the splits, where there is none. */
  get validation(): IterableDataset<Row> {
    return this.split("validation");
  }

  /** The split `test`. Throws DataError, listing the splits, where there is none. */
  get test(): IterableDataset<Row> {
    return this.split("test");
  }

  /** The split of that name. Throws DataError, listing the splits, where there is none. */
  split(name: string): IterableDataset<Row> {
    const dataset = this.#splits.get(name);
    if (dataset !== undefined) return dataset;
    const near = nearest(name, this.splitNames);
    const splits = this.splitNames.map((each) => `"${each}"`).join(", ");
    throw new DataError(
      `the dataset has no split "${name}": its splits are ${splits}${near === undefined ? "" : `; did you mean "${near}"?`}`,
    );
  }

  /** True where there is a split of that name. */
  has(name: string): boolean {
    return this.#splits.has(name);
  }

  /** The names of the splits, in order. */
  get splitNames(): string[] {
    return [...this.#splits.keys()];
  }

  /** Every split changed by the same verbs: `splits.each((split) => split.map(...).shuffle(...))`. */
  each<Changed extends object>(
    change: (dataset: IterableDataset<Row>, name: string) => IterableDataset<Changed>,
  ): IterableDatasetDict<Changed> {
    return new IterableDatasetDict(
      Object.fromEntries([...this.#splits].map(([name, dataset]) => [name, change(dataset, name)])),
    );
  }

  [Symbol.iterator](): IterableIterator<[string, IterableDataset<Row>]> {
    return this.#splits.entries();
  }

  /** `IterableDatasetDict { train: IterableDataset { ... }, ... }` */
  toString(): string {
    return inspect(this);
  }

  [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    return `IterableDatasetDict ${print(Object.fromEntries(this.#splits), { ...options, depth: null })}`;
  }
}
