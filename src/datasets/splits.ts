// Datasets by the names of their splits: what DatasetDict and IterableDatasetDict have in common.
import { DataError, nearest } from "../support/errors.js";

/** Datasets by name, in an order; iterating gives pairs of name and dataset, as for a Map. */
export class Splits<out Each> {
  readonly #splits: ReadonlyMap<string, Each>;

  constructor(splits: Readonly<Record<string, Each>>) {
    this.#splits = new Map(Object.entries(splits));
  }

  /** The split `train`. Throws DataError, listing the splits, where there is none. */
  get train(): Each {
    return this.split("train");
  }

  /** The split `validation`. Throws DataError, listing the splits, where there is none. */
  get validation(): Each {
    return this.split("validation");
  }

  /** The split `test`. Throws DataError, listing the splits, where there is none. */
  get test(): Each {
    return this.split("test");
  }

  /** The split of that name, `validation_matched` say. Throws DataError, listing the splits, where there is none. */
  split(name: string): Each {
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

  [Symbol.iterator](): IterableIterator<[string, Each]> {
    return this.#splits.entries();
  }
}
