// A dataset's card: what the YAML at the beginning of README.md says of configurations, files, features and row counts.
// Forms are those of datasets 5.2, utils/metadata.py and info.py.
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { AttuneError, FileFormatError } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import type { StructFeature } from "./features.js";
import { featuresFromYaml } from "./read-features.js";

/** What a card says; a card without YAML says nothing. */
export interface Card {
  /** `configs` by name. */
  readonly configs: ReadonlyMap<string, CardConfig>;
  /** `dataset_info` by the name of the configuration; "default" where the card gives none. */
  readonly infos: ReadonlyMap<string, CardInfo>;
}

/** One of a card's `configs`. */
export interface CardConfig {
  /** True where it is marked as the one to load when none is named. */
  readonly isDefault: boolean;
  /** `data_dir`, the folder that the patterns start from. */
  readonly directory: string | undefined;
  /** `data_files`: patterns by split; undefined where the names of the files tell the splits. */
  readonly patterns: ReadonlyMap<string, readonly string[]> | undefined;
}

/** What `dataset_info` declares of a configuration. */
export interface CardInfo {
  readonly features: StructFeature | undefined;
  /** The number of rows by split. */
  readonly rows: ReadonlyMap<string, number>;
}

/** The card at `path`. Throws FileFormatError where its YAML or one of these fields cannot be read. */
export async function readCard(path: string): Promise<Card> {
  try {
    const fields = frontMatter(await readFile(path, "utf8"));
    const infos = recordsOf(fields, "dataset_info");
    return {
      configs: new Map(recordsOf(fields, "configs").map((config) => [String(config.config_name), configOf(config)])),
      infos: new Map(infos.map((info) => [String(info.config_name ?? "default"), infoOf(info)])),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileFormatError(`${path}: ${reason}`, { cause: error });
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** The YAML between the two lines of dashes with which a card begins. */
function frontMatter(text: string): Fields {
  const yaml = /^\uFEFF?---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)/s.exec(text)?.[1];
  if (yaml === undefined) return {};
  try {
    const fields: unknown = parse(yaml, { logLevel: "error" });
    return isObject(fields) ? fields : {};
  } catch (error) {
    throw new FileFormatError(`the YAML at its beginning cannot be read: ${String(error)}`, { cause: error });
  }
}

function configOf(config: Fields): CardConfig {
  return {
    isDefault: config.default === true,
    directory: typeof config.data_dir === "string" ? config.data_dir : undefined,
    patterns: patternsOf(String(config.config_name), config.data_files),
  };
}

/** What `data_files` says: a pattern or patterns, of the split train, or `{split, path}` records. */
function patternsOf(config: string, dataFiles: unknown): Map<string, string[]> | undefined {
  if (dataFiles === undefined || dataFiles === null) return undefined;
  const entries: unknown[] = [dataFiles].flat();
  if (entries.length > 0 && isStrings(entries)) return new Map([["train", entries]]);
  const splits = new Map<string, string[]>();
  for (const entry of entries) {
    const { split, path } = isObject(entry) ? entry : { split: undefined, path: undefined };
    const paths: unknown[] = [path].flat();
    if (typeof split !== "string" || splits.has(split) || paths.length === 0 || !isStrings(paths)) {
      throw new FileFormatError(
        `data_files of "${config}" should be patterns, or one record {split, path} for each split, not ${JSON.stringify(entry)}`,
      );
    }
    splits.set(split, paths);
  }
  return splits;
}

function infoOf(info: Fields): CardInfo {
  const rows = new Map<string, number>();
  for (const { name, num_examples: count } of recordsOf(info, "splits")) {
    if (typeof name === "string" && typeof count === "number") rows.set(name, count);
  }
  if (info.features === undefined) return { features: undefined, rows };
  try {
    return { features: featuresFromYaml(info.features), rows };
  } catch (error) {
    if (!(error instanceof AttuneError)) throw error;
    throw new FileFormatError(`dataset_info: ${error.message}`, { cause: error });
  }
}

function isStrings(values: unknown[]): values is string[] {
  return values.every((value) => typeof value === "string");
}

/** A field that holds one record or a list of them. */
function recordsOf(fields: Fields, name: string): Fields[] {
  return [fields[name] ?? []].flat().filter(isObject);
}
