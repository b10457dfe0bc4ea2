// The flags of `train` and `eval` that say which data.
import { integer, text, type ValuesOf } from "../trainer/fields.js";

export const dataFlags = {
  dataset: text({
    default: undefined,
    placeholder: "PATH",
    help: "a dataset's folder in the Hub's layout, or a Parquet file",
  }),
  config: text({ default: undefined, placeholder: "NAME", help: "configuration of the dataset: mrpc, sst2, ..." }),
  textColumn: text({ default: undefined, placeholder: "NAME", help: "column of text", defaultNote: "found" }),
  pairColumn: text({
    default: undefined,
    placeholder: "NAME",
    help: "column of the second text",
    defaultNote: "found",
  }),
  labelColumn: text({ default: undefined, placeholder: "NAME", help: "column of labels", defaultNote: "found" }),
  maxLength: integer({
    default: undefined,
    min: 1,
    help: "tokens that texts are cut to",
    defaultNote: "the model's limit",
  }),
} as const;

export type DataFlags = ValuesOf<typeof dataFlags>;
