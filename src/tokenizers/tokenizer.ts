// The tokenizer that users hold: a function from texts to an encoding, with methods for the way back.

import { createHash } from "node:crypto";
import { inspect } from "node:util";
import type { Published, PublishOptions } from "../hub/index.js";
import { publishWritten } from "../hub/publish/written.js";
import { ConfigError, DataError } from "../support/errors.js";
import { type Fingerprinted, fingerprint, type Serializable, type Serialized, serialize } from "../support/symbols.js";
import { Tensor } from "../tensor/index.js";
import type { AddedToken } from "./added-tokens.js";
import { encodeTexts } from "./call.js";
import type { TextInput, TokenizerCall } from "./call-types.js";
import { cleanUp } from "./decoders/wordpiece.js";
import { formatJson } from "./json/text.js";
import { Bpe } from "./models/bpe.js";
import type { CallOptions, PaddingOptions, Side } from "./options.js";
import { type EncodedColumns, type EncodedRow, type EncodedRows, type Padded, padEncodings } from "./pad.js";
import { Pipeline } from "./pipeline.js";
import { plainPieces } from "./post-processors/pieces.js";
import { saveTokenizer } from "./save.js";
import type { TokenizerSettings } from "./settings.js";
import type { SpecialTokenRole } from "./special-tokens.js";

/** A tokenizer: a function of texts, `tokenizer(text, pair?, options?)`, that has methods. */
export type PreTrainedTokenizer = PreTrainedTokenizerBase & TokenizerCall;

export interface DecodeOptions {
  /** Leave out special tokens. Default false. */
  readonly skipSpecialTokens?: boolean;
  /**
   * Take out spaces before punctuation and in contractions. Default: the tokenizer's, false for most. As in Python it says
   * nothing to byte-pair encodings, whose spaces are the text's own.
   */
  readonly cleanUpTokenizationSpaces?: boolean;
}

/** A tokenizer of this pipeline and these settings, as a function. */
export function makeTokenizer(pipeline: Pipeline, settings: TokenizerSettings): PreTrainedTokenizer {
  const base = new PreTrainedTokenizerBase(pipeline, { ...settings });
  const call = (text: TextInput, pairOrOptions?: unknown, options?: CallOptions) =>
    encodeTexts(base.pipeline, base.settings, text, pairOrOptions, options);
  // A function's own `length` and `name` would hide the tokenizer's.
  Reflect.deleteProperty(call, "length");
  Reflect.deleteProperty(call, "name");
  return Object.setPrototypeOf(call, base) as PreTrainedTokenizer;
}

/** The tokenizer that was sent to this thread. */
export function restoreTokenizer({
  json,
  settings,
}: {
  json: string;
  settings: TokenizerSettings;
}): PreTrainedTokenizer {
  return makeTokenizer(Pipeline.fromJson(JSON.parse(json), "a tokenizer of another thread"), settings);
}

/**
 * The methods of a tokenizer. A tokenizer is a function that inherits from an object of this class, which is why the class
 * has no #private members: the function would not have them.
 */
export class PreTrainedTokenizerBase implements Fingerprinted, Serializable {
  /** Changed through the properties and methods below only. */
  readonly settings: TokenizerSettings;
  private readonly stages: { pipeline: Pipeline };

  constructor(pipeline: Pipeline, settings: TokenizerSettings) {
    this.stages = { pipeline };
    this.settings = settings;
  }

  /** The stages of tokenizer.json. */
  get pipeline(): Pipeline {
    return this.stages.pipeline;
  }

  /** Tokens of the model's vocabulary, without those added to it. */
  get vocabSize(): number {
    return this.pipeline.parts.model.vocabulary.size;
  }

  /** All tokens: one more than the largest id, and so the rows that an embedding table needs. */
  get length(): number {
    return this.pipeline.size;
  }

  /** Every token with its id, those added to the vocabulary among them. */
  getVocab(): Map<string, number> {
    return new Map([...this.pipeline.parts.model.vocabulary, ...this.pipeline.addedIds]);
  }

  /** The tokens that were added to the vocabulary or are looked for as a whole, with their ids. */
  getAddedVocab(): Map<string, number> {
    return new Map(this.pipeline.addedIds);
  }

  /** The most tokens that the model takes; Infinity where its files do not say. */
  get modelMaxLength(): number {
    return this.settings.modelMaxLength;
  }

  set modelMaxLength(length: number) {
    if (!(length >= 1)) throw new ConfigError(`modelMaxLength is ${length}; a number of tokens is needed`);
    this.settings.modelMaxLength = length;
  }

  /** Where padding goes unless a call says otherwise. */
  get paddingSide(): Side {
    return this.settings.paddingSide;
  }

  set paddingSide(side: Side) {
    this.settings.paddingSide = expectSide("paddingSide", side);
  }

  /** Where truncation takes tokens away. */
  get truncationSide(): Side {
    return this.settings.truncationSide;
  }

  set truncationSide(side: Side) {
    this.settings.truncationSide = expectSide("truncationSide", side);
  }

  /** What the model takes: input_ids, attention_mask, and for some token_type_ids. */
  get modelInputNames(): readonly string[] {
    return this.settings.modelInputNames;
  }

  get bosToken(): string | undefined {
    return this.tokenFor("bos_token");
  }

  get bosTokenId(): number | undefined {
    return this.idFor("bos_token");
  }

  get eosToken(): string | undefined {
    return this.tokenFor("eos_token");
  }

  get eosTokenId(): number | undefined {
    return this.idFor("eos_token");
  }

  get unkToken(): string | undefined {
    return this.tokenFor("unk_token");
  }

  get unkTokenId(): number | undefined {
    return this.idFor("unk_token");
  }

  get sepToken(): string | undefined {
    return this.tokenFor("sep_token");
  }

  get sepTokenId(): number | undefined {
    return this.idFor("sep_token");
  }

  get padToken(): string | undefined {
    return this.tokenFor("pad_token");
  }

  /** Makes a token the one that pads; where it is no token yet it is added. */
  set padToken(token: string) {
    this.addSpecialTokens({ pad_token: token });
  }

  get padTokenId(): number | undefined {
    return this.idFor("pad_token");
  }

  get clsToken(): string | undefined {
    return this.tokenFor("cls_token");
  }

  get clsTokenId(): number | undefined {
    return this.idFor("cls_token");
  }

  get maskToken(): string | undefined {
    return this.tokenFor("mask_token");
  }

  get maskTokenId(): number | undefined {
    return this.idFor("mask_token");
  }

  /**
   * Adds tokens that are found in texts as a whole; those that are no tokens yet get ids behind all others, and the model
   * needs a row for each of them: load it with `vocab_size: tokenizer.length`. Returns how many are new.
   *
   * Throws ConfigError for a token that is empty.
   */
  addTokens(
    tokens: string | NewToken | readonly (string | NewToken)[],
    options: { readonly specialTokens?: boolean } = {},
  ): number {
    const special = options.specialTokens ?? false;
    const list = Array.isArray(tokens) ? (tokens as readonly (string | NewToken)[]) : [tokens as string | NewToken];
    const before = this.pipeline.size;
    this.stages.pipeline = this.pipeline.withTokens(list.map((token) => addedTokenOf(token, special)));
    return this.pipeline.size - before;
  }

  /**
   * Gives tokens roles, `{ pad_token: "[PAD]" }`, or makes them special without one (`additional_special_tokens`), and adds
   * those that are no tokens yet. Returns how many are new.
   */
  addSpecialTokens(
    roles: Readonly<Partial<Record<SpecialTokenRole, string>>> & {
      readonly additional_special_tokens?: readonly string[];
    },
  ): number {
    const { additional_special_tokens: extra = [], ...named } = roles;
    const before = this.settings.specialTokens;
    const added = this.addTokens([...Object.values(named), ...extra], { specialTokens: true });
    this.settings.specialTokens = {
      roles: new Map([...before.roles, ...Object.entries(named)]),
      extra: [...new Set([...before.extra, ...extra])],
    };
    return added;
  }

  /** The special tokens that have a role, and those that have none. */
  get allSpecialTokens(): string[] {
    const { roles, extra } = this.settings.specialTokens;
    return [...new Set([...roles.values(), ...extra])];
  }

  get allSpecialIds(): number[] {
    return this.convertTokensToIds(this.allSpecialTokens);
  }

  /** The special tokens that have a role, by it: `{ cls_token: "[CLS]", ... }`. */
  get specialTokensMap(): Record<string, string> {
    return Object.fromEntries(this.settings.specialTokens.roles);
  }

  /** How many special tokens a call adds to a text, or to a pair. */
  numSpecialTokensToAdd(pair = false): number {
    const pieces = this.pipeline.parts.postProcessor?.pieces(pair, true) ?? plainPieces(pair);
    return pieces.filter(({ kind }) => kind === "special").length;
  }

  /** The ids of a text or a pair, with special tokens unless `options` say otherwise: `input_ids` of a call. */
  encode(text: string, options?: CallOptions): Int32Array;
  encode(text: string, pair: string | null | undefined, options?: CallOptions): Int32Array;
  encode(text: string, pairOrOptions?: string | null | CallOptions, options?: CallOptions): Int32Array {
    const isPair = typeof pairOrOptions === "string" || !pairOrOptions;
    const [pair, given] = isPair ? [pairOrOptions, options] : [null, pairOrOptions];
    const one = { ...given, returnTensors: false, returnOverflowingTokens: false };
    const { input_ids } = encodeTexts(this.pipeline, this.settings, text, pair, one);
    return input_ids as Int32Array;
  }

  /** The tokens of a text or a pair, without special tokens unless they are asked for. */
  tokenize(text: string, pair?: string | null, options: { readonly addSpecialTokens?: boolean } = {}): string[] {
    const { addSpecialTokens = false } = options;
    return this.convertIdsToTokens(this.encode(text, pair, { addSpecialTokens, verbose: false }));
  }

  /**
   * The text of a row of ids; an id that no token has adds nothing to it. Throws DataError for a tensor that is no single
   * row, or whose values only the device knows.
   */
  decode(ids: number | Iterable<number> | Tensor, options: DecodeOptions = {}): string {
    const row = typeof ids === "number" ? [ids] : ids instanceof Tensor ? rowOf(ids) : ids;
    const text = this.pipeline.decode(row, options.skipSpecialTokens ?? false);
    const cleans = options.cleanUpTokenizationSpaces ?? this.settings.cleanUpTokenizationSpaces;
    return cleans && !(this.pipeline.parts.model instanceof Bpe) ? cleanUp(text) : text;
  }

  /** The text of each row of ids, which a tensor int32 [rows, length] may hold. Throws as decode. */
  batchDecode(rows: Iterable<Iterable<number>> | Tensor, options: DecodeOptions = {}): string[] {
    return Array.from(rows instanceof Tensor ? rowsOf(rows) : rows, (ids) => this.decode(ids, options));
  }

  /** The text that tokens make. */
  convertTokensToString(tokens: readonly string[]): string {
    return this.pipeline.joinTokens(tokens);
  }

  /**
   * The id of a token, or the ids of many; a token that does not exist has the id of the unknown token.
   * Throws DataError where it does not exist and neither does an unknown token.
   */
  convertTokensToIds(token: string): number;
  convertTokensToIds(tokens: readonly string[]): number[];
  convertTokensToIds(tokens: string | readonly string[]): number | number[] {
    if (typeof tokens !== "string") return tokens.map((token) => this.convertTokensToIds(token));
    const id = this.pipeline.idOf(tokens) ?? this.unkTokenId;
    if (id === undefined) throw new DataError(`"${tokens}" is no token, and the tokenizer has none for unknown ones`);
    return id;
  }

  /** The token of an id, or the tokens of many, special ones left out on demand. Throws DataError where an id has no token. */
  convertIdsToTokens(id: number): string;
  convertIdsToTokens(ids: Iterable<number>, options?: Pick<DecodeOptions, "skipSpecialTokens">): string[];
  convertIdsToTokens(
    ids: number | Iterable<number>,
    options: Pick<DecodeOptions, "skipSpecialTokens"> = {},
  ): string | string[] {
    if (typeof ids !== "number") {
      const special = new Set(options.skipSpecialTokens ? this.allSpecialIds : []);
      return Array.from(ids)
        .filter((id) => !special.has(id))
        .map((id) => this.convertIdsToTokens(id));
    }
    const token = this.pipeline.tokenOf(ids);
    if (token === undefined) throw new DataError(`no token has the id ${ids}; ids run from 0 to ${this.length - 1}`);
    return token;
  }

  /**
   * Pads rows that are tokenized already: an array of rows, columns of rows, or one row. Pads to the longest row unless
   * `options` say otherwise; adds an attention_mask where there is none.
   *
   * Throws DataError where the rows have no input_ids or their fields differ in length.
   */
  pad<
    Encodings extends EncodedRows | EncodedColumns | EncodedRow,
    const Options extends PaddingOptions = Record<never, never>,
  >(encodings: Encodings, options?: Options): Padded<Encodings, Options> {
    return padEncodings(this.pipeline, this.settings, encodings, options ?? {}) as Padded<Encodings, Options>;
  }

  /**
   * Writes tokenizer.json, tokenizer_config.json and special_tokens_map.json, as Python's from_pretrained reads them; each
   * file appears whole or not at all. The folder is made where it does not exist.
   */
  async savePretrained(folder: string): Promise<void> {
    await saveTokenizer(this.pipeline, this.settings, folder);
  }

  /**
   * Publishes the tokenizer on the Hub, in one commit beside what the repository has: `owner/name`, or `name` of the account
   * that is logged in.
   * Throws HubError, naming a folder that holds the tokenizer, where the Hub does not take it.
   */
  pushToHub(repoId: string, options: PublishOptions = {}): Promise<Published> {
    const write = (folder: string) => this.savePretrained(folder);
    return publishWritten(repoId, { commitMessage: "Upload tokenizer", ...options }, write);
  }

  /** Changes with anything that a call's result depends on. */
  [fingerprint](): string {
    const { config: _, specialTokens, ...settings } = this.settings;
    const options = JSON.stringify([settings, [...specialTokens.roles], specialTokens.extra]);
    return createHash("sha256").update(this.pipeline.fingerprint).update(options).digest("hex");
  }

  /** What a worker thread makes the tokenizer of, with restoreTokenizer. */
  [serialize](): Serialized {
    const state = { json: formatJson(this.pipeline.toJSON()), settings: this.settings };
    return { module: import.meta.url, restore: "restoreTokenizer", state };
  }

  [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    const { model } = this.pipeline.parts;
    const shown = {
      model: model.constructor.name,
      vocabSize: this.vocabSize,
      modelMaxLength: this.modelMaxLength,
      paddingSide: this.paddingSide,
      truncationSide: this.truncationSide,
      specialTokens: Object.fromEntries(this.settings.specialTokens.roles),
    };
    return `PreTrainedTokenizer ${print(shown, options)}`;
  }

  private tokenFor(role: SpecialTokenRole): string | undefined {
    return this.settings.specialTokens.roles.get(role);
  }

  private idFor(role: SpecialTokenRole): number | undefined {
    const token = this.tokenFor(role);
    return token === undefined ? undefined : this.pipeline.idOf(token);
  }
}

/** A token to add; how it is found in texts is as transformers' AddedToken says. */
export interface NewToken {
  readonly content: string;
  /** Only where it is not part of a longer word. Default false. */
  readonly singleWord?: boolean;
  /** It takes the white space on its left with it. Default false. */
  readonly lstrip?: boolean;
  /** It takes the white space on its right with it. Default false. */
  readonly rstrip?: boolean;
  /** It is looked for, itself normalized, in the normalized text. Default: unless it is special. */
  readonly normalized?: boolean;
}

function addedTokenOf(token: string | NewToken, special: boolean): Omit<AddedToken, "id"> {
  const { content, singleWord, lstrip, rstrip, normalized } =
    typeof token === "string" ? ({ content: token } as NewToken) : token;
  if (typeof content !== "string" || content === "")
    throw new ConfigError("a token to add needs a text that is not empty");
  return {
    content,
    single_word: singleWord ?? false,
    lstrip: lstrip ?? false,
    rstrip: rstrip ?? false,
    normalized: normalized ?? !special,
    special,
  };
}

function rowOf(ids: Tensor): Int32Array {
  if (ids.rank === 1) return hostIds(ids);
  throw new DataError(`decode takes one row of ids, not ${String(ids)}: batchDecode takes rows of them`);
}

function rowsOf(ids: Tensor): Int32Array[] {
  const [rows, length] = ids.shape;
  if (ids.rank !== 2) throw new DataError(`batchDecode takes ids of shape [rows, length], not ${String(ids)}`);
  const values = hostIds(ids);
  return Array.from({ length: rows }, (_, row) => values.subarray(row * length, (row + 1) * length));
}

function hostIds(ids: Tensor): Int32Array {
  if (ids.host) return ids.host;
  throw new DataError(`only the device knows the values of ${String(ids)}: give await ids.toArray()`);
}

function expectSide(name: string, side: Side): Side {
  if (side === "left" || side === "right") return side;
  throw new ConfigError(`${name} is ${JSON.stringify(side)}; it is "left" or "right"`);
}
