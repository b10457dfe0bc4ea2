// Unigram (tokenizers/src/models/unigram): every token has a score, and a word is cut so that the sum of scores is largest
// (Viterbi's algorithm).
import { DataError, FileFormatError } from "../../support/errors.js";
import type { JsonFields } from "../json/fields.js";
import { byteTokens } from "./byte-fallback.js";
import type { Model, ModelToken } from "./index.js";
import { Trie } from "./trie.js";

/** A token and its score, the logarithm of its probability. */
export type ScoredToken = readonly [token: string, score: number];

/** How much less than the least likely token a character scores that no token has. */
const UNKNOWN_PENALTY = 10;

export class Unigram implements Model {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly tokens: readonly ScoredToken[];
  /** The id of what stands for characters that no token has; undefined where there is none. */
  readonly unknownId: number | undefined;
  readonly byteFallback: boolean;
  readonly #scores: Float64Array;
  readonly #trie = new Trie();
  readonly #unknownScore: number;
  readonly #bytes: readonly (number | undefined)[];

  /** The token of id i is `tokens[i]`. */
  constructor(tokens: readonly ScoredToken[], unknownId: number | undefined, byteFallback = false) {
    this.tokens = tokens;
    this.unknownId = unknownId;
    this.byteFallback = byteFallback;
    this.vocabulary = new Map(tokens.map(([token], id) => [token, id]));
    this.#scores = Float64Array.from(tokens, ([, score]) => score);
    this.#unknownScore = this.#scores.reduce((a, b) => Math.min(a, b), Infinity) - UNKNOWN_PENALTY;
    for (const [token, id] of this.vocabulary) this.#trie.set(token, id);
    this.#bytes = byteTokens(this.vocabulary);
  }

  static fromJson(fields: JsonFields): Unigram {
    const tokens = fields.array("vocab").map((entry, id): ScoredToken => {
      const [token, score]: readonly unknown[] = Array.isArray(entry) ? entry : [];
      if (typeof token === "string" && typeof score === "number") return [token, score];
      throw new FileFormatError(
        `${fields.place}.vocab[${id}] is ${JSON.stringify(entry)}; a token and its score are needed`,
      );
    });
    const unknownId = fields.has("unk_id") ? fields.count("unk_id") : undefined;
    if (unknownId !== undefined && unknownId >= tokens.length) {
      throw new FileFormatError(`${fields.place}.unk_id is ${unknownId}, and there are ${tokens.length} tokens`);
    }
    return new Unigram(tokens, unknownId, fields.boolean("byte_fallback", false));
  }

  get unknownToken(): string | undefined {
    return this.unknownId === undefined ? undefined : this.tokens[this.unknownId]?.[0];
  }

  /** Throws DataError where a character is unknown and nothing stands for it. */
  tokenize(word: string): ModelToken[] {
    return this.#bestPath(word).flatMap(([start, end]) => this.#tokensOf(word.slice(start, end), start, end));
  }

  /** The stretches of the best cut; unknown characters side by side are one. */
  #bestPath(word: string): [start: number, end: number][] {
    const size = word.length;
    const best = new Float64Array(size + 1);
    const starts = new Int32Array(size + 1).fill(-1); // where the token that ends at a unit begins
    const unknown = new Uint8Array(size + 1); // 1 where that token stands for an unknown character
    const offer = (start: number, end: number, score: number, isUnknown: 0 | 1): void => {
      if (starts[end] >= 0 && score <= best[end]) return;
      best[end] = score;
      starts[end] = start;
      unknown[end] = isUnknown;
    };
    for (let start = 0; start < size; ) {
      const length = (word.codePointAt(start) ?? 0) > 0xffff ? 2 : 1;
      let known = false; // whether the character by itself is a token
      let node = 0;
      for (let end = start; end < size; ) {
        node = this.#trie.next(node, word.charCodeAt(end++));
        if (node === 0) break;
        const id = this.#trie.valueAt(node);
        if (id < 0) continue;
        offer(start, end, this.#scores[id] + best[start], id === this.unknownId ? 1 : 0);
        if (end - start === length) known = true;
      }
      if (!known) {
        this.#expectUnknown(word);
        offer(start, start + length, this.#unknownScore + best[start], 1);
      }
      start += length;
    }
    const path: [number, number][] = [];
    let joins = false;
    for (let end = size; end > 0; end = starts[end]) {
      if (joins && unknown[end]) path[path.length - 1][0] = starts[end];
      else path.push([starts[end], end]);
      joins = unknown[end] === 1;
    }
    return path.reverse();
  }

  #tokensOf(piece: string, start: number, end: number): ModelToken[] {
    const id = this.vocabulary.get(piece);
    if (id !== undefined) return [{ id, start, end }];
    if (this.byteFallback) {
      const ids = Array.from(Buffer.from(piece), (byte) => this.#bytes[byte]);
      if (ids.every((byte) => byte !== undefined)) return ids.map((byte) => ({ id: byte, start, end }));
    }
    return [{ id: this.#expectUnknown(piece), start, end }];
  }

  #expectUnknown(word: string): number {
    if (this.unknownId !== undefined) return this.unknownId;
    throw new DataError(`the vocabulary can spell no "${word}" and names no token for unknown characters: set unk_id`);
  }

  toJSON(): object {
    return {
      type: "Unigram",
      unk_id: this.unknownId ?? null,
      vocab: this.tokens,
      byte_fallback: this.byteFallback,
    };
  }
}
