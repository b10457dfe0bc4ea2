// The second stage: pre-tokenizers, which cut a normalized text into words; no token crosses the bounds of a word.
import { type JsonFields, makeStage, type StageTable } from "../json/fields.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { BertPreTokenizer } from "./bert.js";
import { ByteLevel } from "./byte-level.js";
import { CharDelimiterSplit } from "./char-delimiter.js";
import { Digits } from "./digits.js";
import { FixedLength } from "./fixed-length.js";
import { Metaspace } from "./metaspace.js";
import { Punctuation } from "./punctuation.js";
import { PreTokenizerSequence } from "./sequence.js";
import { Split } from "./split.js";
import { Whitespace } from "./whitespace.js";
import { WhitespaceSplit } from "./whitespace-split.js";

export interface PreTokenizer {
  /** The words of `text`, in order, none of them empty; `text` itself may be changed. */
  preTokenize(text: NormalizedString): NormalizedString[];
  /**
   * Where it cuts. "at spaces": before every single space between words, whatever stands around it (see Normalizer's
   * `wordwise`); "by characters": where single characters say so, so that a cut before a space changes nothing else.
   */
  readonly cuts: "at spaces" | "by characters" | "anywhere";
  /** True where a text at the very beginning is cut otherwise than one that follows an added token. */
  readonly knowsBeginning?: boolean;
  /** The stage as tokenizer.json holds it. */
  toJSON(): object;
}

const PRE_TOKENIZERS: StageTable<PreTokenizer> = {
  BertPreTokenizer: () => new BertPreTokenizer(),
  ByteLevel: ByteLevel.fromJson,
  CharDelimiterSplit: CharDelimiterSplit.fromJson,
  Digits: Digits.fromJson,
  FixedLength: FixedLength.fromJson,
  Metaspace: Metaspace.fromJson,
  Punctuation: Punctuation.fromJson,
  Sequence: (fields) => new PreTokenizerSequence(fields.stages("pretokenizers", preTokenizerFromJson)),
  Split: Split.fromJson,
  Whitespace: () => new Whitespace(),
  WhitespaceSplit: () => new WhitespaceSplit(),
};

export function preTokenizerFromJson(fields: JsonFields): PreTokenizer {
  return makeStage(fields, fields.string("type"), PRE_TOKENIZERS);
}
