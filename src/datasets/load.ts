// loadDataset: recognizes what it is given (a folder in the Hub's layout, a dataset on the Hub, or Parquet files) and reads
// it.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type HubOptions, isRepoId } from "../hub/index.js";
import { ConfigError, DataError, FileFormatError, nearest } from "../support/errors.js";
import type { CardInfo } from "./card.js";
import { type Column, MemoryColumn } from "./column.js";
import { Dataset } from "./dataset.js";
import { DatasetDict } from "./dataset-dict.js";
import { describeFeature, sameFeature } from "./features.js";
import { type Configuration, readFolder } from "./folder.js";
import type { GlueConfig, GlueRow } from "./glue.js";
import { fetchConfiguration } from "./hub.js";
import { type ParquetTable, readParquet } from "./parquet.js";
import { type Table, tableOf } from "./table.js";
import type { AnyRow } from "./types.js";

/** What to load of a dataset. */
export interface LoadOptions extends HubOptions {
  /** The name of one split: the result is its Dataset. Default: a DatasetDict of all. */
  split?: string;
}

/** GLUE on the Hub, whose rows are typed by configuration. */
type Glue = "glue" | "nyu-mll/glue";

/**
 * Loads a dataset: a folder in the Hub's layout (a card README.md with `configs`, or files named
 * `<config>/<split>-00000-of-0000N.parquet`), a dataset on the Hub, of which the files that are needed come into the cache,
 * a Parquet file, or a list of Parquet files (the split `train`). `config` may be left out where there is one configuration
 * or a default one.
 *
 * GLUE's rows are typed by its configurations; `loadDataset<Row>(...)` types others, `GlueRow<"mrpc">` a local copy.
 *
 * @throws HubError where `path` is no folder and the Hub does not have it or does not give it; ConfigError where the
 * configuration is unknown; FileFormatError where files are missing, damaged or disagree with each other or with the card; DataError
 * where there is no such split, or values do not fit their features.
 */
export async function loadDataset<Config extends GlueConfig>(
  path: Glue,
  config: Config,
  options: LoadOptions & { split: string },
): Promise<Dataset<GlueRow<Config>>>;
export async function loadDataset<Config extends GlueConfig>(
  path: Glue,
  config: Config,
  options?: LoadOptions & { split?: undefined },
): Promise<DatasetDict<GlueRow<Config>>>;
export async function loadDataset<Row extends object = AnyRow>(
  path: string | readonly string[],
  config: string | undefined,
  options: LoadOptions & { split: string },
): Promise<Dataset<Row>>;
export async function loadDataset<Row extends object = AnyRow>(
  path: string | readonly string[],
  config?: string,
  options?: LoadOptions & { split?: undefined },
): Promise<DatasetDict<Row>>;
export async function loadDataset(
  path: string | readonly string[],
  config?: string,
  options: LoadOptions = {},
): Promise<Dataset | DatasetDict> {
  const { splits, info } = await configurationOf(path, config, options);
  const { split } = options;
  if (split !== undefined && !splits.has(split)) throw noSplit(path, split, [...splits.keys()]);
  const card = { ...info, source: join(String(path), "README.md") };
  const tables: Record<string, Table> = {};
  for (const [name, files] of splits) {
    if (split === undefined || split === name) tables[name] = await readSplit(name, files, card);
  }
  if (split !== undefined) return new Dataset(tables[split]);
  return new DatasetDict(Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, new Dataset(table)])));
}

async function configurationOf(
  path: string | readonly string[],
  config: string | undefined,
  options: LoadOptions,
): Promise<Configuration> {
  if (typeof path === "string") {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) {
      if (!isRepoId(path) || path.endsWith(".parquet")) throw new FileFormatError(`there is no file or folder ${path}`);
      return fetchConfiguration(path, config, options.split, options);
    }
    if (found.isDirectory()) return readFolder(path, config);
  }
  const files = [path].flat();
  if (files.length === 0) throw new ConfigError("loadDataset was given an empty list of files");
  if (config !== undefined) {
    throw new ConfigError(
      `the configuration "${config}" has no meaning for files: configurations are those of a dataset's folder`,
    );
  }
  return { splits: new Map([["train", files]]), info: undefined };
}

function noSplit(path: string | readonly string[], split: string, splits: readonly string[]): DataError {
  const near = nearest(split, splits);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  return new DataError(`${String(path)} has no split "${split}": its splits are ${splits.join(", ")}${hint}`);
}

/** What a card declares, and where it stands. */
type Declared = Partial<CardInfo> & { readonly source: string };

/** The rows of a split's files, one after another. */
async function readSplit(
  split: string,
  files: readonly string[],
  { features, rows, source }: Declared,
): Promise<Table> {
  const parts: Part[] = [];
  for (const file of files) {
    if (!file.endsWith(".parquet")) {
      throw new FileFormatError(`cannot read ${file}: datasets are read from Parquet files (.parquet)`);
    }
    parts.push({ file, table: await readParquet(file, features && { features, source }) });
  }
  const length = parts.reduce((sum, { table }) => sum + table.length, 0);
  const declared = rows?.get(split) ?? length;
  if (declared !== length) {
    throw new FileFormatError(
      `the split "${split}" has ${length} rows, but ${source} says ${declared}: ${files.join(", ")}`,
    );
  }
  return tableOf(joinColumns(parts), length);
}

type Part = { readonly file: string; readonly table: ParquetTable };

/** The columns of all parts, one part after another. Throws FileFormatError where parts differ in columns or features. */
function joinColumns(parts: readonly Part[]): ReadonlyMap<string, Column> {
  const [first, ...others] = parts;
  for (const { file, table } of others) {
    for (const name of new Set([...first.table.columns.keys(), ...table.columns.keys()])) {
      const [expected, found] = [first.table.columns.get(name), table.columns.get(name)];
      if (expected !== undefined && found !== undefined && sameFeature(expected.feature, found.feature)) continue;
      const [here, there] = [found, expected].map((column) =>
        column === undefined ? "none" : describeFeature(column.feature),
      );
      throw new FileFormatError(
        `the files of a split differ: column "${name}" is ${here} in ${file}, ${there} in ${first.file}`,
      );
    }
  }
  if (others.length === 0) return first.table.columns;
  return new Map(
    [...first.table.columns].map(([name, { feature }]) => {
      const columns = parts.map(({ table }) => table.columns.get(name));
      return [
        name,
        new MemoryColumn(
          feature,
          columns.flatMap((column) => column?.range(0, column.length) ?? []),
        ),
      ];
    }),
  );
}
