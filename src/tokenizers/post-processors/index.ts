// The fourth stage: post-processors, which put special tokens around one sequence or a pair and say each token's type.
import { type JsonFields, makeStage, type StageTable } from "../json/fields.js";
import { BertProcessing } from "./bert.js";
import { ByteLevelProcessing } from "./byte-level.js";
import type { OffsetTrim, Piece } from "./pieces.js";
import { RobertaProcessing } from "./roberta.js";
import { PostProcessorSequence } from "./sequence.js";
import { TemplateProcessing } from "./template.js";

export interface PostProcessor {
  /** What the final sequence consists of, in order; without special tokens where they are not wanted. */
  pieces(pair: boolean, addSpecialTokens: boolean): readonly Piece[];
  /** How offsets are trimmed, where they are. */
  readonly trim?: OffsetTrim;
  /** Whether it puts tokens around a text, or says of which type its tokens are. */
  readonly frames: boolean;
  /** The stage as tokenizer.json holds it. */
  toJSON(): object;
}

const POST_PROCESSORS: StageTable<PostProcessor> = {
  BertProcessing: BertProcessing.fromJson,
  ByteLevel: ByteLevelProcessing.fromJson,
  RobertaProcessing: RobertaProcessing.fromJson,
  Sequence: (fields) => new PostProcessorSequence(fields.stages("processors", postProcessorFromJson), fields.place),
  TemplateProcessing: TemplateProcessing.fromJson,
};

export function postProcessorFromJson(fields: JsonFields): PostProcessor {
  return makeStage(fields, fields.string("type"), POST_PROCESSORS);
}
