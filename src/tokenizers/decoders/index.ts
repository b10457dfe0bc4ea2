// The last stage, back to text: decoders, which turn tokens into the pieces of a readable string.
import { type JsonFields, makeStage, type StageTable } from "../json/fields.js";
import { WordPieceDecoder } from "./wordpiece.js";

export interface Decoder {
  /** For each token what it adds to the text; joined without separator they are the text. */
  decode(tokens: readonly string[]): string[];
  /** The stage as tokenizer.json holds it. */
  toJSON(): object;
}

const DECODERS: StageTable<Decoder> = {
  WordPiece: WordPieceDecoder.fromJson,
};

export function decoderFromJson(fields: JsonFields): Decoder {
  return makeStage(fields, fields.string("type"), DECODERS);
}
