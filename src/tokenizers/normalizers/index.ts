// The first stage: normalizers, which change a text before it is cut into words.
import { type JsonFields, makeStage, type StageTable } from "../json/fields.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { BertNormalizer } from "./bert.js";

export interface Normalizer {
  /** Changes `text` in place. */
  normalize(text: NormalizedString): void;
  /**
   * True where the parts of a text between spaces, tabs and line ends can be normalized one by one with the same result:
   * it lets the pipeline remember what each part became.
   */
  readonly wordwise: boolean;
  /** The stage as tokenizer.json holds it. */
  toJSON(): object;
}

const NORMALIZERS: StageTable<Normalizer> = {
  BertNormalizer: BertNormalizer.fromJson,
};

export function normalizerFromJson(fields: JsonFields): Normalizer {
  return makeStage(fields, fields.string("type"), NORMALIZERS);
}
