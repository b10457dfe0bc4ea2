// IterableDatasetDict<Row>: streamed datasets by the names of their splits.
import { inspect } from "node:util";
import type { Published } from "../../hub/index.js";
import { type DatasetPushOptions, pushSplits } from "../publish/push.js";
import { Splits } from "../splits.js";
import type { Table } from "../table.js";
import type { AnyRow } from "../types.js";
import { type IterableDataset, storedRows } from "./iterable-dataset.js";

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

  /** Publishes all splits on the Hub, in one commit, once all rows have been read. See IterableDataset.pushToHub. */
  async pushToHub(repoId: string, options?: DatasetPushOptions): Promise<Published> {
    const tables = new Map<string, Table>();
    for (const [name, dataset] of this) tables.set(name, await storedRows(dataset));
    return pushSplits(tables, repoId, options);
  }

  /** `IterableDatasetDict { train: IterableDataset { ... }, ... }` */
  override toString(): string {
    return inspect(this);
  }

  [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    return `IterableDatasetDict ${print(Object.fromEntries(this), { ...options, depth: null })}`;
  }
}
