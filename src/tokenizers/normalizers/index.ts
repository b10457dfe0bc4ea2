// The first stage: normalizers, which change a text before it is cut into words.
import { type JsonFields, makeStage, type StageTable } from "../json/fields.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { BertNormalizer } from "./bert.js";
import { ByteLevelNormalizer } from "./byte-level.js";
import { Lowercase } from "./lowercase.js";
import { Nmt } from "./nmt.js";
import { Precompiled } from "./precompiled.js";
import { Prepend } from "./prepend.js";
import { Replace } from "./replace.js";
import { NormalizerSequence } from "./sequence.js";
import { Strip } from "./strip.js";
import { StripAccents } from "./strip-accents.js";
import { UnicodeForm } from "./unicode-form.js";

export interface Normalizer {
  /** Changes `text` in place. */
  normalize(text: NormalizedString): void;
  /**
   * True where a text may be cut before single spaces and its parts be normalized one by one with the same result: it lets
   * the pipeline remember what each part became.
   */
  readonly wordwise: boolean;
  /** The stage as tokenizer.json holds it. */
  toJSON(): object;
}

const NORMALIZERS: StageTable<Normalizer> = {
  BertNormalizer: BertNormalizer.fromJson,
  ByteLevel: () => new ByteLevelNormalizer(),
  Lowercase: () => new Lowercase(),
  NFC: () => new UnicodeForm("NFC"),
  NFD: () => new UnicodeForm("NFD"),
  NFKC: () => new UnicodeForm("NFKC"),
  NFKD: () => new UnicodeForm("NFKD"),
  Nmt: () => new Nmt(),
  Precompiled: Precompiled.fromJson,
  Prepend: Prepend.fromJson,
  Replace: Replace.fromJson,
  Sequence: (fields) => new NormalizerSequence(fields.stages("normalizers", normalizerFromJson)),
  Strip: Strip.fromJson,
  StripAccents: () => new StripAccents(),
};

export function normalizerFromJson(fields: JsonFields): Normalizer {
  return makeStage(fields, fields.string("type"), NORMALIZERS);
}
