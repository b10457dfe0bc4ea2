// The last stage, back to text: decoders, which turn tokens into the pieces of a readable string.
import { type JsonFields, makeStage, type StageTable } from "../json/fields.js";
import { BpeDecoder } from "./bpe.js";
import { ByteFallbackDecoder } from "./byte-fallback.js";
import { ByteLevelDecoder } from "./byte-level.js";
import { CtcDecoder } from "./ctc.js";
import { FuseDecoder } from "./fuse.js";
import { MetaspaceDecoder } from "./metaspace.js";
import { ReplaceDecoder } from "./replace.js";
import { DecoderSequence } from "./sequence.js";
import { StripDecoder } from "./strip.js";
import { WordPieceDecoder } from "./wordpiece.js";

export interface Decoder {
  /** What the tokens add to the text, in pieces; joined without separator they are the text. */
  decode(tokens: readonly string[]): string[];
  /** The stage as tokenizer.json holds it. */
  toJSON(): object;
}

const DECODERS: StageTable<Decoder> = {
  BPEDecoder: BpeDecoder.fromJson,
  ByteFallback: () => new ByteFallbackDecoder(),
  ByteLevel: ByteLevelDecoder.fromJson,
  CTC: CtcDecoder.fromJson,
  Fuse: () => new FuseDecoder(),
  Metaspace: MetaspaceDecoder.fromJson,
  Replace: ReplaceDecoder.fromJson,
  Sequence: (fields) => new DecoderSequence(fields.stages("decoders", decoderFromJson)),
  Strip: StripDecoder.fromJson,
  WordPiece: WordPieceDecoder.fromJson,
};

export function decoderFromJson(fields: JsonFields): Decoder {
  return makeStage(fields, fields.string("type"), DECODERS);
}
