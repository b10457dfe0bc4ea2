// Folders as Python's `save_to_disk` lays them out (datasets 5.2, arrow_dataset.py and dataset_dict.py): Arrow streams, a
// state.json that names them and a dataset_info.json for each split, and dataset_dict.json where there are several splits.
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceFolderAtomic } from "../support/atomic.js";
import { ConfigError, FileFormatError } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import { openArrowTable } from "./arrow-table.js";
import type { StructFeature } from "./features.js";
import { digest } from "./fingerprint/digest.js";
import { fingerprintOfFile } from "./fingerprint/file.js";
import { fingerprintOfTable } from "./fingerprint/table.js";
import { ArrowFileWriter } from "./part-writer.js";
import { featureFromJson } from "./read-features.js";
import { featuresOfTable, recordBatches, schemaOfTable } from "./record-batches.js";
import type { Table } from "./table.js";

/** How a saved folder is divided into files. */
export interface SaveOptions {
  /** The size from which on rows go to the next file: bytes, or a number with KB, MB or GB. Default "500MB". */
  maxShardSize?: number | string;
  /** A number of files, of nearly equal rows, in place of maxShardSize. */
  numShards?: number;
}

/** What a folder that was saved holds: one dataset, or several by their splits. */
export type SavedFolder =
  | { readonly kind: "dataset"; readonly split: string | undefined; readonly table: Table }
  | { readonly kind: "dict"; readonly splits: ReadonlyMap<string, Table> };

/** True where a folder was written by `saveToDisk`, or by Python's `save_to_disk`. */
export function isSavedFolder(folder: string): boolean {
  return existsSync(join(folder, "dataset_dict.json")) || existsSync(join(folder, "state.json"));
}

/**
 * Opens a saved folder; nothing but the places of its rows is read.
 *
 * @throws FileFormatError where files are missing or damaged
 */
export function readSavedFolder(folder: string): SavedFolder {
  if (!existsSync(join(folder, "dataset_dict.json"))) return { kind: "dataset", ...readSavedDataset(folder) };
  const { splits } = readJson(join(folder, "dataset_dict.json"));
  if (!Array.isArray(splits)) throw new FileFormatError(`${join(folder, "dataset_dict.json")} names no splits`);
  return {
    kind: "dict",
    splits: new Map(splits.map((split) => [String(split), readSavedDataset(join(folder, String(split))).table])),
  };
}

function readSavedDataset(folder: string): { split: string | undefined; table: Table } {
  const state = readJson(join(folder, "state.json"));
  const files = Array.isArray(state._data_files) ? state._data_files : [];
  if (Array.isArray(state._indices_files) && state._indices_files.length > 0) {
    throw new FileFormatError(
      `${folder} was saved by a version of Python's datasets before 2.0, with its order of rows beside them: load and save it again with a newer one`,
    );
  }
  const paths = files.map((file) => join(folder, String((file as { filename?: unknown }).filename)));
  const table = openArrowTable(paths, {
    features: readFeatures(join(folder, "dataset_info.json")),
    source: join(folder, "dataset_info.json"),
    fingerprint: digest("saved", String(state._fingerprint), ...paths.map(fingerprintOfFile)),
  });
  return { split: typeof state._split === "string" ? state._split : undefined, table };
}

function readFeatures(path: string): StructFeature | undefined {
  if (!existsSync(path)) return undefined;
  const { features } = readJson(path);
  if (features === undefined || features === null) return undefined;
  try {
    return featureFromJson(features) as StructFeature;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileFormatError(`${path}: its features cannot be read: ${reason}`, { cause: error });
  }
}

function readJson(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new FileFormatError(`there is no file ${path}, which belongs to a saved dataset`, { cause: error });
  }
  try {
    const json: unknown = JSON.parse(text);
    if (isObject(json)) return json;
  } catch (error) {
    throw new FileFormatError(`${path} is damaged: it is no JSON`, { cause: error });
  }
  throw new FileFormatError(`${path} is damaged: it holds no JSON object`);
}

/**
 * Writes one dataset into `folder`, which appears when all of it is on the disk, or does not appear.
 *
 * @throws ConfigError on wrong options, or where the folder holds something else than a saved dataset
 */
export async function saveDataset(folder: string, table: Table, options: SaveOptions = {}): Promise<void> {
  const shards = shardsOf(table, options);
  checkPlace(folder);
  await replaceFolderAtomic(folder, (temporary) => writeDataset(temporary, table, shards, undefined));
}

/** Writes several datasets by their splits, as saveDataset does one. */
export async function saveDatasetDict(
  folder: string,
  splits: ReadonlyMap<string, Table>,
  options: SaveOptions = {},
): Promise<void> {
  for (const table of splits.values()) shardsOf(table, options);
  checkPlace(folder);
  await replaceFolderAtomic(folder, async (temporary) => {
    for (const [split, table] of splits) {
      await mkdir(join(temporary, split));
      await writeDataset(join(temporary, split), table, shardsOf(table, options), split);
    }
    const names = Array.from(splits.keys(), (split) => JSON.stringify(split));
    await writeFile(join(temporary, "dataset_dict.json"), `{"splits": [${names.join(", ")}]}`);
  });
}

/** Replacing a folder that holds other things would lose them. */
function checkPlace(folder: string): void {
  if (!existsSync(folder) || isSavedFolder(folder)) return;
  if (statSync(folder).isDirectory() && readdirSync(folder).length === 0) return;
  throw new ConfigError(
    `saveToDisk would replace ${folder}, which holds something else than a saved dataset: name a new folder, or remove it first`,
  );
}

/** When rows go to the next file: at a number of bytes, or at fixed rows. */
type Shards = { readonly bytes: number } | { readonly rows: readonly number[] };

const UNITS: Readonly<Record<string, number>> = { KB: 1e3, MB: 1e6, GB: 1e9, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30 };

function shardsOf(table: Table, { maxShardSize = "500MB", numShards }: SaveOptions): Shards {
  if (numShards !== undefined) {
    if (!(Number.isInteger(numShards) && numShards > 0)) {
      throw new ConfigError(`saveToDisk: numShards is ${numShards}: give a whole number above 0`);
    }
    const ends = Array.from({ length: numShards }, (_, i) => Math.ceil(((i + 1) * table.length) / numShards));
    return { rows: ends };
  }
  return { bytes: sizeInBytes(maxShardSize, "saveToDisk: maxShardSize") };
}

/** A number of bytes, or a size such as "500MB". Throws ConfigError, beginning with `what`, on anything else. */
export function sizeInBytes(size: number | string, what: string): number {
  const [, number = "", unit = ""] = /^\s*([\d.]+)\s*([KMG]I?B)?\s*$/i.exec(String(size)) ?? [];
  const bytes = Number(number) * (unit === "" ? 1 : UNITS[unit.toUpperCase()]);
  if (number !== "" && bytes > 0) return bytes;
  throw new ConfigError(`${what} is ${JSON.stringify(size)}: give bytes, or a size such as "500MB"`);
}

async function writeDataset(folder: string, table: Table, shards: Shards, split: string | undefined): Promise<void> {
  const files = writeShards(folder, table, shards);
  const names: string[] = [];
  for (const [i, path] of files.entries()) {
    const name = `data-${five(i)}-of-${five(files.length)}.arrow`;
    await rename(path, join(folder, name));
    names.push(name);
  }
  const info = { citation: "", description: "", features: featuresOfTable(table), homepage: "", license: "" };
  const state = {
    _data_files: names.map((filename) => ({ filename })),
    _fingerprint: (fingerprintOfTable(table) ?? randomBytes(8).toString("hex")).slice(0, 16),
    _format_columns: null,
    _format_kwargs: {},
    _format_type: null,
    _output_all_columns: false,
    _split: split ?? null,
  };
  await writeFile(join(folder, "dataset_info.json"), JSON.stringify(info, null, 2));
  await writeFile(join(folder, "state.json"), JSON.stringify(state, null, 2));
}

function writeShards(folder: string, table: Table, shards: Shards): string[] {
  const schema = schemaOfTable(table);
  const files: string[] = [];
  let writer: ArrowFileWriter | undefined;
  const next = (): ArrowFileWriter => {
    const path = join(folder, `shard-${files.length}`);
    files.push(path);
    return new ArrowFileWriter(path, schema);
  };
  try {
    if ("rows" in shards) {
      let start = 0;
      for (const end of shards.rows) {
        writer = next();
        for (const batch of recordBatches(table, schema, start, end)) writer.batch(batch);
        writer.end(false);
        writer = undefined;
        start = end;
      }
      return files;
    }
    for (const batch of recordBatches(table, schema)) {
      writer ??= next();
      writer.batch(batch);
      if (writer.bytes < shards.bytes) continue;
      writer.end(false);
      writer = undefined;
    }
    if (files.length === 0) writer = next(); // no rows: a file that knows the columns
    writer?.end(false);
    writer = undefined;
    return files;
  } finally {
    writer?.abandon();
  }
}

const five = (number: number) => String(number).padStart(5, "0");
