// DatasetDict<Row>: datasets of one kind of row by the names of their splits, with the verbs of Dataset over all of them.
import { inspect } from "node:util";
import { DataError, nearest } from "../support/errors.js";
import type { Dataset } from "./dataset.js";
import type {
  AnyRow,
  Awaitable,
  ColumnName,
  Columns,
  FieldsOf,
  MappedRow,
  OnlyColumns,
  RenamedRow,
  RowOf,
  WithoutColumns,
} from "./types.js";
import type { BatchContext, NoInputs, RowContext } from "./verbs/call.js";
import type { FilterOptions } from "./verbs/filter.js";
import type { MapOptions } from "./verbs/map.js";
import type { ShuffleOptions } from "./verbs/shuffle.js";

/** A dataset's splits. Verbs return another DatasetDict; iterating gives pairs of name and Dataset, as for a Map. */
export class DatasetDict<Row extends object = AnyRow> {
  readonly #splits: ReadonlyMap<string, Dataset<Row>>;

  constructor(splits: Readonly<Record<string, Dataset<Row>>>) {
    this.#splits = new Map(Object.entries(splits));
  }

  /** The split `train`. Throws DataError, listing the splits, where there is none. */
  get train(): Dataset<Row> {
    return this.split("train");
  }

  /** The split `validation`. Throws DataError, listing the splits, where there is none. */
  get validation(): Dataset<Row> {
    return this.split("validation");
  }

  /** The split `test`. Throws DataError, listing the splits, where there is none. */
  get test(): Dataset<Row> {
    return this.split("test");
  }

  /** The split of that name, `validation_matched` say. Throws DataError, listing the splits, where there is none. */
  split(name: string): Dataset<Row> {
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

  /** The number of rows of each split. */
  get numRows(): Record<string, number> {
    return Object.fromEntries(this.#each((dataset) => dataset.length));
  }

  /** The column names of each split. */
  get columnNames(): Record<string, string[]> {
    return Object.fromEntries(this.#each((dataset) => dataset.columnNames));
  }

  [Symbol.iterator](): IterableIterator<[string, Dataset<Row>]> {
    return this.#splits.entries();
  }

  /** Dataset.map with batches, over every split; an error says in which split it arose. */
  map<Returned extends object, Inputs extends object = NoInputs, Removed extends ColumnName<Row> = never>(
    fn: (rows: Columns<Row>, context: Inputs & BatchContext) => Awaitable<Returned>,
    options: MapOptions<Inputs, Removed> & { batched: true },
  ): Promise<DatasetDict<MappedRow<Row, RowOf<Returned>, Removed>>>;
  /** Dataset.map with single rows, over every split; an error says in which split it arose. */
  map<Returned extends object, Inputs extends object = NoInputs, Removed extends ColumnName<Row> = never>(
    fn: (row: Row, context: Inputs & RowContext) => Awaitable<Returned>,
    options?: MapOptions<Inputs, Removed> & { batched?: false },
  ): Promise<DatasetDict<MappedRow<Row, FieldsOf<Returned>, Removed>>>;
  map(fn: (input: never, context: never) => object, options?: MapOptions<object, never>): Promise<DatasetDict> {
    type RowsFunction = (row: Row, context: object & RowContext) => object; // either form: `batched` tells them apart
    return this.#transform((dataset) =>
      dataset.map(fn as unknown as RowsFunction, options as MapOptions<object, never> & { batched?: false }),
    );
  }

  /** Dataset.filter over every split. */
  filter<Inputs extends object = NoInputs>(
    fn: (row: Row, context: Inputs & RowContext) => Awaitable<boolean>,
    options?: FilterOptions<Inputs>,
  ): Promise<DatasetDict<Row>> {
    return this.#transform((dataset) => dataset.filter(fn, options));
  }

  /** Dataset.shuffle over every split, with the same seed for each, as in Python. */
  shuffle(options?: ShuffleOptions): DatasetDict<Row> {
    return new DatasetDict(Object.fromEntries(this.#each((dataset) => dataset.shuffle(options))));
  }

  /** Dataset.removeColumns over every split. */
  removeColumns<Removed extends ColumnName<Row>>(
    names: Removed | readonly Removed[],
  ): DatasetDict<WithoutColumns<Row, Removed>> {
    return new DatasetDict(Object.fromEntries(this.#each((dataset) => dataset.removeColumns(names))));
  }

  /** Dataset.selectColumns over every split. */
  selectColumns<Kept extends ColumnName<Row>>(names: Kept | readonly Kept[]): DatasetDict<OnlyColumns<Row, Kept>> {
    return new DatasetDict(Object.fromEntries(this.#each((dataset) => dataset.selectColumns(names))));
  }

  /** Dataset.renameColumn over every split. */
  renameColumn<Old extends ColumnName<Row>, New extends string>(
    name: Old,
    newName: New,
  ): DatasetDict<RenamedRow<Row, Record<Old, New>>> {
    return new DatasetDict(Object.fromEntries(this.#each((dataset) => dataset.renameColumn(name, newName))));
  }

  /** Dataset.renameColumns over every split. */
  renameColumns<const Names extends { readonly [Name in ColumnName<Row>]?: string }>(
    names: Names,
  ): DatasetDict<RenamedRow<Row, Names>> {
    return new DatasetDict(Object.fromEntries(this.#each((dataset) => dataset.renameColumns(names))));
  }

  #each<T>(change: (dataset: Dataset<Row>) => T): [string, T][] {
    return [...this.#splits].map(([name, dataset]) => [name, change(dataset)]);
  }

  async #transform<Changed extends object>(
    change: (dataset: Dataset<Row>) => Promise<Dataset<Changed>>,
  ): Promise<DatasetDict<Changed>> {
    const changed: Record<string, Dataset<Changed>> = {};
    for (const [name, dataset] of this.#splits) {
      try {
        changed[name] = await change(dataset);
      } catch (error) {
        if (error instanceof DataError)
          throw new DataError(`split "${name}": ${error.message}`, { cause: error.cause });
        throw error;
      }
    }
    return new DatasetDict(changed);
  }

  /** `DatasetDict { train: Dataset { ... }, ... }` */
  toString(): string {
    return inspect(this);
  }

  [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    return `DatasetDict ${print(Object.fromEntries(this.#splits), { ...options, depth: null })}`;
  }
}
