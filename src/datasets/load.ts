// loadDataset: recognizes what it is given (source.ts), reads it (read-table.ts) and gives the splits that are asked for
// (split-spec.ts).
import { existsSync } from "node:fs";
import type { HubOptions } from "../hub/index.js";
import { ConfigError, DataError, FileFormatError, nearest } from "../support/errors.js";
import { concatenateDatasets } from "./combine.js";
import { Dataset } from "./dataset.js";
import { DatasetDict } from "./dataset-dict.js";
import type { StructFeature } from "./features.js";
import { checkFormatOptions, type FileOptions } from "./file-formats.js";
import type { KnownConfig, KnownPath, KnownRow } from "./known.js";
import { type ReadOptions, readTable } from "./read-table.js";
import { isSavedFolder, readSavedFolder } from "./saved-folder.js";
import { findSource, type Source, type SourceOptions } from "./source.js";
import { parseSplit, rowsOfSlice, type SplitSlice, type SplitSpec } from "./split-spec.js";
import { sliceStream, streamFiles } from "./stream-files.js";
import type { IterableDataset } from "./streaming/iterable-dataset.js";
import { IterableDatasetDict } from "./streaming/iterable-dict.js";
import { type Table, takeRows } from "./table.js";
import type { AnyRow } from "./types.js";
import { concatenate } from "./verbs/concatenate.js";
import { rowRange } from "./verbs/take.js";

/** What to load of a dataset, and how its files are read. */
export interface LoadOptions extends SourceOptions, FileOptions {
  /**
   * The rows to load: a split, "train"; a part of one, "train[:10%]", "train[-100:]"; several one after another,
   * "train+test"; "all"; or a list of such, for a list of datasets. Default: a DatasetDict of all splits.
   */
  split?: SplitSpec | readonly SplitSpec[];
  /**
   * Read rows only as they are asked for: the result is an IterableDataset, or an IterableDatasetDict. Default false.
   */
  streaming?: boolean;
  /** The types of the columns. Default: what the dataset's card or the files say, else what the values tell. */
  features?: StructFeature;
}

/** What follows the path: a configuration and options, or options alone. */
type Rest<Options> = [config: string | undefined, options: Options] | [options: Options];
type AtOnce = LoadOptions & { streaming?: false };
type Streamed = LoadOptions & { streaming: true };

/**
 * Loads a dataset:
 * - a folder that saveToDisk, or Python's `save_to_disk`, wrote: it opens at once, and its rows stay on the disk;
 * - a folder in the Hub's layout: a card README.md with `configs`, or files named by their splits, `train.csv`,
 *   `<config>/<split>-00000-of-0000N.parquet`;
 * - a dataset on the Hub, of which the files that are needed come into the cache;
 * - files, by path, by pattern (`"reviews/*.jsonl"`) or in a list: the split `train`;
 * - a format, `loadDataset("csv", { dataFiles: { train: "a.txt" }, delimiter: "\t" })`, where names do not tell it.
 *
 * Files are Parquet, Arrow, JSON, JSON Lines, CSV, TSV or text; text formats may be packed, `.csv.gz`. `config` may be left
 * out where there is one configuration or a default one. GLUE's rows are typed by its configurations,
 * and those of KnownDatasets by theirs; `loadDataset<Row>(...)` types others, `GlueRow<"mrpc">` a local copy.
 *
 * @throws HubError where `path` is no folder and the Hub does not have it or does not give it; ConfigError where the
 * configuration is unknown or an option wrong; FileFormatError where files are missing, damaged or disagree with each other
 * or with the card; DataError where there is no such split, or values do not fit their features.
 */
export async function loadDataset<Path extends KnownPath, Config extends KnownConfig<Path>>(
  path: Path,
  config: Config,
  options: AtOnce & { split: SplitSpec },
): Promise<Dataset<KnownRow<Path, Config>>>;
export async function loadDataset<Path extends KnownPath, Config extends KnownConfig<Path>>(
  path: Path,
  config: Config,
  options: AtOnce & { split: readonly SplitSpec[] },
): Promise<Dataset<KnownRow<Path, Config>>[]>;
export async function loadDataset<Path extends KnownPath, Config extends KnownConfig<Path>>(
  path: Path,
  config: Config,
  options: Streamed & { split: SplitSpec },
): Promise<IterableDataset<KnownRow<Path, Config>>>;
export async function loadDataset<Path extends KnownPath, Config extends KnownConfig<Path>>(
  path: Path,
  config: Config,
  options: Streamed & { split?: undefined },
): Promise<IterableDatasetDict<KnownRow<Path, Config>>>;
export async function loadDataset<Path extends KnownPath, Config extends KnownConfig<Path>>(
  path: Path,
  config: Config,
  options?: AtOnce & { split?: undefined },
): Promise<DatasetDict<KnownRow<Path, Config>>>;
export async function loadDataset<Row extends object = AnyRow>(
  path: string | readonly string[],
  ...rest: Rest<AtOnce & { split: SplitSpec }>
): Promise<Dataset<Row>>;
export async function loadDataset<Row extends object = AnyRow>(
  path: string | readonly string[],
  ...rest: Rest<AtOnce & { split: readonly SplitSpec[] }>
): Promise<Dataset<Row>[]>;
export async function loadDataset<Row extends object = AnyRow>(
  path: string | readonly string[],
  ...rest: Rest<Streamed & { split: SplitSpec }>
): Promise<IterableDataset<Row>>;
export async function loadDataset<Row extends object = AnyRow>(
  path: string | readonly string[],
  ...rest: Rest<Streamed & { split: readonly SplitSpec[] }>
): Promise<IterableDataset<Row>[]>;
export async function loadDataset<Row extends object = AnyRow>(
  path: string | readonly string[],
  ...rest: Rest<Streamed & { split?: undefined }>
): Promise<IterableDatasetDict<Row>>;
export async function loadDataset<Row extends object = AnyRow>(
  path: string | readonly string[],
  ...rest: Rest<AtOnce & { split?: undefined }> | [config?: string]
): Promise<DatasetDict<Row>>;
export async function loadDataset(
  path: string | readonly string[],
  first?: string | LoadOptions,
  second: LoadOptions = {},
): Promise<unknown> {
  const [config, options] = typeof first === "object" ? [undefined, first] : [first, second];
  const { split } = options;
  const isList = Array.isArray(split);
  const specs = split === undefined ? [] : ([split].flat() as SplitSpec[]).map(parseSplit);
  const names = splitsNeeded(specs);
  const isSaved = typeof path === "string" && isSavedFolder(path);
  if (options.streaming) {
    const streams = isSaved
      ? mapValues(openSaved(path, config, names), (table) => new Dataset(table).toIterableDataset())
      : await readSplits(path, config, names, options, streamSplit);
    if (split === undefined) return new IterableDatasetDict(Object.fromEntries(streams));
    const datasets = specs.map((slices) => streamOf(slices, streams));
    return isList ? datasets : datasets[0];
  }
  const tables = isSaved ? openSaved(path, config, names) : await readSplits(path, config, names, options, readSplit);
  if (split === undefined) {
    return new DatasetDict(Object.fromEntries([...tables].map(([name, table]) => [name, new Dataset(table)])));
  }
  const datasets = specs.map((slices) => new Dataset(rowsOf(slices, tables)));
  return isList ? datasets : datasets[0];
}

/** What a folder that was saved holds, opened: a Dataset or a DatasetDict, whichever was saved. Throws as loadDataset does. */
export function loadFromDisk<Row extends object = AnyRow>(folder: string): Dataset<Row> | DatasetDict<Row> {
  if (!existsSync(folder)) throw new FileFormatError(`there is no folder ${folder}`);
  if (!isSavedFolder(folder)) {
    throw new FileFormatError(
      `${folder} was not written by saveToDisk: it has no state.json and no dataset_dict.json. loadDataset reads other folders`,
    );
  }
  const saved = readSavedFolder(folder);
  if (saved.kind === "dataset") return new Dataset<Row>(saved.table);
  return new DatasetDict<Row>(
    Object.fromEntries(Array.from(saved.splits, ([split, table]) => [split, new Dataset<Row>(table)])),
  );
}

/** The splits of a saved folder, those of `names` where they are given; a single dataset is the split it was, or train. */
function openSaved(
  folder: string,
  config: string | undefined,
  names: readonly string[] | undefined,
): Map<string, Table> {
  if (config !== undefined) {
    throw new ConfigError(`${folder} was saved by saveToDisk, and has no configurations: leave out "${config}"`);
  }
  const saved = readSavedFolder(folder);
  const splits = saved.kind === "dict" ? saved.splits : new Map([[saved.split ?? "train", saved.table]]);
  const chosen = (names ?? [...splits.keys()]).map((name): [string, Table] => {
    const table = splits.get(name);
    if (table === undefined) throw noSplit({ where: folder, splits }, name);
    return [name, table];
  });
  return new Map(chosen);
}

/** The splits of whatever else `path` is. */
async function readSplits<T>(
  path: string | readonly string[],
  config: string | undefined,
  names: readonly string[] | undefined,
  options: LoadOptions,
  read: (source: Source, split: string, options: LoadOptions) => Promise<T>,
): Promise<Map<string, T>> {
  const source = await findSource(path, config, names, options);
  checkFormatOptions(source.format, options, OTHER_OPTIONS);
  const unknown = names?.find((name) => !source.splits.has(name));
  if (unknown !== undefined) throw noSplit(source, unknown);
  const splits = new Map<string, T>();
  for (const name of names ?? source.splits.keys()) splits.set(name, await read(source, name, options));
  return splits;
}

const OTHER_OPTIONS = [
  "split",
  "streaming",
  "features",
  "dataFiles",
  "dataDir",
  "revision",
  "cacheDir",
  "localFilesOnly",
  "forceDownload",
  "signal",
  "token",
  "endpoint",
  "attempts",
  "retryWait",
] as const satisfies readonly (keyof LoadOptions)[];
/** Every option of the Hub is in the list above: one that is missing does not compile. */
type MissingOption = Exclude<keyof HubOptions, (typeof OTHER_OPTIONS)[number]>;
((_: MissingOption extends never ? true : MissingOption) => undefined)(true);

/** The splits that slices name; undefined for all. */
function splitsNeeded(specs: readonly (readonly SplitSlice[])[]): string[] | undefined {
  const names = new Set(specs.flat().map(({ split }) => split));
  return names.size === 0 || names.has("all") ? undefined : [...names];
}

/** The rows of one split, as many as the card says. */
async function readSplit(source: Source, split: string, options: LoadOptions): Promise<Table> {
  const { info, card, splits } = source;
  const files = splits.get(split) ?? [];
  const table = await readTable(files, readOptions(source, options));
  const rows = info?.rows.get(split) ?? table.length;
  if (rows === table.length) return table;
  throw new FileFormatError(
    `the split "${split}" has ${table.length} rows, but ${card} says ${rows}: ${files.join(", ")}`,
  );
}

function streamSplit(source: Source, split: string, options: LoadOptions): Promise<IterableDataset> {
  return streamFiles(source.splits.get(split) ?? [], readOptions(source, options));
}

function readOptions({ info, card, format }: Source, options: LoadOptions): ReadOptions {
  const declared = info?.features && { features: info.features, source: card };
  return { format, options, declared, wished: options.features };
}

/** The rows of slices one after another. */
function rowsOf(slices: readonly SplitSlice[], tables: ReadonlyMap<string, Table>): Table {
  return concatenate(
    partsOf(slices, tables, (slice, table) => {
      const { start, end } = rowsOfSlice(slice, table.length);
      return start === 0 && end === table.length ? table : takeRows(table, rowRange(start, end));
    }),
  );
}

function streamOf(slices: readonly SplitSlice[], streams: ReadonlyMap<string, IterableDataset>): IterableDataset {
  const parts = partsOf(slices, streams, (slice, dataset) => sliceStream(dataset, slice));
  return parts.length === 1 ? parts[0] : concatenateDatasets(parts);
}

/** What `take` makes of each slice and its split. */
function partsOf<T>(
  slices: readonly SplitSlice[],
  splits: ReadonlyMap<string, T>,
  take: (slice: SplitSlice, split: T) => T,
): T[] {
  return slices.flatMap((slice) =>
    [...splits].flatMap(([name, split]) => (name === slice.split || slice.split === "all" ? [take(slice, split)] : [])),
  );
}

function mapValues<From, To>(map: ReadonlyMap<string, From>, change: (value: From) => To): Map<string, To> {
  return new Map(Array.from(map, ([name, value]) => [name, change(value)]));
}

function noSplit({ where, splits }: { where: string; splits: ReadonlyMap<string, unknown> }, split: string): DataError {
  const names = [...splits.keys()];
  const near = nearest(split, names);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  return new DataError(`${where} has no split "${split}": its splits are ${names.join(", ")}${hint}`);
}
