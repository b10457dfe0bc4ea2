// Dataset<Row>: rows and columns to read, and the verbs that make other datasets of it. Each verb is a file in verbs/;
// the class documents them and gives them their types.
import { inspect } from "node:util";
import { ConfigError, DataError } from "../support/errors.js";
import { ColumnBuilder } from "./column-builder.js";
import { DatasetDict } from "./dataset-dict.js";
import type { Feature } from "./features.js";
import { columnOf, readColumn, readColumns, readRow, readRows, type Table, tableOf } from "./table.js";
import type {
  AnyRow,
  Awaitable,
  ColumnName,
  Columns,
  FeaturesOf,
  FieldsOf,
  MappedRow,
  OnlyColumns,
  RenamedRow,
  RowOf,
  WithoutColumns,
} from "./types.js";
import type { BatchContext, BatchFunction, NoInputs, RowContext, RowFunction } from "./verbs/call.js";
import { type FilterOptions, filter } from "./verbs/filter.js";
import { type MapOptions, map } from "./verbs/map.js";
import { removeColumns } from "./verbs/remove-columns.js";
import { renameColumns } from "./verbs/rename-columns.js";
import { rowAt, select } from "./verbs/select.js";
import { selectColumns } from "./verbs/select-columns.js";
import { type ShuffleOptions, shuffle } from "./verbs/shuffle.js";
import { type TrainTestSplitOptions, trainTestSplit } from "./verbs/train-test-split.js";

/** Features for columns whose types should not be inferred from their values. */
export interface CreateOptions<Row> {
  features?: { readonly [Name in keyof Row]?: Feature };
}

/**
 * A table of rows of one type. It never changes: every verb returns another Dataset, and those that choose or order rows
 * (select, shuffle, filter, trainTestSplit) share the columns of the one they came from.
 */
export class Dataset<Row extends object = AnyRow> {
  readonly #table: Table;

  /** Wraps a table; users come by datasets through loadDataset, Dataset.fromRows and Dataset.fromColumns. */
  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * A dataset of the rows given; a column that a row lacks is null there. Features that are not given are inferred:
   * whole numbers are int64, other numbers float64.
   *
   * @throws DataError where a column mixes types or a value does not fit its feature.
   */
  static fromRows<Row extends object>(rows: readonly Row[], options: CreateOptions<Row> = {}): Dataset<Row> {
    const names = new Set(rows.flatMap((row) => Object.keys(row)));
    const columns = [...names].map((name): [string, unknown[]] => [
      name,
      rows.map((row) => (row as Readonly<Record<string, unknown>>)[name]),
    ]);
    return new Dataset(tableFrom(columns, options.features));
  }

  /** A dataset of the columns given, which are of equal length. Features and errors are those of fromRows. */
  static fromColumns<Given extends { readonly [name: string]: ArrayLike<unknown> }>(
    columns: Given,
    options: CreateOptions<RowOf<Given>> = {},
  ): Dataset<RowOf<Given>> {
    return new Dataset(tableFrom(Object.entries(columns), options.features));
  }

  /** The number of rows. */
  get length(): number {
    return this.#table.length;
  }

  /** The names of the columns, in order. */
  get columnNames(): string[] {
    return [...this.#table.columns.keys()];
  }

  /** The type of each column. */
  get features(): FeaturesOf<Row> {
    return Object.fromEntries(
      [...this.#table.columns].map(([name, { feature }]) => [name, feature]),
    ) as FeaturesOf<Row>;
  }

  /** The row at `index`, from the end where it is negative. Throws DataError where there is none. */
  at(index: number): Row {
    return readRow(this.#table, rowAt(this.#table, index)) as Row;
  }

  /** Rows `start` to `end` - 1, with the meaning that both have for an array's slice. */
  slice(start?: number, end?: number): Row[] {
    return readRows(this.#table, ...this.#range(start, end)) as Row[];
  }

  /** Rows `start` to `end` - 1 as columns: an array of values for each name. */
  columns(start?: number, end?: number): Columns<Row> {
    return readColumns(this.#table, ...this.#range(start, end)) as Columns<Row>;
  }

  /** All values of a column, as an array. Throws DataError, listing the columns, where there is none of that name. */
  column<Name extends ColumnName<Row>>(name: Name): readonly Row[Name][] {
    return readColumn(this.#table, columnOf(this.#table, name), 0, this.length) as Row[Name][];
  }

  /** The rows, one after another. */
  *[Symbol.iterator](): IterableIterator<Row> {
    const batch = 1000; // rows read at once
    for (let start = 0; start < this.length; start += batch) yield* this.slice(start, start + batch);
  }

  /**
   * Calls a function with batches of rows, as columns, and adds the columns that it returns; those of a name that exists
   * replace it. What the function uses beside its rows is declared in `with`, and handed to it in its second argument.
   *
   * @throws DataError, naming rows and columns, where the function throws, returns something else than columns of values,
   * columns of unequal length or of changing type, or another number of rows than it was given beside columns that stay.
   */
  map<Returned extends object, Inputs extends object = NoInputs, Removed extends ColumnName<Row> = never>(
    fn: (rows: Columns<Row>, context: Inputs & BatchContext) => Awaitable<Returned>,
    options: MapOptions<Inputs, Removed> & { batched: true },
  ): Promise<Dataset<MappedRow<Row, RowOf<Returned>, Removed>>>;
  /** Calls a function with each row, and adds the fields that it returns as columns; otherwise as for batches. */
  map<Returned extends object, Inputs extends object = NoInputs, Removed extends ColumnName<Row> = never>(
    fn: (row: Row, context: Inputs & RowContext) => Awaitable<Returned>,
    options?: MapOptions<Inputs, Removed> & { batched?: false },
  ): Promise<Dataset<MappedRow<Row, FieldsOf<Returned>, Removed>>>;
  async map(fn: (input: never, context: never) => unknown, options?: MapOptions<object, string>): Promise<Dataset> {
    return new Dataset(await map(this.#table, fn as RowFunction | BatchFunction, options));
  }

  /** The rows for which a function returns true. Throws DataError, naming the row, where it throws or returns no boolean. */
  async filter<Inputs extends object = NoInputs>(
    fn: (row: Row, context: Inputs & RowContext) => Awaitable<boolean>,
    options?: FilterOptions<Inputs>,
  ): Promise<Dataset<Row>> {
    return new Dataset(await filter(this.#table, fn as unknown as RowFunction, options));
  }

  /** The rows at `indices`, in that order; negative ones count from the end. Throws DataError where there is no such row. */
  select(indices: Iterable<number>): Dataset<Row> {
    return new Dataset(select(this.#table, indices));
  }

  /** All rows in a random order: for a seed, the order of Python's `shuffle(seed=seed)`. */
  shuffle(options?: ShuffleOptions): Dataset<Row> {
    return new Dataset(shuffle(this.#table, options));
  }

  /**
   * Two datasets, `train` and `test`: for a seed, the rows of Python's `train_test_split(test_size, seed=seed)`.
   * @throws ConfigError where the sizes do not leave both at least one row.
   */
  trainTestSplit(options?: TrainTestSplitOptions): DatasetDict<Row> {
    const { train, test } = trainTestSplit(this.#table, options);
    return new DatasetDict({ train: new Dataset<Row>(train), test: new Dataset<Row>(test) });
  }

  /** Without the columns named. Throws DataError where there is no such column. */
  removeColumns<Removed extends ColumnName<Row>>(
    names: Removed | readonly Removed[],
  ): Dataset<WithoutColumns<Row, Removed>> {
    return new Dataset(removeColumns(this.#table, names));
  }

  /** With the columns named only, in that order. Throws DataError where there is no such column. */
  selectColumns<Kept extends ColumnName<Row>>(names: Kept | readonly Kept[]): Dataset<OnlyColumns<Row, Kept>> {
    return new Dataset(selectColumns(this.#table, names));
  }

  /** With one column under another name. Throws as renameColumns. */
  renameColumn<Old extends ColumnName<Row>, New extends string>(
    name: Old,
    newName: New,
  ): Dataset<RenamedRow<Row, Record<Old, New>>> {
    return new Dataset(renameColumns(this.#table, { [name]: newName }));
  }

  /**
   * With columns under other names, `{ label: "labels" }`.
   * @throws DataError where there is no such column, ConfigError where a new name would stand twice.
   */
  renameColumns<const Names extends { readonly [Name in ColumnName<Row>]?: string }>(
    names: Names,
  ): Dataset<RenamedRow<Row, Names>> {
    return new Dataset(renameColumns(this.#table, names as Readonly<Record<string, string>>));
  }

  #range(start = 0, end = this.length): [number, number] {
    const clamp = (index: number) => {
      const whole = Math.trunc(index) || 0; // NaN counts as 0, as for arrays
      return Math.min(Math.max(whole < 0 ? whole + this.length : whole, 0), this.length);
    };
    const from = clamp(start);
    return [from, Math.max(from, clamp(end))];
  }

  /** `Dataset { features: [ "sentence1", ... ], num_rows: 3668 }` */
  toString(): string {
    return inspect(this);
  }

  [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    return `Dataset ${print({ features: this.columnNames, num_rows: this.length }, { ...options, depth: null })}`;
  }
}

function tableFrom(
  given: readonly [string, ArrayLike<unknown>][],
  features: Readonly<Record<string, Feature | undefined>> = {},
): Table {
  const length = given[0]?.[1].length ?? 0;
  const columns = given.map(([name, values]) => {
    if (values.length !== length) {
      throw new DataError(
        `column "${name}" has ${values.length} values, column "${given[0][0]}" ${length}: columns need equal lengths`,
      );
    }
    const builder = new ColumnBuilder(name);
    builder.append(values, (i) => `row ${i}`);
    const feature = features[name];
    return [name, feature === undefined ? builder.build() : builder.buildAs(feature)] as const;
  });
  const unknown = Object.keys(features).find((name) => !given.some(([column]) => column === name));
  if (unknown !== undefined)
    throw new ConfigError(`features name the column "${unknown}", which the data does not have`);
  return tableOf(new Map(columns), length);
}
