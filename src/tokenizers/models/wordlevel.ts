// WordLevel (tokenizers/src/models/wordlevel): a word is a token, or unknown.
import { DataError } from "../../support/errors.js";
import type { JsonFields } from "../json/fields.js";
import type { Model, ModelToken } from "./index.js";
import { byId } from "./vocabulary.js";

export class WordLevel implements Model {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknownToken: string;

  constructor(vocabulary: ReadonlyMap<string, number>, unknownToken = "<unk>") {
    this.vocabulary = vocabulary;
    this.unknownToken = unknownToken;
  }

  static fromJson(fields: JsonFields): WordLevel {
    return new WordLevel(fields.counts("vocab"), fields.string("unk_token"));
  }

  /** Throws DataError where a word is unknown and the vocabulary has no token for that. */
  tokenize(word: string): ModelToken[] {
    const id = this.vocabulary.get(word) ?? this.vocabulary.get(this.unknownToken);
    if (id !== undefined) return [{ id, start: 0, end: word.length }];
    throw new DataError(`the vocabulary has no "${word}" and no token ${this.unknownToken} for unknown words: add it`);
  }

  toJSON(): object {
    return {
      type: "WordLevel",
      vocab: byId(this.vocabulary),
      unk_token: this.unknownToken,
    };
  }
}
