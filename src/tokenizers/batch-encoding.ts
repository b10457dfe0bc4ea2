// What a tokenizer's call returns, and its types: they follow from whether one text or many were given, and from the options.
import type { Tensor } from "../tensor/index.js";
import type { CallOptions } from "./options.js";

/** Texts in a column of a dataset, or any other list that can be walked: no copy is asked for. */
export interface TextColumn extends Iterable<string> {
  readonly length: number;
}

/** One text or many; with `isSplitIntoWords` one text is an array of words. */
export type TextInput = string | TextColumn | readonly (readonly string[])[];

/** The spans of a row's tokens in UTF-16 units, so that `text.slice(...span)` is the token's text; [0, 0] for added ones. */
export type Offsets = [start: number, end: number][];

/**
 * Fields named as the model's inputs, all own properties, so that `{ ...encoding }` has them. `Ids` is Int32Array for one
 * text, an array of them for many, a Tensor of int32 [rows, length] with `returnTensors`.
 */
export interface BatchEncoding<Ids, Spans = Offsets | Offsets[] | Tensor, Count = number | Int32Array | Tensor> {
  input_ids: Ids;
  /** 0 for the first text and what frames it, 1 for the second; only where the model takes them. */
  token_type_ids?: Ids;
  /** 1 for tokens, 0 for padding; absent only where it was refused. */
  attention_mask: Ids;
  /** 1 for tokens that the frame or padding added; with `returnSpecialTokensMask`. */
  special_tokens_mask?: Ids;
  /** With `returnOffsetsMapping`. */
  offset_mapping?: Spans;
  /** Tokens of each row; with `returnLength`. */
  length?: Count;
  /** For each row the number of the text that it is of; with `returnOverflowingTokens`. */
  overflow_to_sample_mapping?: Int32Array | Tensor;
}

type SingleEncoding = BatchEncoding<Int32Array, Offsets, number>;
type ManyEncoding = BatchEncoding<Int32Array[], Offsets[], Int32Array>;
type TensorEncoding = BatchEncoding<Tensor, Tensor, Tensor>;

type IsOneText<Texts, Options> = Options extends { readonly returnOverflowingTokens: true }
  ? false
  : Options extends { readonly isSplitIntoWords: true }
    ? Texts extends readonly string[]
      ? true
      : false
    : Texts extends string
      ? true
      : false;

type ArrayEncoding<Texts, Options> = IsOneText<Texts, Options> extends true ? SingleEncoding : ManyEncoding;

/** `Tensors` or `Arrays`, as `Options` have returnTensors; either where their type leaves it open. */
export type ByReturnTensors<Options, Tensors, Arrays> = Options extends { readonly returnTensors: infer Wanted }
  ? Wanted extends true
    ? Tensors
    : Arrays
  : "returnTensors" extends keyof Options
    ? Tensors | Arrays
    : Arrays;

/** The encoding of `Texts` under `Options`. */
export type Encoded<Texts, Options> = ByReturnTensors<Options, TensorEncoding, ArrayEncoding<Texts, Options>>;

/** How a tokenizer is called. */
export interface TokenizerCall {
  /**
   * Tokenizes one text, or many.
   *
   * Throws ConfigError for an option that does not exist or does not fit, DataError for a text that is none or cannot be
   * cut as asked.
   */
  <Texts extends TextInput, const Options extends CallOptions = Record<never, never>>(
    text: Texts,
    options?: Options,
  ): Encoded<Texts, Options>;
  /** Tokenizes a pair of texts, or two lists of texts pair by pair. */
  <Texts extends TextInput, const Options extends CallOptions = Record<never, never>>(
    text: Texts,
    pair: (Texts extends string ? string : Exclude<TextInput, string>) | null | undefined,
    options?: Options,
  ): Encoded<Texts, Options>;
}
