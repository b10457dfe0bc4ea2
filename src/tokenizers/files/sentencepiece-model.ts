// SentencePiece's model file: a protocol buffer (sentencepiece/src/sentencepiece_model.proto), of which this reads what a
// tokenizer needs.
import { FileFormatError } from "../../support/errors.js";

export interface SentencePiece {
  readonly piece: string;
  readonly score: number;
  readonly type: PieceType;
}

/** What a piece is; the numbers are the file's. */
export type PieceType = 1 | 2 | 3 | 4 | 5 | 6;
export const PIECE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

export interface SentencePieceModel {
  /** The piece of id i is `pieces[i]`. */
  readonly pieces: readonly SentencePiece[];
  readonly kind: "unigram" | "bpe";
  readonly unknownId: number;
  readonly byteFallback: boolean;
  /** Replacements of characters; empty where there are none. */
  readonly charsmap: Uint8Array;
  /** Whether a text gets a space before it. */
  readonly addDummyPrefix: boolean;
  /** Whether spaces at the ends go, and several in a row become one. */
  readonly removeExtraWhitespaces: boolean;
}

/** Throws FileFormatError, naming `file`, where it is damaged or of a kind that is not supported. */
export function readSentencePieceModel(bytes: Uint8Array, file: string): SentencePieceModel {
  const damaged = (why: string): FileFormatError =>
    new FileFormatError(`${file} is no SentencePiece model, or is damaged: ${why}`);
  const model = fieldsOf(bytes, damaged);
  const trainer = fieldsOf(lastBytes(model, 2) ?? new Uint8Array(), damaged);
  const normalizer = fieldsOf(lastBytes(model, 3) ?? new Uint8Array(), damaged);
  const pieces = (model.get(1) ?? []).map((field): SentencePiece => {
    if (!(field instanceof Uint8Array)) throw damaged("a piece is a number");
    const fields = fieldsOf(field, damaged);
    const piece = lastBytes(fields, 1);
    if (piece === undefined) throw damaged("a piece has no text");
    return {
      piece: Buffer.from(piece).toString("utf8"),
      score: floatOf(lastBytes(fields, 2)),
      type: (lastNumber(fields, 3) ?? PIECE.normal) as PieceType,
    };
  });
  if (pieces.length === 0) throw damaged("it has no pieces");
  const kind = lastNumber(trainer, 3) ?? 1;
  if (kind !== 1 && kind !== 2) {
    throw new FileFormatError(
      `${file} is a SentencePiece model of ${kind === 3 ? "words" : "characters"}; unigram and bpe are supported`,
    );
  }
  return {
    pieces,
    kind: kind === 1 ? "unigram" : "bpe",
    unknownId: lastNumber(trainer, 40) ?? 0,
    byteFallback: lastNumber(trainer, 35) === 1,
    charsmap: lastBytes(normalizer, 2) ?? new Uint8Array(),
    addDummyPrefix: lastNumber(normalizer, 3) !== 0,
    removeExtraWhitespaces: lastNumber(normalizer, 4) !== 0,
  };
}

/** A field's value: a number, or bytes. */
type Value = number | Uint8Array;
type Fields = ReadonlyMap<number, readonly Value[]>;

/** The fields of a message by number, each with all its values. */
function fieldsOf(bytes: Uint8Array, damaged: (why: string) => Error): Fields {
  const fields = new Map<number, Value[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= bytes.length) throw damaged(`it ends in a number at byte ${at}`);
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw damaged(`a number of more than ten bytes at ${at}`);
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw damaged(`a field at byte ${at} runs over its end`);
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const wire = tag % 8;
    let value: Value;
    if (wire === 0) value = varint();
    else if (wire === 1) value = take(8);
    else if (wire === 2) value = take(varint());
    else if (wire === 5) value = take(4);
    else throw damaged(`a field of the kind ${wire} at byte ${at}`);
    const number = Math.floor(tag / 8);
    const values = fields.get(number);
    if (values) values.push(value);
    else fields.set(number, [value]);
  }
  return fields;
}

function lastNumber(fields: Fields, number: number): number | undefined {
  const value = fields.get(number)?.at(-1);
  return typeof value === "number" ? value : undefined;
}

function lastBytes(fields: Fields, number: number): Uint8Array | undefined {
  const value = fields.get(number)?.at(-1);
  return value instanceof Uint8Array ? value : undefined;
}

/** A little-endian float; 0 where there is none. */
function floatOf(bytes: Uint8Array | undefined): number {
  return bytes?.length === 4 ? Buffer.from(bytes).readFloatLE() : 0;
}
