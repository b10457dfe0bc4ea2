// The fourth stage: post-processors, which put special tokens around one sequence or a pair and say each token's type.
import { type JsonFields, makeStage, type StageTable } from "../json/fields.js";
import { BertProcessing } from "./bert.js";
import type { Piece } from "./pieces.js";
import { TemplateProcessing } from "./template.js";

export interface PostProcessor {
  /** What the final sequence consists of, in order; without special tokens where they are not wanted. */
  pieces(pair: boolean, addSpecialTokens: boolean): readonly Piece[];
  /** The stage as tokenizer.json holds it. */
  toJSON(): object;
}

const POST_PROCESSORS: StageTable<PostProcessor> = {
  BertProcessing: BertProcessing.fromJson,
  TemplateProcessing: TemplateProcessing.fromJson,
};

export function postProcessorFromJson(fields: JsonFields): PostProcessor {
  return makeStage(fields, fields.string("type"), POST_PROCESSORS);
}
