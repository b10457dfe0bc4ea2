// The third stage: models, which cut words into the tokens of a vocabulary.
import { FileFormatError } from "../../support/errors.js";
import { type JsonFields, makeStage, type StageTable } from "../json/fields.js";
import { Bpe } from "./bpe.js";
import { Unigram } from "./unigram.js";
import { WordLevel } from "./wordlevel.js";
import { WordPiece } from "./wordpiece.js";

/** A token found in a word: its id, and the UTF-16 units of the word that it covers. */
export interface ModelToken {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

export interface Model {
  /** Every token with its id. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** What stands for words that the vocabulary cannot spell. */
  readonly unknownToken: string | undefined;
  /** The tokens of a word, in order; the same for the same word. */
  tokenize(word: string): ModelToken[];
  /** The stage as tokenizer.json holds it; a Map is an object whose order is the Map's. */
  toJSON(): object;
}

const MODELS: StageTable<Model> = {
  BPE: Bpe.fromJson,
  Unigram: Unigram.fromJson,
  WordLevel: WordLevel.fromJson,
  WordPiece: WordPiece.fromJson,
};

export function modelFromJson(fields: JsonFields): Model {
  return makeStage(fields, fields.has("type") ? fields.string("type") : guessType(fields), MODELS);
}

/** The type of a model in a file from before tokenizers 0.9, which left it out. */
function guessType(fields: JsonFields): string {
  if (fields.has("merges")) return "BPE";
  if (fields.has("continuing_subword_prefix")) return "WordPiece";
  if (Array.isArray(fields.object.vocab)) return "Unigram";
  if (fields.has("vocab")) return "WordLevel";
  throw new FileFormatError(`${fields.place} has neither a type nor a vocabulary`);
}
