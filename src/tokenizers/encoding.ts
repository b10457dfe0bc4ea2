// BatchEncoding: what a call returns. Its fields are its own properties; its methods tell which token stands for which word
// and which characters.
import { DataError } from "../support/errors.js";

/** For each token of all rows of an encoding, one behind the other, where it comes from. */
export interface TokenOrigins {
  /** Row i is the tokens `starts[i]` up to but without `starts[i + 1]`. */
  readonly starts: Int32Array;
  readonly ids: Int32Array;
  /** Two numbers a token: its span of the text. */
  readonly offsets: Int32Array;
  /** The number of its word in the text; -1 for tokens that the frame or padding added. */
  readonly words: Int32Array;
  /** 0 for tokens of the first text, 1 for those of the second, -1 for others. */
  readonly sequences: Int32Array;
}

/** Which row of an encoding is meant, where it has several, and which text of a pair. */
export interface Place {
  /** Default 0. */
  readonly row?: number;
  /** Default 0, the first text. */
  readonly sequence?: 0 | 1;
}

export type Span = [start: number, end: number];

export class BatchEncoding {
  readonly #trace: () => TokenOrigins;
  readonly #tokenOf: (id: number) => string | undefined;
  #origins: TokenOrigins | undefined;

  /** `trace` is called when a method first needs it: most encodings are only fields. */
  constructor(fields: object, trace: () => TokenOrigins, tokenOf: (id: number) => string | undefined) {
    Object.assign(this, fields);
    this.#trace = trace;
    this.#tokenOf = tokenOf;
  }

  /** The tokens of a row. */
  tokens(row = 0): string[] {
    const { ids } = this.#all();
    const [start, end] = this.#range(row);
    return Array.from(ids.subarray(start, end), (id) => this.#tokenOf(id) ?? "");
  }

  /**
   * For each token of a row the number of its word: of the words that the text was given in, or that it was cut into; null
   * for tokens that the frame or padding added.
   */
  wordIds(row = 0): (number | null)[] {
    return this.#column(this.#all().words, row);
  }

  /** For each token of a row 0 or 1, the text of a pair that it is of; null for tokens that the frame or padding added. */
  sequenceIds(row = 0): (number | null)[] {
    return this.#column(this.#all().sequences, row);
  }

  /** The token that holds the character at UTF-16 unit `position` of a text; undefined where none does. */
  charToToken(position: number, place: Place = {}): number | undefined {
    const { offsets } = this.#all();
    return this.#find(place, (at) => position >= offsets[2 * at] && position < offsets[2 * at + 1]);
  }

  /** The span of the text that a token stands for; undefined for one that the frame or padding added. */
  tokenToChars(token: number, { row = 0 }: Pick<Place, "row"> = {}): Span | undefined {
    const { offsets, sequences } = this.#all();
    const at = this.#place(token, row);
    return sequences[at] < 0 ? undefined : [offsets[2 * at], offsets[2 * at + 1]];
  }

  /** 0 or 1, the text of a pair that a token is of; undefined for one that the frame or padding added. */
  tokenToSequence(token: number, { row = 0 }: Pick<Place, "row"> = {}): number | undefined {
    const sequence = this.#all().sequences[this.#place(token, row)];
    return sequence < 0 ? undefined : sequence;
  }

  /** The number of a token's word; undefined for one that the frame or padding added. */
  tokenToWord(token: number, { row = 0 }: Pick<Place, "row"> = {}): number | undefined {
    const word = this.#all().words[this.#place(token, row)];
    return word < 0 ? undefined : word;
  }

  /** The tokens of a word, from the first up to but without the last; undefined where no token is of it. */
  wordToTokens(word: number, place: Place = {}): Span | undefined {
    const { words } = this.#all();
    const first = this.#find(place, (at) => words[at] === word);
    if (first === undefined) return undefined;
    let last = first;
    this.#find(place, (at, token) => {
      if (words[at] === word) last = token;
      return false;
    });
    return [first, last + 1];
  }

  /** The span of the text that a word stands for; undefined where no token is of it. */
  wordToChars(word: number, place: Place = {}): Span | undefined {
    const tokens = this.wordToTokens(word, place);
    const { row = 0 } = place;
    const [first, last] = tokens ? [tokens[0], tokens[1] - 1] : [0, -1];
    if (last < 0) return undefined;
    const [start] = this.tokenToChars(first, { row }) ?? [0];
    const [, end] = this.tokenToChars(last, { row }) ?? [0, 0];
    return [start, end];
  }

  /** The number of the word that holds the character at UTF-16 unit `position` of a text; undefined where none does. */
  charToWord(position: number, place: Place = {}): number | undefined {
    const token = this.charToToken(position, place);
    return token === undefined ? undefined : this.tokenToWord(token, place);
  }

  #all(): TokenOrigins {
    this.#origins ??= this.#trace();
    return this.#origins;
  }

  #range(row: number): Span {
    const { starts } = this.#all();
    if (Number.isInteger(row) && row >= 0 && row + 1 < starts.length) return [starts[row], starts[row + 1]];
    throw new DataError(`the encoding has ${starts.length - 1} rows; there is no row ${row}`);
  }

  #place(token: number, row: number): number {
    const [start, end] = this.#range(row);
    if (Number.isInteger(token) && token >= 0 && start + token < end) return start + token;
    throw new DataError(`row ${row} of the encoding has ${end - start} tokens; there is no token ${token}`);
  }

  #column(values: Int32Array, row: number): (number | null)[] {
    return Array.from(values.subarray(...this.#range(row)), (value) => (value < 0 ? null : value));
  }

  /** The first token of a text of a row for which `fits` is true. */
  #find({ row = 0, sequence = 0 }: Place, fits: (at: number, token: number) => boolean): number | undefined {
    const { sequences } = this.#all();
    const [start, end] = this.#range(row);
    for (let at = start; at < end; at++) {
      if (sequences[at] === sequence && fits(at, at - start)) return at - start;
    }
    return undefined;
  }
}
