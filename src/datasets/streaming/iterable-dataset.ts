// IterableDataset<Row>: rows that are read, and worked on, as they are asked for. Nothing is stored, so a dataset that is
// larger than disk or memory begins at once; its length is not known, and rows come in the order they are in.
import { randomInt } from "node:crypto";
import { inspect } from "node:util";
import type { Published } from "../../hub/index.js";
import { ConfigError, DataError, nearest } from "../../support/errors.js";
import { info } from "../../support/log.js";
import { conversion, NoConversion } from "../convert.js";
import type { Feature, StructFeature } from "../features.js";
import { tableOfGenerated } from "../generated.js";
import { type DatasetPushOptions, pushSplits } from "../publish/push.js";
import type { Table } from "../table.js";
import type {
  AnyRow,
  Awaitable,
  BatchedRow,
  ColumnName,
  Columns,
  FeaturesOf,
  FieldsOf,
  InputRow,
  MappedRow,
  OnlyColumns,
  RenamedRow,
  RowOf,
  ValueOf,
  WithoutColumns,
} from "../types.js";
import type { BatchOptions } from "../verbs/batch.js";
import { type BatchContext, checkInputs, type NoInputs, type RowContext } from "../verbs/call.js";
import { expectCount } from "../verbs/count.js";
import type { FilterOptions } from "../verbs/filter.js";
import { type ShardOptions, shardOf } from "../verbs/shard.js";
import { MapStage } from "./map.js";
import { ShuffleStage } from "./shuffle.js";
import { BatchStage, FilterStage, RepeatStage, RowStage, SkipStage, StepStage, TakeStage } from "./stages.js";
import type { Cursor, Stream, StreamRow, StreamState } from "./stream.js";

/** How a stream is mapped. */
export interface StreamMapOptions<Inputs extends object, Removed extends string, Input extends string = string> {
  /** Call the function with batches of rows, as columns, instead of single rows. Default false. */
  batched?: boolean;
  /** Rows a call with `batched`. Default 1000. */
  batchSize?: number;
  /** Leave out a last batch of fewer rows than batchSize. Default false. */
  dropLastBatch?: boolean;
  /** The columns that the function is given. Default: all. */
  inputColumns?: Input | readonly Input[];
  /** Columns that the result leaves out, unless the function returns columns of these names. */
  removeColumns?: Removed | readonly Removed[];
  /** What the function uses beside its rows: handed to it in its second argument. */
  with?: Inputs;
}

/** How a stream is shuffled. */
export interface StreamShuffleOptions {
  /** A whole number, 0 or above: the same order for the same seed and epoch. Default: another one each time. */
  seed?: number;
  /** Rows in memory, of which half are given in random order whenever they are full. Default 1000. */
  bufferSize?: number;
}

/** Where an iteration stands; it can be written as JSON. */
export interface IterableState {
  readonly epoch: number;
  /** Undefined before the first row. */
  readonly position?: StreamState;
}

/** Rows one after another. Every verb returns another dataset and reads nothing; iterating reads. */
export class IterableDataset<Row extends object = AnyRow> implements AsyncIterable<Row> {
  readonly #stream: Stream;
  readonly #features: StructFeature | undefined;
  #epoch = 0;
  #cursor: Cursor | undefined; // of the iteration that runs, or ran last
  #position: StreamState | undefined; // where the next iteration begins

  /** Wraps a stream; users come by it through `loadDataset(..., { streaming: true })` and `dataset.toIterableDataset()`. */
  constructor(stream: Stream, features: StructFeature | undefined) {
    this.#stream = stream;
    this.#features = features;
  }

  /** The stream that `dataset` wraps: for functions over several datasets. */
  static streamOf(this: void, dataset: object): { stream: Stream; features: StructFeature | undefined } {
    if (#stream in dataset) {
      const { stream, features } = (dataset as IterableDataset).#parts();
      return { stream, features };
    }
    throw new ConfigError("an IterableDataset is needed");
  }

  #parts(): { stream: Stream; features: StructFeature | undefined } {
    return { stream: this.#stream, features: this.#features };
  }

  /** The types of the columns; undefined after `map`, whose function says nothing of them before it ran. */
  get features(): FeaturesOf<Row> | undefined {
    return this.#features as FeaturesOf<Row> | undefined;
  }

  /** The names of the columns; undefined after `map`. */
  get columnNames(): string[] | undefined {
    return this.#features && Object.keys(this.#features);
  }

  /** The parts that `shard` can tell apart without reading them: files, mostly. */
  get numShards(): number {
    return this.#stream.numShards;
  }

  /** The epoch whose order the next iteration has, from 0. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Makes the next iteration one of epoch `epoch`: where the dataset is shuffled, in an order of its own. */
  setEpoch(epoch: number): void {
    expectCount("setEpoch", "an epoch", epoch, 0);
    this.#epoch = epoch;
    this.#position = undefined;
    this.#cursor = undefined;
  }

  /**
   * Where the iteration that runs, or ran last, stands behind the row that it gave last. The state is plain JSON; that of a
   * shuffled dataset holds the rows of its buffer.
   */
  stateDict(): IterableState {
    const position = this.#cursor?.state() ?? this.#position;
    return { epoch: this.#epoch, ...(position === undefined ? {} : { position }) };
  }

  /** Makes the next iteration go on where `state` was taken, of a dataset made in the same way. Throws ConfigError where it is no state. */
  loadStateDict(state: IterableState): void {
    const { epoch, position } = state;
    if (!Number.isInteger(epoch) || (position !== undefined && (typeof position !== "object" || position === null))) {
      throw new ConfigError(`${JSON.stringify(state)?.slice(0, 80)} is not the state of a streamed dataset`);
    }
    this.#epoch = epoch;
    this.#position = position;
    this.#cursor = undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, void> {
    const cursor = this.#stream.open(this.#epoch, this.#position);
    this.#position = undefined;
    this.#cursor = cursor;
    try {
      for (let row = await cursor.next(); row !== undefined; row = await cursor.next()) yield row as Row;
    } finally {
      await cursor.close();
    }
  }

  /**
   * Publishes the rows on the Hub as one split, once they have all been read: until then they are stored here, on disk where
   * they are many. As Dataset.pushToHub does it.
   *
   * @param options.split The split's name. Default "train".
   * @throws what Dataset.pushToHub throws; DataError where rows mix types; what the stream throws
   */
  async pushToHub(repoId: string, options: DatasetPushOptions & { readonly split?: string } = {}): Promise<Published> {
    const { split = "train", ...others } = options;
    return pushSplits(new Map([[split, await storedRows(this)]]), repoId, others);
  }

  /** All rows, in an array: for the few of `take`. */
  async toArray(): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const row of this) rows.push(row);
    return rows;
  }

  /** Calls a function with batches of rows as they are read, and adds the columns that it returns. Throws as Dataset.map does. */
  map<
    Returned extends object,
    Inputs extends object = NoInputs,
    Removed extends ColumnName<Row> = never,
    Input extends ColumnName<Row> = ColumnName<Row>,
  >(
    fn: (rows: Columns<InputRow<Row, Input>>, context: Inputs & BatchContext) => Awaitable<Returned>,
    options: StreamMapOptions<Inputs, Removed, Input> & { batched: true },
  ): IterableDataset<MappedRow<Row, RowOf<Returned>, Removed>>;
  /** Calls a function with each row as it is read, and adds the fields that it returns. */
  map<
    Returned extends object,
    Inputs extends object = NoInputs,
    Removed extends ColumnName<Row> = never,
    Input extends ColumnName<Row> = ColumnName<Row>,
  >(
    fn: (row: InputRow<Row, Input>, context: Inputs & RowContext) => Awaitable<Returned>,
    options?: StreamMapOptions<Inputs, Removed, Input> & { batched?: false },
  ): IterableDataset<MappedRow<Row, FieldsOf<Returned>, Removed>>;
  map(fn: (input: never, context: never) => unknown, options: StreamMapOptions<object, string> = {}): unknown {
    const { batched = false, batchSize = 1000, dropLastBatch = false, with: inputs } = options;
    const removed = new Set([options.removeColumns ?? []].flat());
    for (const name of removed) this.#expectColumn(name);
    checkInputs("map", inputs);
    expectCount("map", "batchSize, a number of rows,", batchSize, 1);
    const given = this.#given(options.inputColumns);
    const map = { fn, inputs, removed, given, batchSize: batched ? batchSize : undefined, dropLastBatch };
    return new IterableDataset(new MapStage(this.#stream, map), undefined);
  }

  /** The rows for which a function returns true. */
  filter<Inputs extends object = NoInputs, Input extends ColumnName<Row> = ColumnName<Row>>(
    fn: (row: InputRow<Row, Input>, context: Inputs & RowContext) => Awaitable<boolean>,
    options: Pick<FilterOptions<Inputs, Input>, "with" | "inputColumns"> = {},
  ): IterableDataset<Row> {
    checkInputs("filter", options.with);
    const given = this.#given(options.inputColumns);
    return this.#derive(new FilterStage(this.#stream, { fn, inputs: options.with, given }));
  }

  /** The columns that a function is given, which exist as far as is known; undefined for all. */
  #given(names: string | readonly string[] | undefined): string[] | undefined {
    const given = names === undefined ? undefined : [names].flat();
    for (const name of given ?? []) this.#expectColumn(name);
    return given;
  }

  /** The rows in random order, as far as a buffer of some of them allows; the order of files is shuffled too. */
  shuffle({ seed = randomInt(2 ** 32), bufferSize = 1000 }: StreamShuffleOptions = {}): IterableDataset<Row> {
    expectCount("shuffle", "seed, a whole number,", seed, 0);
    expectCount("shuffle", "bufferSize, a number of rows,", bufferSize, 1);
    return this.#derive(new ShuffleStage(this.#stream.withShuffledShards(seed), seed, bufferSize));
  }

  /** The first `count` rows. */
  take(count: number): IterableDataset<Row> {
    expectCount("take", "a number of rows", count, 0);
    return this.#derive(new TakeStage(this.#stream, count));
  }

  /** The rows behind the first `count`, which are read nevertheless. */
  skip(count: number): IterableDataset<Row> {
    expectCount("skip", "a number of rows", count, 0);
    return this.#derive(new SkipStage(this.#stream, count));
  }

  /**
   * One of `numShards` parts: some of the files where there are as many, else every numShards-th row, for which all rows are
   * read.
   */
  shard({ numShards, index, contiguous = true }: ShardOptions): IterableDataset<Row> {
    const shards = shardOf(this.#stream.numShards, numShards, index, contiguous);
    if (this.#stream.numShards >= numShards) return this.#derive(this.#stream.withShards([...shards]));
    info(
      `shard: the data is in ${this.#stream.numShards} part, so each of ${numShards} shards reads all rows and takes every ` +
        `${numShards}th: with as many files as shards, each would read its own`,
    );
    return this.#derive(new StepStage(this.#stream, numShards, index));
  }

  /** All rows `times` times over; without a number, again and again without an end. */
  repeat(times?: number): IterableDataset<Row> {
    if (times !== undefined) expectCount("repeat", "a number of times", times, 0);
    return this.#derive(new RepeatStage(this.#stream, times ?? Infinity));
  }

  /** A row for each `batchSize` rows, whose columns are lists. */
  batch({ batchSize, dropLastBatch = false }: BatchOptions): IterableDataset<BatchedRow<Row>> {
    expectCount("batch", "batchSize, a number of rows,", batchSize, 1);
    return new IterableDataset(new BatchStage(this.#stream, batchSize, dropLastBatch), undefined);
  }

  /** Without the columns named. Throws DataError where a column is known not to exist. */
  removeColumns<Removed extends ColumnName<Row>>(
    names: Removed | readonly Removed[],
  ): IterableDataset<WithoutColumns<Row, Removed>> {
    const removed = new Set<string>([names].flat());
    for (const name of removed) this.#expectColumn(name);
    const keep = (name: string) => !removed.has(name);
    return this.#mapColumns((entries) => entries.filter(([name]) => keep(name)));
  }

  /** With the columns named only, in that order. Throws DataError where a column is known not to exist. */
  selectColumns<Kept extends ColumnName<Row>>(names: Kept | readonly Kept[]): IterableDataset<OnlyColumns<Row, Kept>> {
    const kept: string[] = [names].flat();
    for (const name of kept) this.#expectColumn(name);
    return this.#mapColumns((entries) => {
      const columns = new Map(entries);
      return kept.flatMap((name) => {
        const value = columns.get(name);
        return value === undefined ? [] : [[name, value] as const];
      });
    });
  }

  /** With one column under another name. */
  renameColumn<Old extends ColumnName<Row>, New extends string>(
    name: Old,
    newName: New,
  ): IterableDataset<RenamedRow<Row, Record<Old, New>>> {
    return this.#rename({ [name]: newName });
  }

  /** With columns under other names. */
  renameColumns<const Names extends { readonly [Name in ColumnName<Row>]?: string }>(
    names: Names,
  ): IterableDataset<RenamedRow<Row, Names>> {
    return this.#rename(names as Readonly<Record<string, string>>);
  }

  /** With another type for one column, whose values are converted as they come. Throws DataError, then, where one cannot be. */
  castColumn<Name extends ColumnName<Row>, const To extends Feature>(
    name: Name,
    feature: To,
  ): IterableDataset<MappedRow<Row, Record<Name, ValueOf<To>>, never>> {
    this.#expectColumn(name);
    const from = this.#features?.[name];
    if (from === undefined) {
      throw new ConfigError(
        `castColumn: the type of "${name}" is not known after map: cast before it, or in its function`,
      );
    }
    let row = 0;
    const convert = conversion(from, feature, (reason) => {
      throw new DataError(`cast: column "${name}" holds ${reason}, at row ${row}`);
    });
    if (convert instanceof NoConversion) throw new DataError(`cast: column "${name}" of type ${convert.reason}`);
    const change = (given: StreamRow, index: number) => {
      row = index;
      return { ...given, [name]: convert(given[name]) };
    };
    return new IterableDataset(new RowStage(this.#stream, change), { ...this.#features, [name]: feature });
  }

  /** With other types for columns. Throws as castColumn does. */
  cast(features: StructFeature): IterableDataset {
    return Object.entries(features).reduce<IterableDataset>(
      (dataset, [name, feature]) => dataset.castColumn(name, feature),
      this as unknown as IterableDataset,
    );
  }

  #rename<Changed extends object>(names: Readonly<Record<string, string>>): IterableDataset<Changed> {
    for (const [name, newName] of Object.entries(names)) {
      this.#expectColumn(name);
      if (newName !== name && this.#features !== undefined && Object.hasOwn(this.#features, newName)) {
        throw new ConfigError(
          `column "${name}" cannot be "${newName}": another column has that name, remove or rename it first`,
        );
      }
    }
    return this.#mapColumns((entries) => entries.map(([name, value]) => [names[name] ?? name, value] as const));
  }

  /** The same change for the columns of rows and for their features. */
  #mapColumns<Changed extends object>(
    change: <T>(entries: readonly (readonly [string, T])[]) => readonly (readonly [string, T])[],
  ): IterableDataset<Changed> {
    const stage = new RowStage(this.#stream, (row) => Object.fromEntries(change(Object.entries(row))));
    const features = this.#features && Object.fromEntries(change(Object.entries(this.#features)));
    return new IterableDataset(stage, features);
  }

  #derive(stream: Stream): IterableDataset<Row> {
    return new IterableDataset(stream, this.#features);
  }

  #expectColumn(name: string): void {
    if (this.#features === undefined || Object.hasOwn(this.#features, name)) return;
    const names = Object.keys(this.#features);
    const near = nearest(name, names);
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    throw new DataError(
      `the dataset has no column "${name}": its columns are ${names.map((each) => `"${each}"`).join(", ")}${hint}`,
    );
  }

  /** `IterableDataset { features: [ "text", "label" ], num_shards: 4 }` */
  toString(): string {
    return inspect(this);
  }

  [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    const features = this.#features && Object.keys(this.#features);
    return `IterableDataset ${print({ features: features ?? "unknown", num_shards: this.numShards }, { ...options, depth: null })}`;
  }
}

/** All rows of a stream, read and stored. */
export function storedRows<Row extends object>(dataset: IterableDataset<Row>): Promise<Table> {
  const features: StructFeature = { ...dataset.features };
  return tableOfGenerated(() => dataset, features);
}
