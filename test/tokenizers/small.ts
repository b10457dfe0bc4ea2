// A small BERT tokenizer, made in code and written as a tokenizer.json for the Rust package.
import { createBertTokenizer, type PreTrainedTokenizer } from "../../src/tokenizers/index.js";
import { formatJson } from "../../src/tokenizers/json/text.js";

/** É stands in it twice: as one character, and as E with a combining acute accent. */
export const SMALL_VOCABULARY = (
  "[PAD] [UNK] [CLS] [SEP] [MASK] a b c d e f g h i j k l m n o p q r s t u v w x y z ##a ##b ##c ##d ##e ##f ##g ##h ##i " +
  "##j ##k ##l ##m ##n ##o ##p ##q ##r ##s ##t ##u ##v ##w ##x ##y ##z the fox ##es jump ##ed over . , ! ? ' - 中 é É " +
  "E\u0301 ##é"
).split(" ");

export function small(): PreTrainedTokenizer {
  return createBertTokenizer(SMALL_VOCABULARY, { modelMaxLength: 16 });
}

/** tokenizer.json of the small tokenizer, with some of its fields replaced. */
export function smallJson(fields: Readonly<Record<string, unknown>> = {}): string {
  return formatJson({ ...small().pipeline.toJSON(), ...fields });
}
