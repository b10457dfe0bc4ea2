// What loadDataset was given, recognized: a format's name with files, a folder in the Hub's layout, files, patterns of files,
// or a dataset on the Hub. The answer is the same for all: files by split, and what is declared of them.
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type HubOptions, isRepoId } from "../hub/index.js";
import { ConfigError, FileFormatError, nearest } from "../support/errors.js";
import type { CardInfo } from "./card.js";
import { type FormatName, formatOfFiles, isFormatName } from "./file-formats.js";
import { type FileChoice, readFolder } from "./folder.js";
import { expandPatterns, isPattern } from "./glob-files.js";
import { fetchConfiguration } from "./hub.js";

/** Which files to load. */
export interface SourceOptions extends HubOptions {
  /**
   * Paths or patterns of files: of the split train, or by split. They start from the folder or repository that is loaded,
   * from the working directory where a format is named.
   */
  dataFiles?: string | readonly string[] | Readonly<Record<string, string | readonly string[]>>;
  /** The folder within the dataset's in which its files are. */
  dataDir?: string;
}

/** A dataset's files. */
export interface Source {
  /** For messages. */
  readonly where: string;
  /** Paths of each split's files, in order. */
  readonly splits: ReadonlyMap<string, readonly string[]>;
  readonly format: FormatName;
  /** What the dataset's card declares, and where that stands. */
  readonly info: CardInfo | undefined;
  readonly card: string;
}

/**
 * The files that `path` means; of a dataset on the Hub those of `splits` only, where they are given.
 *
 * @throws ConfigError, FileFormatError or HubError where there are none, or a configuration is missing or unknown
 */
export async function findSource(
  path: string | readonly string[],
  config: string | undefined,
  splits: readonly string[] | undefined,
  options: SourceOptions,
): Promise<Source> {
  const where = String(path);
  const done = (files: Source["splits"], info?: CardInfo, format?: FormatName): Source => {
    const chosen = [...files].filter(([split]) => splits?.includes(split) ?? true).flatMap(([, each]) => each);
    const all = [...files.values()].flat();
    return {
      where,
      splits: files,
      format: format ?? formatOfFiles(chosen.length > 0 ? chosen : all),
      info,
      card: join(where, "README.md"),
    };
  };

  if (typeof path !== "string") {
    refuseConfig(config);
    if (path.length === 0) throw new ConfigError("loadDataset was given an empty list of files");
    return done(new Map([["train", await expandPatterns(path)]]));
  }
  const found = await stat(path).catch(() => undefined);
  const choice = choiceOf(options);
  if (isFormatName(path) && (found === undefined || options.dataFiles !== undefined)) {
    refuseConfig(config);
    if (choice?.patterns === undefined) {
      throw new ConfigError(`loadDataset("${path}") needs the files to load: { dataFiles: "reviews/*" }`);
    }
    const files = new Map<string, string[]>();
    for (const [split, patterns] of choice.patterns) {
      files.set(split, await expandPatterns(patterns.map((each) => join(options.dataDir ?? "", each))));
    }
    return done(files, undefined, path);
  }
  if (found?.isDirectory()) {
    const { splits: files, info } = await readFolder(path, config, choice);
    return done(files, info);
  }
  if (found !== undefined || isPattern(path)) {
    refuseConfig(config);
    if (choice !== undefined) throw new ConfigError(`dataFiles and dataDir have no meaning for the file ${path}`);
    return done(new Map([["train", await expandPatterns([path])]]));
  }
  if (!isRepoId(path) || /\.(parquet|arrow|jsonl?|ndjson|csv|tsv|txt|gz)$/i.test(path)) {
    const neighbours = await readdir(dirname(path)).catch(() => []);
    const near = nearest(basename(path), neighbours);
    const meant = near === undefined ? "" : `; did you mean ${join(dirname(path), near)}?`;
    throw new FileFormatError(`there is no file or folder ${path}${meant}`);
  }
  const { splits: files, info } = await fetchConfiguration(path, config, splits, options, choice);
  return done(files, info);
}

function refuseConfig(config: string | undefined): void {
  if (config === undefined) return;
  throw new ConfigError(
    `the configuration "${config}" has no meaning for files: configurations are those of a dataset's folder`,
  );
}

function choiceOf({ dataFiles, dataDir }: SourceOptions): FileChoice | undefined {
  if (dataFiles === undefined && dataDir === undefined) return undefined;
  return { patterns: patternsBySplit(dataFiles), directory: dataDir };
}

function patternsBySplit(given: SourceOptions["dataFiles"]): Map<string, string[]> | undefined {
  if (given === undefined) return undefined;
  const isList = typeof given === "string" || Array.isArray(given);
  const bySplit = isList
    ? { train: given as string | readonly string[] }
    : (given as Record<string, string | string[]>);
  const entries = Object.entries(bySplit).map(([split, patterns]) => [split, [patterns].flat()] as const);
  for (const [split, patterns] of entries) {
    if (patterns.length > 0 && patterns.every((pattern) => typeof pattern === "string" && pattern !== "")) continue;
    throw new ConfigError(`dataFiles gives no files to the split "${split}": give a path, a pattern or a list of them`);
  }
  if (entries.length === 0) throw new ConfigError("dataFiles names no files");
  return new Map(entries);
}
