// Dataset<Row>: rows and columns to read, and the verbs that make other datasets of it. Each verb is a file in verbs/;
// the class documents them and gives them their types.
import { inspect } from "node:util";
import type { Published } from "../hub/index.js";
import { ConfigError, DataError } from "../support/errors.js";
import { ColumnBuilder } from "./column-builder.js";
import { DatasetDict } from "./dataset-dict.js";
import type { Feature, StructFeature } from "./features.js";
import { type Format, type FormatOptions, type FormatType, formatOf, readFormatted, type Transform } from "./format.js";
import { type Rows, tableOfGenerated } from "./generated.js";
import { type DatasetPushOptions, pushSplits } from "./publish/push.js";
import { type SaveOptions, saveDataset } from "./saved-folder.js";
import { IterableDataset } from "./streaming/iterable-dataset.js";
import { TableStream } from "./streaming/table-stream.js";
import { columnOf, readColumn, readRow, rowsOf, type Table, tableOf } from "./table.js";
import type {
  AnyRow,
  Awaitable,
  BatchedRow,
  CastRow,
  ColumnName,
  Columns,
  FeaturesOf,
  FieldsOf,
  InputRow,
  MappedRow,
  OnlyColumns,
  RenamedRow,
  RowOf,
  TensorRow,
  TypedRow,
  ValueOf,
  WithoutColumns,
} from "./types.js";
import { type AddColumnOptions, addColumn } from "./verbs/add-column.js";
import { addItem } from "./verbs/add-item.js";
import { alignLabelsWithMapping } from "./verbs/align-labels.js";
import { type BatchOptions, batch } from "./verbs/batch.js";
import type { BatchContext, BatchFunction, NoInputs, RowContext, RowFunction } from "./verbs/call.js";
import { cast, castColumn } from "./verbs/cast.js";
import { type ClassEncodeOptions, classEncodeColumn } from "./verbs/class-encode-column.js";
import { expectCount } from "./verbs/count.js";
import { type FilterOptions, filter } from "./verbs/filter.js";
import { type FlattenOptions, flatten } from "./verbs/flatten.js";
import { type MapOptions, map } from "./verbs/map.js";
import type { FunctionModule } from "./verbs/mapping/function-module.js";
import { removeColumns } from "./verbs/remove-columns.js";
import { renameColumns } from "./verbs/rename-columns.js";
import { repeat } from "./verbs/repeat.js";
import { rowAt, select } from "./verbs/select.js";
import { selectColumns } from "./verbs/select-columns.js";
import { type ShardOptions, shard, shardOf } from "./verbs/shard.js";
import { type ShuffleOptions, shuffle } from "./verbs/shuffle.js";
import { skip } from "./verbs/skip.js";
import { type SortOptions, sort } from "./verbs/sort.js";
import { take } from "./verbs/take.js";
import { type ToCsvOptions, toCsv } from "./verbs/to-csv.js";
import { type ToJsonOptions, toJson } from "./verbs/to-json.js";
import { type ToParquetOptions, toParquet } from "./verbs/to-parquet.js";
import { type ArrowTable, toTable } from "./verbs/to-table.js";
import { type TrainTestSplitOptions, trainTestSplit } from "./verbs/train-test-split.js";
import { unique } from "./verbs/unique.js";

/** Features for columns whose types should not be inferred from their values. */
export interface CreateOptions<Row> {
  features?: { readonly [Name in keyof Row]?: Feature };
}

/**
 * A table of rows of one type. Its rows never change: every verb returns another Dataset, and those that choose or order
 * rows (select, shuffle, sort, filter, trainTestSplit, ...) share the columns of the one they came from. What they return
 * has the format of the one they came from. (`out`: a dataset of some rows is one of less known rows, as an array is.)
 */
// biome-ignore lint/suspicious/noTsIgnore: whether the compiler sees that FeaturesOf is covariant depends on the order in which it reads the files
// @ts-ignore TS2636
export class Dataset<out Row extends object = AnyRow> {
  readonly #table: Table;
  #format: Format | undefined;

  /** Wraps a table; users come by datasets through loadDataset, Dataset.fromRows and Dataset.fromColumns. */
  constructor(table: Table, format?: Format) {
    this.#table = table;
    this.#format = format;
  }

  /** The table that `dataset` wraps: for functions over several datasets. */
  static tableOf(this: void, dataset: object): Table {
    if (#table in dataset) return dataset.#table as Table;
    throw new ConfigError("a Dataset is needed");
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

  /**
   * A dataset of the rows that a generator function gives, stored as they come: there may be more than memory holds.
   * Features are those of fromRows.
   *
   * @throws DataError where a column mixes types or a value does not fit its feature; what the function throws.
   */
  static async fromGenerator<Row extends object>(
    generate: () => Rows<Row>,
    options: CreateOptions<Row> = {},
  ): Promise<Dataset<Row>> {
    return new Dataset(await tableOfGenerated(generate, options.features));
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
    const row = rowAt(this.#table, index);
    if (this.#format === undefined) return readRow(this.#table, row) as Row;
    return rowsOf(readFormatted(this.#table, this.#format, row, row + 1), 1)[0] as Row;
  }

  /** Rows `start` to `end` - 1, with the meaning that both have for an array's slice. */
  slice(start?: number, end?: number): Row[] {
    const [from, to] = this.#range(start, end);
    return rowsOf(readFormatted(this.#table, this.#format, from, to), to - from) as Row[];
  }

  /** Rows `start` to `end` - 1 as columns: an array of values for each name. */
  columns(start?: number, end?: number): Columns<Row> {
    return readFormatted(this.#table, this.#format, ...this.#range(start, end)) as Columns<Row>;
  }

  /** All values of a column, as an array. Throws DataError, listing the columns, where there is none of that name. */
  column<Name extends ColumnName<Row>>(name: Name): readonly Row[Name][] {
    if (this.#format === undefined) {
      return readColumn(this.#table, columnOf(this.#table, name), 0, this.length) as Row[Name][];
    }
    const columns = readFormatted(this.#table, this.#format, 0, this.length);
    if (Object.hasOwn(columns, name)) return columns[name] as Row[Name][];
    throw new DataError(`the dataset's format gives no column "${name}": it gives ${Object.keys(columns).join(", ")}`);
  }

  /** Batches of rows, as columns, one after another. Throws ConfigError on a wrong size. */
  *iter({ batchSize, dropLastBatch = false }: BatchOptions): Generator<Columns<Row>, void, void> {
    expectCount("iter", "batchSize, a number of rows,", batchSize, 1);
    const end = dropLastBatch ? this.length - (this.length % batchSize) : this.length;
    for (let start = 0; start < end; start += batchSize) yield this.columns(start, Math.min(start + batchSize, end));
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
   * Of a dataset that was loaded, the result is cached and reused while the function's source, its declared inputs and the
   * rows are the same; a function that uses anything else runs each time, and the log says what it uses.
   *
   * @throws DataError, naming rows and columns, where the function throws, returns something else than columns of values,
   * columns of unequal length or of changing type, or another number of rows than it was given beside columns that stay.
   */
  map<
    Returned extends object,
    Inputs extends object = NoInputs,
    Removed extends ColumnName<Row> = never,
    Input extends ColumnName<Row> = ColumnName<Row>,
  >(
    fn: (rows: Columns<InputRow<Row, Input>>, context: Inputs & BatchContext) => Awaitable<Returned>,
    options: MapOptions<Inputs, Removed, Input> & { batched: true },
  ): Promise<Dataset<MappedRow<Row, RowOf<Returned>, Removed>>>;
  /** Calls a function with each row, and adds the fields that it returns as columns; otherwise as for batches. */
  map<
    Returned extends object,
    Inputs extends object = NoInputs,
    Removed extends ColumnName<Row> = never,
    Input extends ColumnName<Row> = ColumnName<Row>,
  >(
    fn: (row: InputRow<Row, Input>, context: Inputs & RowContext) => Awaitable<Returned>,
    options?: MapOptions<Inputs, Removed, Input> & { batched?: false },
  ): Promise<Dataset<MappedRow<Row, FieldsOf<Returned>, Removed>>>;
  /**
   * Calls a function that a module exports, on worker threads with `numProc`, which get paths of files and ranges of rows.
   * `Returned` says which fields it adds to a row.
   */
  map<Returned extends object = AnyRow, Removed extends ColumnName<Row> = never>(
    fn: FunctionModule,
    options?: MapOptions<object, Removed>,
  ): Promise<Dataset<MappedRow<Row, Returned, Removed>>>;
  async map(
    fn: ((input: never, context: never) => unknown) | FunctionModule,
    options?: MapOptions<object, string>,
  ): Promise<unknown> {
    return this.#derive(await map(this.#table, fn as RowFunction | BatchFunction | FunctionModule, options));
  }

  /** The rows for which a function returns true. Throws DataError, naming the row, where it throws or returns no boolean. */
  async filter<Inputs extends object = NoInputs, Input extends ColumnName<Row> = ColumnName<Row>>(
    fn: (row: InputRow<Row, Input>, context: Inputs & RowContext) => Awaitable<boolean>,
    options?: FilterOptions<Inputs, Input>,
  ): Promise<Dataset<Row>> {
    return this.#derive(await filter(this.#table, fn as unknown as RowFunction, options));
  }

  /** The rows at `indices`, in that order; negative ones count from the end. Throws DataError where there is no such row. */
  select(indices: Iterable<number>): Dataset<Row> {
    return this.#derive(select(this.#table, indices));
  }

  /** All rows in a random order: for a seed, the order of Python's `shuffle(seed=seed)`. */
  shuffle(options?: ShuffleOptions): Dataset<Row> {
    return this.#derive(shuffle(this.#table, options));
  }

  /**
   * Two datasets, `train` and `test`: for a seed, the rows of Python's `train_test_split(test_size, seed=seed)`.
   * @throws ConfigError where the sizes do not leave both at least one row.
   */
  trainTestSplit(options?: TrainTestSplitOptions): DatasetDict<Row> {
    const { train, test } = trainTestSplit(this.#table, options);
    return new DatasetDict({ train: this.#derive<Row>(train), test: this.#derive<Row>(test) });
  }

  /** Without the columns named. Throws DataError where there is no such column. */
  removeColumns<Removed extends ColumnName<Row>>(
    names: Removed | readonly Removed[],
  ): Dataset<WithoutColumns<Row, Removed>> {
    return this.#derive(removeColumns(this.#table, names));
  }

  /** With the columns named only, in that order. Throws DataError where there is no such column. */
  selectColumns<Kept extends ColumnName<Row>>(names: Kept | readonly Kept[]): Dataset<OnlyColumns<Row, Kept>> {
    return this.#derive(selectColumns(this.#table, names));
  }

  /** With one column under another name. Throws as renameColumns. */
  renameColumn<Old extends ColumnName<Row>, New extends string>(
    name: Old,
    newName: New,
  ): Dataset<RenamedRow<Row, Record<Old, New>>> {
    return this.#rename({ [name]: newName });
  }

  /**
   * With columns under other names, `{ label: "labels" }`.
   * @throws DataError where there is no such column, ConfigError where a new name would stand twice.
   */
  renameColumns<const Names extends { readonly [Name in ColumnName<Row>]?: string }>(
    names: Names,
  ): Dataset<RenamedRow<Row, Names>> {
    return this.#rename(names as Readonly<Record<string, string>>);
  }

  /** All rows in the order of a column's values, or of several columns'. Throws DataError where one holds no single values. */
  sort(columns: ColumnName<Row> | readonly ColumnName<Row>[], options?: SortOptions): Dataset<Row> {
    return this.#derive(sort(this.#table, columns, options));
  }

  /** The first `count` rows, or all where there are fewer. */
  take(count: number): Dataset<Row> {
    return this.#derive(take(this.#table, count));
  }

  /** The rows behind the first `count`. */
  skip(count: number): Dataset<Row> {
    return this.#derive(skip(this.#table, count));
  }

  /** One of `numShards` parts, as Python divides a dataset. Throws ConfigError where there is no such part. */
  shard(options: ShardOptions): Dataset<Row> {
    return this.#derive(shard(this.#table, options));
  }

  /** All rows `times` times over. */
  repeat(times: number): Dataset<Row> {
    return this.#derive(repeat(this.#table, times));
  }

  /** A row for each `batchSize` rows, whose columns are lists. */
  batch(options: BatchOptions): Dataset<BatchedRow<Row>> {
    return this.#derive(batch(this.#table, options));
  }

  /**
   * The rows with one more behind them.
   * @throws DataError where a value of it does not fit the feature of its column.
   */
  addItem(item: Row): Dataset<Row> {
    return this.#derive(addItem(this.#table, item));
  }

  /** The different values of a column, in the order in which they first come. Throws DataError where there is no such column. */
  unique<Name extends ColumnName<Row>>(name: Name): Row[Name][] {
    return unique(this.#table, name) as Row[Name][];
  }

  /**
   * With one column more, of the values given.
   * @throws ConfigError where the name is taken; DataError where there is not a value for each row, or not of one type.
   */
  addColumn<Name extends string, T>(
    name: Name,
    values: ArrayLike<T>,
    options?: AddColumnOptions,
  ): Dataset<MappedRow<Row, Record<Name, T>, never>> {
    return this.#derive(addColumn(this.#table, name, values, options));
  }

  /**
   * With other types for all columns.
   * @throws DataError, naming column and row, where a value cannot become what is asked for; ConfigError where the features
   * do not name every column.
   */
  cast<const Features extends StructFeature>(features: Features): Dataset<CastRow<Features>> {
    return this.#derive(cast(this.#table, features));
  }

  /** With another type for one column. Throws DataError as cast does. */
  castColumn<Name extends ColumnName<Row>, const To extends Feature>(
    name: Name,
    feature: To,
  ): Dataset<MappedRow<Row, Record<Name, ValueOf<To>>, never>> {
    return this.#derive(castColumn(this.#table, name, feature));
  }

  /**
   * With a column of strings, whole numbers or booleans as classes, named after its values in the order of strings.
   * @throws DataError where the column holds something else.
   */
  classEncodeColumn<Name extends ColumnName<Row>>(
    name: Name,
    options?: ClassEncodeOptions,
  ): Dataset<MappedRow<Row, Record<Name, number>, never>> {
    return this.#derive(classEncodeColumn([this.#table], name, options)[0]);
  }

  /**
   * With labels renumbered as a model's `label2id` numbers their names, which are compared in lower case.
   * @throws DataError where the column holds no labels, or one whose name the mapping lacks.
   */
  alignLabelsWithMapping(label2id: Readonly<Record<string, number>>, name: ColumnName<Row>): Dataset<Row> {
    return this.#derive(alignLabelsWithMapping(this.#table, label2id, name));
  }

  /** With the fields of structs as columns of their own, `answers.text`. */
  flatten(options?: FlattenOptions): Dataset {
    return this.#derive(flatten(this.#table, options));
  }

  /**
   * The same rows, read in another form: `"typed"` gives lists of numbers as typed arrays, `"tensor"` numbers and lists of
   * numbers as tensors, null plain values. Verbs see the plain values.
   * @throws DataError where a column does not exist.
   */
  withFormat(form: null): Dataset<Row>;
  withFormat(form: "typed", options?: FormatOptions<ColumnName<Row>>): Dataset<TypedRow<Row>>;
  withFormat(form: "tensor", options?: FormatOptions<ColumnName<Row>>): Dataset<TensorRow<Row>>;
  withFormat(form: FormatType | null, options: FormatOptions = {}): unknown {
    return new Dataset(this.#table, form === null ? undefined : formatOf(this.#table, form, options));
  }

  /** As withFormat, but for this very dataset, as Python's set_format: the compiler does not know of it. */
  setFormat(form: FormatType | null, options: FormatOptions<ColumnName<Row>> = {}): void {
    this.#format = form === null ? undefined : formatOf(this.#table, form, options);
  }

  /** Reads plain values again, after setFormat or setTransform. */
  resetFormat(): void {
    this.#format = undefined;
  }

  /**
   * The same rows, read through a function over batches of rows, as columns: it runs each time that rows are read, which
   * suits what changes from one reading to the next. What it returns, and nothing else, is what reading gives.
   * @throws DataError where a column does not exist, or when reading, where it returns another number of rows.
   */
  withTransform<Returned extends { readonly [name: string]: ArrayLike<unknown> }>(
    transform: (batch: Columns<Row>) => Returned,
    options: FormatOptions<ColumnName<Row>> = {},
  ): Dataset<RowOf<Returned>> {
    return new Dataset(this.#table, formatOf(this.#table, transform as unknown as Transform, options));
  }

  /** As withTransform, but for this very dataset, as Python's set_transform: the compiler does not know of it. */
  setTransform(
    transform: (batch: Columns<Row>) => Readonly<Record<string, ArrayLike<unknown>>>,
    options: FormatOptions<ColumnName<Row>> = {},
  ): void {
    this.#format = formatOf(this.#table, transform as unknown as Transform, options);
  }

  /**
   * The same rows as a streamed dataset, whose verbs work as rows are read. `numShards` parts can be told apart by its
   * `shard`. Throws ConfigError where that is no number of parts.
   */
  toIterableDataset({ numShards = 1 }: { numShards?: number } = {}): IterableDataset<Row> {
    expectCount("toIterableDataset", "numShards, a number of parts,", numShards, 1);
    const runs = Array.from({ length: numShards }, (_, index) => {
      const rows = shardOf(this.length, numShards, index);
      return [rows[0] ?? 0, (rows[0] ?? 0) + rows.length] as const;
    });
    return new IterableDataset(new TableStream(this.#table, runs), this.features as unknown as StructFeature);
  }

  #rename<Changed extends object>(names: Readonly<Record<string, string>>): Dataset<Changed> {
    const columns = this.#format?.columns?.map((name) => names[name] ?? name);
    return new Dataset(renameColumns(this.#table, names), this.#format && { ...this.#format, columns });
  }

  #derive<Changed extends object>(table: Table): Dataset<Changed> {
    return new Dataset(table, this.#format);
  }

  #range(start = 0, end = this.length): [number, number] {
    const clamp = (index: number) => {
      const whole = Math.trunc(index) || 0; // NaN counts as 0, as for arrays
      return Math.min(Math.max(whole < 0 ? whole + this.length : whole, 0), this.length);
    };
    const from = clamp(start);
    return [from, Math.max(from, clamp(end))];
  }

  /**
   * The rows as an Arrow table in memory: the door to other libraries of the language. `tableToIPC` of @uwdata/flechette
   * makes bytes of it that any Arrow library reads.
   */
  toTable(): ArrowTable {
    return toTable(this.#table);
  }

  /**
   * Writes the rows into a folder as Python's `save_to_disk` does: Arrow files that load_from_disk there, and loadDataset
   * and loadFromDisk here, open at once. The folder appears when all of it is on the disk; a saved dataset that stood there
   * is replaced.
   *
   * @throws ConfigError on wrong options, or where the folder holds something else; AttuneError where the disk is full
   */
  saveToDisk(folder: string, options?: SaveOptions): Promise<void> {
    return saveDataset(folder, this.#table, options);
  }

  /**
   * Writes the rows to a Parquet file, from which Python's datasets and the Hub read the features too. The file appears when
   * all of it is on the disk.
   *
   * @throws ConfigError on wrong options; AttuneError where the disk is full
   */
  toParquet(path: string, options?: ToParquetOptions): Promise<void> {
    return toParquet(this.#table, path, options);
  }

  /**
   * Publishes the rows on the Hub as one split of a dataset, `owner/name`, or `name` of the account that is logged in:
   * Parquet files, and a card with features and sizes, in one commit. Other splits and configurations that it has stay, and
   * so does what stands in its card.
   *
   * @param options.split The split's name. Default "train".
   * @throws ConfigError for names that cannot be, or features that other splits of the configuration do not have; HubError,
   *   naming a folder that holds the files, where the Hub does not take them
   */
  pushToHub(repoId: string, options: DatasetPushOptions & { readonly split?: string } = {}): Promise<Published> {
    const { split = "train", ...others } = options;
    return pushSplits(new Map([[split, this.#table]]), repoId, others);
  }

  /**
   * Writes the rows as a CSV file: dates as ISO 8601, bytes as base64, lists and structs as JSON; packed where the name ends
   * in .gz.
   * @throws ConfigError on wrong options; AttuneError where it cannot be written, of which nothing is left
   */
  toCsv(path: string, options?: ToCsvOptions): Promise<void> {
    return toCsv(this.#table, path, options);
  }

  /**
   * Writes the rows as JSON Lines, or with `{ lines: false }` as one array; packed where the name ends in .gz.
   * @throws as toCsv
   */
  toJson(path: string, options?: ToJsonOptions): Promise<void> {
    return toJson(this.#table, path, options);
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
    const builder = new ColumnBuilder(name, { wished: features[name], strict: true });
    builder.append(values, (i) => `row ${i}`);
    return [name, builder.build()] as const;
  });
  const unknown = Object.keys(features).find((name) => !given.some(([column]) => column === name));
  if (unknown !== undefined)
    throw new ConfigError(`features name the column "${unknown}", which the data does not have`);
  return tableOf(new Map(columns), length);
}
