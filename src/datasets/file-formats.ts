// The formats of data files: which one a name tells, and which options each of them has.
import { ConfigError, FileFormatError, nearest } from "../support/errors.js";
import type { StructFeature } from "./features.js";
import type { FileReader } from "./readers/batch.js";
import { type CsvOptions, CsvReader } from "./readers/csv.js";
import { type JsonOptions, JsonReader } from "./readers/json.js";
import { type TextOptions, TextReader } from "./readers/text.js";

/** A format of files, by the name that Python's `load_dataset` has for it. */
export type FormatName = "parquet" | "arrow" | "json" | "csv" | "text";

/** How files are read, by their format. An option of another format than the files' is an error. */
export interface FileOptions extends CsvOptions, JsonOptions, TextOptions {}

// In the order in which one is chosen where a folder holds as many files of two formats.
const EXTENSIONS: Readonly<Record<FormatName, readonly string[]>> = {
  parquet: ["parquet"],
  arrow: ["arrow"],
  json: ["jsonl", "ndjson", "json", "jsonl.gz", "ndjson.gz", "json.gz"],
  csv: ["csv", "tsv", "csv.gz", "tsv.gz"],
  text: ["txt", "txt.gz"],
};

const ENCODING = ["encoding", "encodingErrors"] as const;
const OPTIONS: Readonly<Record<FormatName, readonly (keyof FileOptions)[]>> = {
  parquet: [],
  arrow: [],
  json: [...ENCODING, "field"],
  csv: [
    ...ENCODING,
    "delimiter",
    "quoting",
    "quoteChar",
    "escapeChar",
    "naValues",
    "keepDefaultNa",
    "header",
    "columnNames",
    "skipRows",
    "onBadLines",
    "fillShortLines",
  ],
  text: [...ENCODING, "sampleBy", "keepLinebreaks"],
};

/** Files of these names describe data and hold none. */
const NO_DATA = new Set([
  "README.md",
  "config.json",
  "dataset_info.json",
  "dataset_infos.json",
  "dataset_dict.json",
  "state.json",
]);

/** Of all options those that say how files of a format are read. */
export function optionsOf(format: FormatName, options: FileOptions): Partial<FileOptions> {
  return Object.fromEntries(OPTIONS[format].map((name) => [name, options[name]]));
}

export function isFormatName(name: string): name is FormatName {
  return Object.hasOwn(EXTENSIONS, name);
}

/** The format that a file's name tells, and what stands before the extension that tells it; undefined where none does. */
export function formatOfFile(path: string): { format: FormatName; stem: string } | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (NO_DATA.has(name)) return undefined;
  for (const [format, extensions] of Object.entries(EXTENSIONS)) {
    const extension = extensions.find((each) => name.toLowerCase().endsWith(`.${each}`));
    if (extension !== undefined) return { format: format as FormatName, stem: name.slice(0, -extension.length - 1) };
  }
  return undefined;
}

/** The data files among `paths`: those of the format that most of them have. */
export function dataFiles(paths: readonly string[]): { files: string[]; others: string[] } {
  const byFormat = new Map<FormatName, string[]>(Object.keys(EXTENSIONS).map((name) => [name as FormatName, []]));
  for (const path of paths) {
    const found = formatOfFile(path);
    if (found !== undefined) byFormat.get(found.format)?.push(path);
  }
  const [files = [], ...others] = [...byFormat.values()].sort((a, b) => b.length - a.length);
  return { files, others: others.flat() };
}

/** The one format of some files. Throws FileFormatError where the names tell none or two. */
export function formatOfFiles(files: readonly string[]): FormatName {
  let first: { file: string; format: FormatName } | undefined;
  for (const file of files) {
    const format = formatOfFile(file.replaceAll("\\", "/"))?.format;
    if (format === undefined) {
      const known = Object.values(EXTENSIONS).flatMap((extensions) =>
        extensions.filter((each) => !each.endsWith(".gz")),
      );
      throw new FileFormatError(
        `cannot tell what ${file} is: names of data files end in ${known.map((each) => `.${each}`).join(", ")}. ` +
          'Where it is one of these under another name, load it by its format: loadDataset("csv", { dataFiles })',
      );
    }
    first ??= { file, format };
    if (format !== first.format) {
      throw new FileFormatError(
        `${first.file} and ${file} are of two formats, ${first.format} and ${format}: load them one by one`,
      );
    }
  }
  if (first === undefined) throw new ConfigError("there are no files to load");
  return first.format;
}

/** A reader of a text format. `wished`: the types asked for. `whole`: all rows will be read, so their values tell types. */
export function readerOf(
  format: "json" | "csv" | "text",
  options: FileOptions,
  wished: StructFeature | undefined,
  whole: boolean,
): FileReader {
  if (format === "csv") return new CsvReader(options, wished);
  return format === "json" ? new JsonReader(options, wished, whole) : new TextReader(options, wished);
}

const ALL_OPTIONS = [...new Set(Object.values(OPTIONS).flat())];

/** Throws ConfigError where options are given that the format does not have. `others`: options that are not a format's. */
export function checkFormatOptions(format: FormatName, options: object, others: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || others.includes(name) || OPTIONS[format].some((each) => each === name)) continue;
    const owners = Object.entries(OPTIONS).flatMap(([owner, names]) =>
      names.some((each) => each === name) ? owner : [],
    );
    if (owners.length > 0) {
      throw new ConfigError(`"${name}" is an option of ${owners.join(" and ")} files, and these are ${format} files`);
    }
    const near = nearest(name, [...ALL_OPTIONS, ...others]);
    throw new ConfigError(
      `loadDataset has no option "${name}"${near === undefined ? "" : `; did you mean "${near}"?`}`,
    );
  }
}
