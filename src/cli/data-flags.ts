// The flags of `train`, `glue` and `eval` that say which data.
import { AttuneError, DataError } from "../support/errors.js";
import { choice, integer, kebabCase, text, toggle, type ValuesOf } from "../trainer/fields.js";
import { UsageError } from "./flags.js";

export const datasetFlags = {
  dataset: text({
    default: undefined,
    placeholder: "ID|PATH",
    help: "a dataset on the Hub, a folder in its layout, or a file",
  }),
  config: text({ default: undefined, placeholder: "NAME", help: "configuration of the dataset: mrpc, sst2, ..." }),
} as const;

export const columnFlags = {
  textColumn: text({ default: undefined, placeholder: "NAME", help: "column of text", defaultNote: "found" }),
  pairColumn: text({
    default: undefined,
    placeholder: "NAME",
    help: "column of the second text",
    defaultNote: "found",
  }),
  labelColumn: text({ default: undefined, placeholder: "NAME", help: "column of labels", defaultNote: "found" }),
} as const;

export const lengthFlags = {
  maxLength: integer({
    default: undefined,
    min: 1,
    help: "tokens that texts are cut to",
    defaultNote: "the model's limit",
  }),
} as const;

export const dataFlags = { ...datasetFlags, ...columnFlags, ...lengthFlags } as const;

/** How files of one's own are read, where they are CSV or the encoding is not UTF-8. */
export const fileFlags = {
  delimiter: text({
    default: undefined,
    placeholder: "CHAR",
    help: "what stands between the fields of a CSV file",
    defaultNote: "a comma, or what its first line has in place of one",
  }),
  encoding: text({
    default: undefined,
    placeholder: "NAME",
    help: "of a file of text: windows-1252, utf-16le, ...",
    defaultNote: "utf-8",
  }),
  encodingErrors: choice(["strict", "replace"], {
    default: "strict",
    help: "bytes that are not of the encoding: refuse them, or read U+FFFD in their place",
  }),
  onBadLines: choice(["error", "warn", "skip"], {
    default: "error",
    help: "lines of a CSV file with more or fewer fields than columns: refuse them, or leave them out",
  }),
  fillShortLines: toggle({ default: false, help: "take fields that a line of a CSV file lacks at its end as missing" }),
} as const;

export type FileFlags = Partial<ValuesOf<typeof fileFlags>>;

/** How files are read, as loadDataset takes it; what has its default is left out, since other formats do not know it. */
export function fileOptions(values: FileFlags): FileFlags {
  const names = Object.keys(fileFlags) as (keyof FileFlags)[];
  const chosen = names.filter((name) => values[name] !== undefined && values[name] !== fileFlags[name].default);
  return Object.fromEntries(chosen.map((name) => [name, values[name]]));
}

/** Runs `load`; what its errors advise to give loadDataset, `{ encoding: "windows-1252" }`, they say as flags. */
export async function advisingFlags<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof AttuneError)) throw error;
    const message = error.message.replaceAll(
      /\{ (\w+): (?:"([^"]+)"|true) \}/g,
      (option, name: string, value?: string) =>
        Object.hasOwn(fileFlags, name) ? `--${kebabCase(name)}${value === undefined ? "" : ` ${value}`}` : option,
    );
    throw message === error.message ? error : new DataError(message, { cause: error });
  }
}

/** For data of one's own. */
export const ownDataFlags = {
  data: text({
    default: undefined,
    placeholder: "PATH",
    help: "own data: a CSV, JSON Lines or Parquet file, or a folder with a folder of .txt files for each label",
  }),
  problem: choice(["found", "classification", "regression"], {
    default: "found",
    help: "whether numbers in the label column are classes or values",
  }),
  ...fileFlags,
} as const;

export type DataFlags = ValuesOf<typeof dataFlags>;

/** Refuses what names no data, or data twice, before anything is loaded. @throws UsageError */
export function checkSource(
  command: string,
  { data, dataset, config }: { readonly data?: string; readonly dataset?: string; readonly config?: string },
): void {
  if (data === undefined && dataset === undefined) {
    throw new UsageError(
      `attune ${command} needs --dataset or --data: which rows. \`attune ${command} --help\` lists the flags`,
    );
  }
  if (data !== undefined && (dataset !== undefined || config !== undefined)) {
    throw new UsageError("--data is for files of your own, and takes the place of --dataset and --config");
  }
}
