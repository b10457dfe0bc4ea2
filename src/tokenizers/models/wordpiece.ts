// WordPiece (tokenizers/src/models/wordpiece/mod.rs): a word is the longest token it begins with, then the longest
// continuation ("##ing") of the rest, and so on; where one step finds none, the whole word is unknown.
import { DataError } from "../../support/errors.js";
import type { JsonFields } from "../json/fields.js";
import type { Model, ModelToken } from "./index.js";
import { byId } from "./vocabulary.js";

export interface WordPieceOptions {
  /** Default "[UNK]". */
  readonly unknownToken?: string;
  /** What tokens that go on with a word begin with. Default "##". */
  readonly continuingSubwordPrefix?: string;
  /** Words with more characters (code points) are unknown. Default 100. */
  readonly maxInputCharsPerWord?: number;
}

export class WordPiece implements Model {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknownToken: string;
  readonly continuingSubwordPrefix: string;
  readonly maxInputCharsPerWord: number;
  /** The tokens that go on with a word, without their prefix. */
  readonly #continuations = new Map<string, number>();
  /** UTF-16 units of the longest token: no longer piece of a word needs to be looked up. */
  readonly #longest: number;

  constructor(vocabulary: ReadonlyMap<string, number>, options: WordPieceOptions = {}) {
    this.vocabulary = vocabulary;
    this.unknownToken = options.unknownToken ?? "[UNK]";
    this.continuingSubwordPrefix = options.continuingSubwordPrefix ?? "##";
    this.maxInputCharsPerWord = options.maxInputCharsPerWord ?? 100;
    let longest = 0;
    for (const [token, id] of vocabulary) {
      longest = Math.max(longest, token.length);
      if (token.startsWith(this.continuingSubwordPrefix)) {
        this.#continuations.set(token.slice(this.continuingSubwordPrefix.length), id);
      }
    }
    this.#longest = longest;
  }

  static fromJson(fields: JsonFields): WordPiece {
    return new WordPiece(fields.counts("vocab"), {
      unknownToken: fields.string("unk_token", "[UNK]"),
      continuingSubwordPrefix: fields.string("continuing_subword_prefix", "##"),
      maxInputCharsPerWord: fields.count("max_input_chars_per_word", 100),
    });
  }

  /** Throws DataError where a word is unknown and the vocabulary has no token for that. */
  tokenize(word: string): ModelToken[] {
    if (word.length > this.maxInputCharsPerWord && Array.from(word).length > this.maxInputCharsPerWord) {
      return this.#unknown(word);
    }
    const tokens: ModelToken[] = [];
    for (let start = 0; start < word.length; ) {
      const token = this.#longestFrom(word, start);
      if (token === undefined) return this.#unknown(word);
      tokens.push(token);
      start = token.end;
    }
    return tokens;
  }

  #longestFrom(word: string, start: number): ModelToken | undefined {
    const tokens = start === 0 ? this.vocabulary : this.#continuations;
    for (let end = Math.min(word.length, start + this.#longest); end > start; end--) {
      if (splitsPair(word, end)) continue;
      const id = tokens.get(word.slice(start, end));
      if (id !== undefined) return { id, start, end };
    }
    return undefined;
  }

  #unknown(word: string): ModelToken[] {
    const id = this.vocabulary.get(this.unknownToken);
    if (id === undefined) {
      throw new DataError(
        `the vocabulary can spell no "${word}" and has no token ${this.unknownToken} for unknown words: add it`,
      );
    }
    return [{ id, start: 0, end: word.length }];
  }

  toJSON(): object {
    return {
      type: "WordPiece",
      unk_token: this.unknownToken,
      continuing_subword_prefix: this.continuingSubwordPrefix,
      max_input_chars_per_word: this.maxInputCharsPerWord,
      vocab: byId(this.vocabulary),
    };
  }
}

/** True where `position` lies between the two units of one character. */
function splitsPair(text: string, position: number): boolean {
  const unit = text.charCodeAt(position); // NaN at the end
  return unit >= 0xdc00 && unit < 0xe000 && (text.charCodeAt(position - 1) & 0xfc00) === 0xd800;
}
