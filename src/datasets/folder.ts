// A dataset's folder as the Hub lays it out: which configurations it has, which files make which split, and what its card
// (README.md's YAML) declares of features and row counts. Rules are those of datasets 5.2: utils/metadata.py, data_files.py.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { AttuneError, ConfigError, FileFormatError, nearest } from "../support/errors.js";
import type { StructFeature } from "./features.js";
import { matchesGlob } from "./glob.js";
import { featuresFromYaml } from "./read-features.js";

/** The files of one configuration and what the card says of them. */
export interface Configuration {
  /** Paths of each split's files, in order. */
  readonly splits: ReadonlyMap<string, readonly string[]>;
  /** The card's features, where it has them. */
  readonly features: StructFeature | undefined;
  /** The card's number of rows by split, where it has them. */
  readonly rows: ReadonlyMap<string, number>;
}

/**
 * The configuration `name` of a dataset's folder, or without a name its only or default one.
 *
 * @throws ConfigError, listing the configurations, where the name is unknown or missing; FileFormatError where the card
 * cannot be read, or a split has no files or not all of them.
 */
export async function readFolder(folder: string, name?: string): Promise<Configuration> {
  const files = await filesOf(folder);
  const card = files.includes("README.md") ? await readCard(join(folder, "README.md")) : {};
  const declared = recordsOf(card, "configs");
  const configs =
    declared.length > 0
      ? new Map(declared.map((config) => [String(config.config_name), config]))
      : new Map([...layoutOf(files).keys()].map((config) => [config, undefined]));
  if (configs.size === 0) {
    const arrow = files.some((file) => /(^|\/)(dataset_dict|state)\.json$/.test(file));
    const reason = arrow
      ? "it was written by save_to_disk, in Arrow, where Parquet is read"
      : "no README.md with `configs`, no Parquet file";
    throw new FileFormatError(`${folder} holds no data that can be loaded: ${reason}`);
  }

  const chosen = chooseConfig(folder, configs, name);
  const config = configs.get(chosen);
  const splits = config === undefined ? layoutOf(files).get(chosen) : splitsOf(folder, chosen, config, files);
  const info = recordsOf(card, "dataset_info").find((each) => (each.config_name ?? "default") === chosen);
  return {
    splits: new Map([...(splits ?? [])].map(([split, paths]) => [split, inFolder(folder, paths)])),
    features: info === undefined ? undefined : cardFeatures(folder, info),
    rows: info === undefined ? new Map() : cardRows(info),
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** Paths of all files under a folder, relative to it, with forward slashes, in order; hidden ones are left out. */
async function filesOf(folder: string): Promise<string[]> {
  const files: string[] = [];
  const walk = async (path: string): Promise<void> => {
    for (const entry of await readdir(join(folder, path), { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      const child = path === "" ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) await walk(child);
      else files.push(child);
    }
  };
  await walk("");
  return files.sort();
}

/** The YAML between the two lines of dashes with which a card begins. */
async function readCard(path: string): Promise<Fields> {
  const text = await readFile(path, "utf8");
  const yaml = /^\uFEFF?---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)/s.exec(text)?.[1];
  if (yaml === undefined) return {};
  try {
    const card: unknown = parse(yaml, { logLevel: "error" });
    return isRecord(card) ? card : {};
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileFormatError(`${path}: the YAML at its beginning cannot be read: ${reason}`, { cause: error });
  }
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A field that holds one record or a list of them. */
function recordsOf(fields: Fields, name: string): Fields[] {
  return [fields[name] ?? []].flat().filter(isRecord);
}

function cardFeatures(folder: string, info: Fields): StructFeature | undefined {
  if (info.features === undefined) return undefined;
  try {
    return featuresFromYaml(info.features);
  } catch (error) {
    if (!(error instanceof AttuneError)) throw error;
    throw new FileFormatError(`${join(folder, "README.md")}: dataset_info: ${error.message}`, { cause: error });
  }
}

function cardRows(info: Fields): Map<string, number> {
  const rows = new Map<string, number>();
  for (const { name, num_examples: count } of recordsOf(info, "splits")) {
    if (typeof name === "string" && typeof count === "number") rows.set(name, count);
  }
  return rows;
}

function chooseConfig(
  folder: string,
  configs: ReadonlyMap<string, Fields | undefined>,
  name: string | undefined,
): string {
  const names = [...configs.keys()];
  if (name === undefined) {
    if (names.length === 1) return names[0];
    const chosen = names.find((each) => each === "default" || configs.get(each)?.default === true);
    if (chosen !== undefined) return chosen;
    throw new ConfigError(`${folder} has ${names.length} configurations, name the one to load: ${names.join(", ")}`);
  }
  if (configs.has(name)) return name;
  const near = nearest(name, names);
  throw new ConfigError(
    `${folder} has no configuration "${name}": it has ${names.join(", ")}${near === undefined ? "" : `; did you mean "${near}"?`}`,
  );
}

/** The files of a configuration that the card declares: `data_files`, under `data_dir` where there is one. */
function splitsOf(folder: string, name: string, config: Fields, files: readonly string[]): Map<string, string[]> {
  const directory = config.data_dir === undefined ? "" : `${String(config.data_dir).replace(/^\.\/|\/+$/g, "")}/`;
  const within = files.filter((file) => file.startsWith(directory)).map((file) => file.slice(directory.length));
  const patterns = patternsOf(folder, name, config.data_files);
  const splits = patterns === undefined ? layoutOf(within).get("default") : new Map<string, string[]>();
  for (const [split, globs] of patterns ?? []) {
    const matching = globs.map((glob) => within.filter((file) => matchesGlob(file, glob.replace(/^\.\//, ""))));
    const empty = matching.findIndex((paths) => paths.length === 0);
    if (empty >= 0) {
      throw new FileFormatError(
        `${folder}: no file matches "${directory}${globs[empty]}", from which README.md makes the split "${split}" of "${name}"`,
      );
    }
    splits?.set(split, [...new Set(matching.flat())]);
  }
  if (splits === undefined || splits.size === 0) {
    throw new FileFormatError(`${folder}: there are no data files of the configuration "${name}" under "${directory}"`);
  }
  return new Map([...splits].map(([split, paths]) => [split, paths.map((path) => directory + path)]));
}

/** What `data_files` says: a pattern, patterns (both of the split train), or `{split, path}` records. */
function patternsOf(folder: string, name: string, dataFiles: unknown): Map<string, string[]> | undefined {
  if (dataFiles === undefined || dataFiles === null) return undefined;
  const entries: unknown[] = [dataFiles].flat();
  if (entries.length > 0 && entries.every((entry) => typeof entry === "string")) return new Map([["train", entries]]);
  const splits = new Map<string, string[]>();
  for (const entry of entries) {
    const paths: unknown[] = isRecord(entry) ? [entry.path].flat() : [];
    const split = isRecord(entry) ? entry.split : undefined;
    if (
      typeof split !== "string" ||
      splits.has(split) ||
      paths.length === 0 ||
      !paths.every((path) => typeof path === "string")
    ) {
      throw new FileFormatError(
        `${join(folder, "README.md")}: data_files of "${name}" should be patterns, or one record {split, path} for each split, ` +
          `not ${JSON.stringify(entry)}`,
      );
    }
    splits.set(split, paths);
  }
  return splits;
}

const KEYWORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    train: ["train", "training"],
    validation: ["validation", "valid", "val", "dev"],
    test: ["test", "testing", "eval", "evaluation"],
  }).flatMap(([split, words]) => words.map((word) => [word, split] as const)),
);
const SHARD = /^(.+)-(\d{5})-of-(\d{5})[^/]*\.parquet$/; // split, number, count

/**
 * The configurations and splits of Parquet files without a card. `<config>/<split>-00000-of-0000N.parquet` names both;
 * files at the top or in `data/` are the configuration "default"; a folder may be named for a split (`<config>/train/`),
 * a file too (`validation.parquet`); where no name tells a split, all files are train.
 */
function layoutOf(files: readonly string[]): Map<string, Map<string, string[]>> {
  const configs = new Map<string, [string | undefined, string][]>();
  for (const file of files) {
    if (!file.endsWith(".parquet")) continue;
    const folders = file.split("/");
    const base = folders.pop() ?? "";
    const splitFolder = KEYWORDS.get(folders.at(-1) ?? "");
    if (splitFolder !== undefined) folders.pop();
    if (folders[0] === "data") folders.shift();
    const split = splitFolder ?? SHARD.exec(base)?.[1] ?? KEYWORDS.get(base.replace(/\.parquet$/, ""));
    const config = folders.length === 0 ? "default" : folders.join("/");
    configs.set(config, [...(configs.get(config) ?? []), [split, file]]);
  }
  return new Map([...configs].map(([config, entries]) => [config, splitsByName(entries)]));
}

function splitsByName(entries: readonly [string | undefined, string][]): Map<string, string[]> {
  const unnamed = entries.find(([split]) => split === undefined);
  const named = entries.find(([split]) => split !== undefined);
  if (unnamed !== undefined && named !== undefined) {
    throw new FileFormatError(
      `cannot tell the split of ${unnamed[1]} beside ${named[1]}: name it <split>.parquet, or list the files in README.md's configs`,
    );
  }
  const splits = new Map<string, string[]>();
  for (const [split = "train", file] of entries) splits.set(split, [...(splits.get(split) ?? []), file]);
  const order = ["train", "validation", "test"];
  const rank = (split: string) => (order.indexOf(split) + order.length + 1) % (order.length + 1); // others come last
  return new Map([...splits].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1)));
}

/** The paths with their folder before them. Throws FileFormatError where files numbered `-00000-of-0000N` are not all there. */
function inFolder(folder: string, paths: readonly string[]): string[] {
  for (const path of paths) {
    const [, prefix, , count] = SHARD.exec(path) ?? [];
    for (let number = 0; number < Number(count ?? 0); number++) {
      const shard = `${prefix}-${String(number).padStart(5, "0")}-of-${count}`;
      if (!paths.some((other) => other.startsWith(shard))) {
        throw new FileFormatError(`${folder} is incomplete: ${path} is there, ${shard}.parquet is not`);
      }
    }
  }
  return paths.map((path) => join(folder, path));
}
