// The second stage: pre-tokenizers, which cut a normalized text into words; no token crosses the bounds of a word.
import { type JsonFields, makeStage, type StageTable } from "../json/fields.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { BertPreTokenizer } from "./bert.js";

export interface PreTokenizer {
  /** The words of `text`, in order, none of them empty. */
  preTokenize(text: NormalizedString): NormalizedString[];
  /** True where every space, tab and line end separates words and belongs to none (see Normalizer's `wordwise`). */
  readonly wordwise: boolean;
  /** The stage as tokenizer.json holds it. */
  toJSON(): object;
}

const PRE_TOKENIZERS: StageTable<PreTokenizer> = {
  BertPreTokenizer: () => new BertPreTokenizer(),
};

export function preTokenizerFromJson(fields: JsonFields): PreTokenizer {
  return makeStage(fields, fields.string("type"), PRE_TOKENIZERS);
}
