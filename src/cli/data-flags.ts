// The flags of `train`, `glue` and `eval` that say which data.
import { choice, integer, text, type ValuesOf } from "../trainer/fields.js";
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
