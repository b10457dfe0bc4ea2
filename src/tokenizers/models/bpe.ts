// Byte-pair encoding (tokenizers/src/models/bpe): a word is spelled in characters, and neighbours are merged, the pair that
// was learned first before all others, until no pair is known.
import { DataError, FileFormatError } from "../../support/errors.js";
import type { JsonFields } from "../json/fields.js";
import { byteTokens } from "./byte-fallback.js";
import type { Model, ModelToken } from "./index.js";
import { mergePieces, type Pieces } from "./merge.js";
import { byId } from "./vocabulary.js";

export type Merge = readonly [first: string, second: string];

export interface BpeOptions {
  /** What stands for characters that the vocabulary lacks. Default: none, such characters are lost. */
  readonly unknownToken?: string;
  /** What characters inside of a word begin with. Default: nothing. */
  readonly continuingSubwordPrefix?: string;
  /** What the last character of a word ends with. Default: nothing. */
  readonly endOfWordSuffix?: string;
  /** Several unknown characters in a row are one token. Default false. */
  readonly fuseUnknown?: boolean;
  /** Characters that the vocabulary lacks are spelled in tokens of bytes, <0x00> to <0xFF>. Default false. */
  readonly byteFallback?: boolean;
  /** A word that is a token is that token, whatever merging would give. Default false. */
  readonly ignoreMerges?: boolean;
}

export class Bpe implements Model {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly merges: readonly Merge[];
  readonly unknownToken: string | undefined;
  readonly options: BpeOptions;
  /** For two neighbouring ids, as one number, the rank of their merge. */
  readonly #ranks = new Map<number, number>();
  /** The id that each merge gives. */
  readonly #merged: Int32Array;
  readonly #pairFactor: number;
  /** Ids of <0x00> to <0xFF>. */
  readonly #bytes: readonly (number | undefined)[];

  /** Throws FileFormatError, naming `place`, where a merge is of tokens, or makes one, that the vocabulary lacks. */
  constructor(
    vocabulary: ReadonlyMap<string, number>,
    merges: readonly Merge[],
    options: BpeOptions = {},
    place = "merges",
  ) {
    this.vocabulary = vocabulary;
    this.merges = merges;
    this.options = options;
    this.unknownToken = options.unknownToken;
    this.#bytes = byteTokens(vocabulary);
    let largest = 0;
    for (const id of vocabulary.values()) largest = Math.max(largest, id);
    this.#pairFactor = largest + 1;
    this.#merged = new Int32Array(merges.length);
    const prefix = options.continuingSubwordPrefix?.length ?? 0;
    const idOf = (token: string, rank: number): number => {
      const id = vocabulary.get(token);
      if (id !== undefined) return id;
      throw new FileFormatError(`${place}[${rank}]: the vocabulary has no "${token}", which this merge needs`);
    };
    merges.forEach(([first, second], rank) => {
      const pair = idOf(first, rank) * this.#pairFactor + idOf(second, rank);
      this.#merged[rank] = idOf(first + second.slice(prefix), rank);
      this.#ranks.set(pair, rank);
    });
  }

  static fromJson(fields: JsonFields): Bpe {
    const text = (name: string): string | undefined => (fields.has(name) ? fields.string(name) : undefined);
    if (fields.has("dropout") && fields.number("dropout") !== 0) {
      throw new FileFormatError(
        `${fields.place}.dropout is ${fields.number("dropout")}; merging at random is not supported`,
      );
    }
    return new Bpe(
      fields.counts("vocab"),
      fields.array("merges").map((merge, rank) => mergeOf(merge, `${fields.place}.merges[${rank}]`)),
      {
        unknownToken: text("unk_token"),
        continuingSubwordPrefix: text("continuing_subword_prefix"),
        endOfWordSuffix: text("end_of_word_suffix"),
        fuseUnknown: fields.boolean("fuse_unk", false),
        byteFallback: fields.boolean("byte_fallback", false),
        ignoreMerges: fields.boolean("ignore_merges", false),
      },
      `${fields.place}.merges`,
    );
  }

  /** Throws DataError where a character is unknown and the vocabulary lacks the token that should stand for it. */
  tokenize(word: string): ModelToken[] {
    if (this.options.ignoreMerges) {
      const id = this.vocabulary.get(word);
      if (id !== undefined) return [{ id, start: 0, end: word.length }];
    }
    const pieces = this.#spell(word);
    mergePieces(pieces, this.#ranks, this.#merged, this.#pairFactor);
    const tokens: ModelToken[] = [];
    for (let i = 0; i < pieces.ids.length; i++) {
      if (pieces.ids[i] >= 0) tokens.push({ id: pieces.ids[i], start: pieces.starts[i], end: pieces.ends[i] });
    }
    return tokens;
  }

  /** The word in characters, bytes and unknown tokens. */
  #spell(word: string): Pieces {
    const { continuingSubwordPrefix: prefix, endOfWordSuffix: suffix } = this.options;
    const pieces: Pieces = { ids: [], starts: [], ends: [] };
    const add = (id: number, start: number, end: number): void => {
      pieces.ids.push(id);
      pieces.starts.push(start);
      pieces.ends.push(end);
    };
    let unknown: [start: number, end: number] | undefined; // characters that are not written yet
    const addUnknown = (): void => {
      if (unknown) add(this.#unknownId(word), ...unknown);
      unknown = undefined;
    };
    for (let start = 0; start < word.length; ) {
      const character = String.fromCodePoint(word.codePointAt(start) ?? 0);
      const end = start + character.length;
      let spelled = character;
      if (prefix !== undefined && start > 0) spelled = prefix + spelled;
      if (suffix !== undefined && end === word.length) spelled += suffix;
      const id = this.vocabulary.get(spelled);
      const bytes = id === undefined && this.options.byteFallback ? this.#bytesOf(spelled) : undefined;
      if (id !== undefined) {
        addUnknown();
        add(id, start, end);
      } else if (bytes) {
        for (const byte of bytes) add(byte, start, end);
      } else if (this.unknownToken !== undefined) {
        if (unknown && this.options.fuseUnknown) unknown[1] = end;
        else {
          addUnknown();
          unknown = [start, end];
        }
      }
      start = end;
    }
    addUnknown();
    return pieces;
  }

  /** The ids of the bytes of a text; undefined where the vocabulary lacks one. */
  #bytesOf(text: string): number[] | undefined {
    const ids: number[] = [];
    for (const byte of Buffer.from(text)) {
      const id = this.#bytes[byte];
      if (id === undefined) return undefined;
      ids.push(id);
    }
    return ids;
  }

  #unknownId(word: string): number {
    const id = this.vocabulary.get(this.unknownToken ?? "");
    if (id !== undefined) return id;
    throw new DataError(
      `the vocabulary can spell no "${word}" and has no token ${this.unknownToken} for unknown characters: add it`,
    );
  }

  toJSON(): object {
    const { options } = this;
    return {
      type: "BPE",
      dropout: null,
      unk_token: options.unknownToken ?? null,
      continuing_subword_prefix: options.continuingSubwordPrefix ?? null,
      end_of_word_suffix: options.endOfWordSuffix ?? null,
      fuse_unk: options.fuseUnknown ?? false,
      byte_fallback: options.byteFallback ?? false,
      ignore_merges: options.ignoreMerges ?? false,
      vocab: byId(this.vocabulary),
      merges: this.merges,
    };
  }
}

/** A merge of a file: two tokens, or in older files both with a space between. */
export function mergeOf(merge: unknown, place: string): Merge {
  const parts: unknown = typeof merge === "string" ? merge.split(" ") : merge;
  if (Array.isArray(parts) && parts.length === 2 && parts.every((part) => typeof part === "string")) {
    return parts as unknown as Merge;
  }
  throw new FileFormatError(`${place} is ${JSON.stringify(merge)}; two tokens are needed`);
}
