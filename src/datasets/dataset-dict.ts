// DatasetDict<Row>: datasets of one kind of row by the names of their splits, with the verbs of Dataset over all of them.
import { inspect } from "node:util";
import type { Published } from "../hub/index.js";
import { DataError } from "../support/errors.js";
import { Dataset } from "./dataset.js";
import type { Feature, StructFeature } from "./features.js";
import type { FormatOptions, FormatType } from "./format.js";
import { type DatasetPushOptions, pushSplits } from "./publish/push.js";
import { type SaveOptions, saveDatasetDict } from "./saved-folder.js";
import { Splits } from "./splits.js";
import type {
  AnyRow,
  Awaitable,
  CastRow,
  ColumnName,
  Columns,
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
import type { BatchContext, NoInputs, RowContext } from "./verbs/call.js";
import { type ClassEncodeOptions, classEncodeColumn } from "./verbs/class-encode-column.js";
import type { FilterOptions } from "./verbs/filter.js";
import type { FlattenOptions } from "./verbs/flatten.js";
import type { MapOptions } from "./verbs/map.js";
import type { FunctionModule } from "./verbs/mapping/function-module.js";
import type { ShuffleOptions } from "./verbs/shuffle.js";
import type { SortOptions } from "./verbs/sort.js";

/** A dataset's splits. Verbs return another DatasetDict; iterating gives pairs of name and Dataset, as for a Map. */
export class DatasetDict<out Row extends object = AnyRow> extends Splits<Dataset<Row>> {
  /** The number of rows of each split. */
  get numRows(): Record<string, number> {
    return Object.fromEntries(this.#each((dataset) => dataset.length));
  }

  /** The column names of each split. */
  get columnNames(): Record<string, string[]> {
    return Object.fromEntries(this.#each((dataset) => dataset.columnNames));
  }

  /** Dataset.map with batches, over every split; an error says in which split it arose. */
  map<
    Returned extends object,
    Inputs extends object = NoInputs,
    Removed extends ColumnName<Row> = never,
    Input extends ColumnName<Row> = ColumnName<Row>,
  >(
    fn: (rows: Columns<InputRow<Row, Input>>, context: Inputs & BatchContext) => Awaitable<Returned>,
    options: MapOptions<Inputs, Removed, Input> & { batched: true },
  ): Promise<DatasetDict<MappedRow<Row, RowOf<Returned>, Removed>>>;
  /** Dataset.map with single rows, over every split; an error says in which split it arose. */
  map<
    Returned extends object,
    Inputs extends object = NoInputs,
    Removed extends ColumnName<Row> = never,
    Input extends ColumnName<Row> = ColumnName<Row>,
  >(
    fn: (row: InputRow<Row, Input>, context: Inputs & RowContext) => Awaitable<Returned>,
    options?: MapOptions<Inputs, Removed, Input> & { batched?: false },
  ): Promise<DatasetDict<MappedRow<Row, FieldsOf<Returned>, Removed>>>;
  /** Dataset.map with a function that a module exports, over every split. */
  map<Returned extends object = AnyRow, Removed extends ColumnName<Row> = never>(
    fn: FunctionModule,
    options?: MapOptions<object, Removed>,
  ): Promise<DatasetDict<MappedRow<Row, Returned, Removed>>>;
  map(
    fn: ((input: never, context: never) => object) | FunctionModule,
    options?: MapOptions<object, never>,
  ): Promise<unknown> {
    // Whatever form it has, Dataset.map takes it; the types above have said what comes of it.
    return this.#transform((dataset) => dataset.map(fn as FunctionModule, options));
  }

  /** Dataset.filter over every split. */
  filter<Inputs extends object = NoInputs, Input extends ColumnName<Row> = ColumnName<Row>>(
    fn: (row: InputRow<Row, Input>, context: Inputs & RowContext) => Awaitable<boolean>,
    options?: FilterOptions<Inputs, Input>,
  ): Promise<DatasetDict<Row>> {
    return this.#transform((dataset) => dataset.filter(fn, options));
  }

  /** Dataset.shuffle over every split, with the same seed for each, as in Python. */
  shuffle(options?: ShuffleOptions): DatasetDict<Row> {
    return this.#derive((dataset) => dataset.shuffle(options));
  }

  /** Dataset.removeColumns over every split. */
  removeColumns<Removed extends ColumnName<Row>>(
    names: Removed | readonly Removed[],
  ): DatasetDict<WithoutColumns<Row, Removed>> {
    return this.#derive((dataset) => dataset.removeColumns(names));
  }

  /** Dataset.selectColumns over every split. */
  selectColumns<Kept extends ColumnName<Row>>(names: Kept | readonly Kept[]): DatasetDict<OnlyColumns<Row, Kept>> {
    return this.#derive((dataset) => dataset.selectColumns(names));
  }

  /** Dataset.renameColumn over every split. */
  renameColumn<Old extends ColumnName<Row>, New extends string>(
    name: Old,
    newName: New,
  ): DatasetDict<RenamedRow<Row, Record<Old, New>>> {
    return this.#derive((dataset) => dataset.renameColumn(name, newName));
  }

  /** Dataset.renameColumns over every split. */
  renameColumns<const Names extends { readonly [Name in ColumnName<Row>]?: string }>(
    names: Names,
  ): DatasetDict<RenamedRow<Row, Names>> {
    return this.#derive((dataset) => dataset.renameColumns(names));
  }

  /** Dataset.sort over every split. */
  sort(columns: ColumnName<Row> | readonly ColumnName<Row>[], options?: SortOptions): DatasetDict<Row> {
    return this.#derive((dataset) => dataset.sort(columns, options));
  }

  /** Dataset.unique of every split. */
  unique<Name extends ColumnName<Row>>(name: Name): Record<string, Row[Name][]> {
    return Object.fromEntries(this.#each((dataset) => dataset.unique(name)));
  }

  /** Dataset.cast over every split. */
  cast<const Features extends StructFeature>(features: Features): DatasetDict<CastRow<Features>> {
    return this.#derive((dataset) => dataset.cast(features));
  }

  /** Dataset.castColumn over every split. */
  castColumn<Name extends ColumnName<Row>, const To extends Feature>(
    name: Name,
    feature: To,
  ): DatasetDict<MappedRow<Row, Record<Name, ValueOf<To>>, never>> {
    return this.#derive((dataset) => dataset.castColumn(name, feature));
  }

  /** Dataset.classEncodeColumn over every split, with the classes of all of them: a class has one number everywhere. */
  classEncodeColumn<Name extends ColumnName<Row>>(
    name: Name,
    options?: ClassEncodeOptions,
  ): DatasetDict<MappedRow<Row, Record<Name, number>, never>> {
    const tables = classEncodeColumn(
      [...this].map(([, dataset]) => Dataset.tableOf(dataset)),
      name,
      options,
    );
    return new DatasetDict(Object.fromEntries(this.splitNames.map((split, i) => [split, new Dataset(tables[i])])));
  }

  /** Dataset.alignLabelsWithMapping over every split. */
  alignLabelsWithMapping(label2id: Readonly<Record<string, number>>, name: ColumnName<Row>): DatasetDict<Row> {
    return this.#derive((dataset) => dataset.alignLabelsWithMapping(label2id, name));
  }

  /** Dataset.flatten over every split. */
  flatten(options?: FlattenOptions): DatasetDict {
    return this.#derive((dataset) => dataset.flatten(options));
  }

  /** Dataset.withFormat over every split. */
  withFormat(form: null): DatasetDict<Row>;
  withFormat(form: "typed", options?: FormatOptions<ColumnName<Row>>): DatasetDict<TypedRow<Row>>;
  withFormat(form: "tensor", options?: FormatOptions<ColumnName<Row>>): DatasetDict<TensorRow<Row>>;
  withFormat(form: FormatType | null, options: FormatOptions<ColumnName<Row>> = {}): unknown {
    return form === null
      ? this.#derive((dataset) => dataset.withFormat(null))
      : this.#derive<object>((dataset) =>
          form === "typed" ? dataset.withFormat(form, options) : dataset.withFormat(form, options),
        );
  }

  /** Dataset.withTransform over every split. */
  withTransform<Returned extends { readonly [name: string]: ArrayLike<unknown> }>(
    transform: (batch: Columns<Row>) => Returned,
    options?: FormatOptions<ColumnName<Row>>,
  ): DatasetDict<RowOf<Returned>> {
    return this.#derive((dataset) => dataset.withTransform(transform, options));
  }

  /** Dataset.setFormat on every split. */
  setFormat(form: FormatType | null, options?: FormatOptions<ColumnName<Row>>): void {
    for (const [, dataset] of this) dataset.setFormat(form, options);
  }

  /** Dataset.setTransform on every split. */
  setTransform(
    transform: (batch: Columns<Row>) => Readonly<Record<string, ArrayLike<unknown>>>,
    options?: FormatOptions<ColumnName<Row>>,
  ): void {
    for (const [, dataset] of this) dataset.setTransform(transform, options);
  }

  /** Dataset.resetFormat on every split. */
  resetFormat(): void {
    for (const [, dataset] of this) dataset.resetFormat();
  }

  #each<T>(change: (dataset: Dataset<Row>) => T): [string, T][] {
    return [...this].map(([name, dataset]) => {
      try {
        return [name, change(dataset)];
      } catch (error) {
        throw inSplit(name, error);
      }
    });
  }

  #derive<Changed extends object>(change: (dataset: Dataset<Row>) => Dataset<Changed>): DatasetDict<Changed> {
    return new DatasetDict(Object.fromEntries(this.#each(change)));
  }

  async #transform<Changed extends object>(
    change: (dataset: Dataset<Row>) => Promise<Dataset<Changed>>,
  ): Promise<DatasetDict<Changed>> {
    const changed: Record<string, Dataset<Changed>> = {};
    for (const [name, dataset] of this) {
      try {
        changed[name] = await change(dataset);
      } catch (error) {
        throw inSplit(name, error);
      }
    }
    return new DatasetDict(changed);
  }

  /** Writes every split into a folder of its own under `folder`, as Python's `save_to_disk` does; see Dataset.saveToDisk. */
  saveToDisk(folder: string, options?: SaveOptions): Promise<void> {
    return saveDatasetDict(folder, new Map(this.#each((dataset) => Dataset.tableOf(dataset))), options);
  }

  /**
   * Publishes all splits on the Hub, in one commit: Parquet files, and a card with their features and sizes. `loadDataset`
   * and Python's `load_dataset` load them from there. See Dataset.pushToHub.
   */
  pushToHub(repoId: string, options?: DatasetPushOptions): Promise<Published> {
    return pushSplits(new Map(this.#each((dataset) => Dataset.tableOf(dataset))), repoId, options);
  }

  /** `DatasetDict { train: Dataset { ... }, ... }` */
  override toString(): string {
    return inspect(this);
  }

  [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    return `DatasetDict ${print(Object.fromEntries(this), { ...options, depth: null })}`;
  }
}

/** An error of a split's data with the split's name. */
function inSplit(name: string, error: unknown): unknown {
  if (error instanceof DataError) return new DataError(`split "${name}": ${error.message}`, { cause: error.cause });
  return error;
}
