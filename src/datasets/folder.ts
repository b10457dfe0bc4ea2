// A dataset's folder as the Hub lays it out: the files of one of its configurations, by the card or by their names.
import { join, posix } from "node:path";
import { ConfigError, FileFormatError, nearest } from "../support/errors.js";
import { info as logInfo } from "../support/log.js";
import { type Card, type CardConfig, type CardInfo, readCard } from "./card.js";
import { dataFiles } from "./file-formats.js";
import { matchesGlob } from "./glob.js";
import { filesUnder } from "./glob-files.js";
import { checkParts, filesByConfig, filesBySplit } from "./layout.js";

const CARD = "README.md";

/** The files of one configuration, and what the card declares of them. */
export interface Configuration {
  /** Paths of each split's files, in order. */
  readonly splits: ReadonlyMap<string, readonly string[]>;
  readonly info: CardInfo | undefined;
}

/** What a dataset's repository holds: a folder on the disk, or one on the Hub. */
export interface DatasetFiles {
  /** For messages. */
  readonly where: string;
  /** Paths of all files, with forward slashes, in order. */
  readonly paths: readonly string[];
  readonly card: Card | undefined;
}

/** Which of a folder's files to take, in place of what its card and their names say. */
export interface FileChoice {
  /** Patterns by split; undefined where the files' names tell the splits. */
  readonly patterns: ReadonlyMap<string, readonly string[]> | undefined;
  /** The folder that patterns and names start from. */
  readonly directory: string | undefined;
}

/**
 * The configuration `name` of a dataset's folder, or without a name its only or default one; or the files of a choice.
 *
 * @throws ConfigError, listing the configurations, where the name is unknown or missing; FileFormatError where the card
 * cannot be read, or a split has no files or not all of them.
 */
export async function readFolder(folder: string, name?: string, choice?: FileChoice): Promise<Configuration> {
  const found = await filesUnder(folder);
  const card = found.includes(CARD) ? await readCard(join(folder, CARD)) : undefined;
  const isDeclared = choice !== undefined || (card !== undefined && card.configs.size > 0);
  const paths = isDeclared ? found : withoutRuns(folder, found);
  const { splits, info } = chooseConfiguration({ where: folder, paths, card }, name, choice);
  return {
    splits: new Map([...splits].map(([split, files]) => [split, files.map((path) => join(folder, path))])),
    info,
  };
}

/**
 * The files without those of training runs, whose logs and states are JSON, too. Throws ConfigError where the folder has no
 * data of its own beside them.
 */
function withoutRuns(folder: string, paths: readonly string[]): readonly string[] {
  const marks = paths.filter((path) => /(?:^|\/)(?:attune_run|trainer_state)\.json$/.test(path));
  if (marks.length === 0) return paths;
  // A checkpoint's state tells its run, which is the folder around it.
  const runs = marks.map((path) => path.slice(0, path.lastIndexOf("/") + 1).replace(/(^|\/)checkpoint-\d+\/$/, "$1"));
  const left = paths.filter((path) => !runs.some((run) => path.startsWith(run)));
  if (dataFiles(left).files.length > 0 && filesByConfig(left).has("default")) {
    logInfo(`${folder}: what training has written is left out, ${marks[0]} and the files around it`);
    return left;
  }
  throw new ConfigError(
    `${folder} holds what training has written (${marks[0]}), not rows: name a file, or a folder of Parquet, Arrow, JSON, CSV or text files`,
  );
}

/** The same by the paths alone: those of each split's files, as they are listed. */
export function chooseConfiguration(
  { where, paths, card }: DatasetFiles,
  name?: string,
  choice?: FileChoice,
): Configuration {
  if (choice !== undefined) {
    const splits = declaredSplits(where, undefined, choice, paths, "dataFiles make");
    return { splits, info: name === undefined ? undefined : card?.infos.get(name) };
  }
  const declared = card !== undefined && card.configs.size > 0 ? card.configs : undefined;
  const named = declared === undefined ? filesByConfig(paths) : undefined;

  const names = [...(declared?.keys() ?? named?.keys() ?? [])];
  if (names.length === 0) throw noData(where);
  const isDefault = (each: string) => each === "default" || declared?.get(each)?.isDefault === true;
  const chosen = name ?? (names.length === 1 ? names[0] : names.find(isDefault));
  if (chosen === undefined) {
    throw new ConfigError(`${where} has ${names.length} configurations, name the one to load: ${names.join(", ")}`);
  }
  if (!names.includes(chosen)) {
    const near = nearest(chosen, names);
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    throw new ConfigError(`${where} has no configuration "${chosen}": it has ${names.join(", ")}${hint}`);
  }

  const config = declared?.get(chosen);
  const splits =
    config === undefined ? filesBySplit(named?.get(chosen) ?? []) : declaredSplits(where, chosen, config, paths);
  for (const files of splits.values()) checkParts(where, files, paths);
  return { splits, info: card?.infos.get(chosen) };
}

function noData(folder: string): FileFormatError {
  const reason = "no README.md with `configs`, no Parquet, Arrow, JSON, CSV or text file";
  return new FileFormatError(`${folder} holds no data that can be loaded: ${reason}`);
}

/** The files of a configuration that the card declares: those that its patterns match, or all of its `data_dir`. */
function declaredSplits(
  folder: string,
  name: string | undefined,
  config: Pick<CardConfig, "directory" | "patterns">,
  files: readonly string[],
  source = "README.md makes",
): Map<string, string[]> {
  const directory = posix.join(config.directory ?? ".", "/").replace(/^\.?\//, ""); // "data/", or "" for the folder itself
  const within = files.filter((file) => file.startsWith(directory));
  if (config.patterns === undefined) {
    const data = dataFiles(within).files;
    if (data.length > 0) return filesBySplit(data);
    throw new FileFormatError(`${folder}: the configuration "${name}" has no data file under "${directory}"`);
  }
  const splits = new Map<string, string[]>();
  for (const [split, patterns] of config.patterns) {
    const found = patterns.flatMap((pattern) => {
      const glob = posix.join(directory, pattern);
      const matching = within.filter((file) => matchesGlob(file, glob));
      if (matching.length > 0) return matching;
      throw new FileFormatError(
        `${folder}: no file matches "${glob}", from which ${source} the split "${split}"${name === undefined ? "" : ` of "${name}"`}`,
      );
    });
    splits.set(split, [...new Set(found)]);
  }
  return splits;
}
