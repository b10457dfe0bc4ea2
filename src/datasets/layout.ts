// What the names of data files tell where no card does: configurations, splits, and whether all parts are there.
// Names are those that datasets 5.2 writes and recognizes: data_files.py.
import { FileFormatError } from "../support/errors.js";
import { info } from "../support/log.js";
import { dataFiles, formatOfFile } from "./file-formats.js";

const KEYWORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    train: ["train", "training"],
    validation: ["validation", "valid", "val", "dev"],
    test: ["test", "testing", "eval", "evaluation"],
  }).flatMap(([split, words]) => words.map((word) => [word, split] as const)),
);
const SHARD = /^(.+)-\d{5}-of-(\d{5})[^/]*$/; // the name before the number, the number of parts

/**
 * The data files of each configuration: those of the format that most of the files have.
 * `<config>/<split>-00000-of-0000N.parquet` and `<config>/<split>/*.parquet` name a configuration; files at the top, in
 * `data/` and in folders named for a split there are the configuration "default".
 */
export function filesByConfig(paths: readonly string[]): Map<string, string[]> {
  const { files, others } = dataFiles(paths);
  if (others.length > 0) {
    info(
      `${files.length} files such as ${files[0]} are the data; left out: ${others.slice(0, 3).join(", ")}${others.length > 3 ? ", ..." : ""}`,
    );
  }
  const configs = new Map<string, string[]>();
  for (const file of files) {
    const folders = file.split("/").slice(0, -1);
    if (KEYWORDS.has(folders.at(-1) ?? "")) folders.pop();
    if (folders[0] === "data") folders.shift();
    const config = folders.length === 0 ? "default" : folders.join("/");
    configs.set(config, [...(configs.get(config) ?? []), file]);
  }
  return configs;
}

/**
 * One configuration's files by split, told by their folder (`train/`) or their name (`train-00000-of-00001.parquet`,
 * `dev.parquet`); all are train where none tells. Train, validation and test come first.
 *
 * @throws FileFormatError where some files tell their split and others do not
 */
export function filesBySplit(files: readonly string[]): Map<string, string[]> {
  const unnamed = files.find((file) => splitOf(file) === undefined);
  const named = files.find((file) => splitOf(file) !== undefined);
  if (unnamed !== undefined && named !== undefined) {
    throw new FileFormatError(
      `cannot tell the split of ${unnamed} beside ${named}: name it <split>.parquet, or list the files in README.md's configs`,
    );
  }
  const splits = new Map<string, string[]>();
  for (const file of files) {
    const split = splitOf(file) ?? "train";
    splits.set(split, [...(splits.get(split) ?? []), file]);
  }
  const usual = ["train", "validation", "test"];
  const rank = (split: string) => (usual.includes(split) ? usual.indexOf(split) : usual.length);
  return new Map([...splits].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1)));
}

function splitOf(file: string): string | undefined {
  const folders = file.split("/").slice(0, -1);
  const stem = formatOfFile(file)?.stem ?? "";
  const inFolder = KEYWORDS.get(folders.at(-1) ?? "");
  return inFolder ?? SHARD.exec(stem)?.[1] ?? keywordIn(stem);
}

/** The split that a word of a file's name tells; words end at `-`, `_`, `.`, blanks and digits. */
function keywordIn(stem: string): string | undefined {
  const found = stem.split(/[-._ \d]+/).flatMap((word) => KEYWORDS.get(word) ?? []);
  return new Set(found).size === 1 ? found[0] : undefined;
}

/** Throws FileFormatError where `chosen` has a part of N, `-00000-of-0000N`, and `files` lacks another part of the N. */
export function checkParts(folder: string, chosen: readonly string[], files: readonly string[]): void {
  for (const file of chosen) {
    const [, name, count = "0"] = SHARD.exec(file) ?? [];
    const extension = file.slice(file.lastIndexOf("."));
    for (let part = 0; part < Number(count); part++) {
      const shard = `${name}-${String(part).padStart(5, "0")}-of-${count}`;
      if (!files.some((other) => other.startsWith(shard))) {
        throw new FileFormatError(`${folder} is incomplete: ${file} is there, ${shard}${extension} is not`);
      }
    }
  }
}
