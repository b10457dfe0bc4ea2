// What a tokenizer's call returns, and its types: they follow from whether one text or many were given, and from the options.
import type { Tensor } from "../tensor/index.js";
import type { BatchEncoding } from "./encoding.js";
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
 * What a call returns beside the methods of BatchEncoding: own properties named as the model's inputs, so that
 * `{ ...encoding }` has them. `Ids` is Int32Array for one text, an array of them for many, a Tensor of int32
 * [rows, length] with `returnTensors`. A model that takes no token_type_ids (DistilBERT, say) has none unless
 * `returnTokenTypeIds` asks for them.
 */
export interface EncodingFields<Ids> {
  input_ids: Ids;
  /** 0 for the first text and what frames it, 1 for the second. */
  token_type_ids: Ids;
  /** 1 for tokens, 0 for padding. */
  attention_mask: Ids;
}

/** The fields that come when they are asked for. */
export interface OptionalFields<Ids, Spans, Count> {
  /** 1 for tokens that the frame or padding added. */
  special_tokens_mask: Ids;
  offset_mapping: Spans;
  /** Tokens of each row, padding included. */
  length: Count;
  /** For each row the number of the text that it is of. */
  overflow_to_sample_mapping: Count extends number ? Int32Array : Count;
  /** The ids of `textTarget`. */
  labels: Ids;
}

/** The literal type of an option: undefined where it is not given, with undefined where it may be left out. */
type Given<Options, Name extends string> = Options extends { readonly [N in Name]: infer Value }
  ? Value
  : Name extends keyof Options
    ? Options[Name] | undefined
    : undefined;

/** `Fields` where an option is true, maybe where it may be. */
type WhenTrue<Option, Fields> = [Option] extends [true]
  ? Fields
  : [Option] extends [false | undefined]
    ? unknown
    : Partial<Fields>;

/** `Fields` unless an option is false, maybe where it may be. */
type UnlessFalse<Option, Fields> = [Option] extends [false]
  ? unknown
  : [Option] extends [true | undefined]
    ? Fields
    : Partial<Fields>;

/** An intersection written out as one object type, as an editor should show it. */
type Flat<T> = { [Key in keyof T]: T[Key] };

/** `Fields` where an option is given, maybe where it may be. */
type WhenGiven<Option, Fields> = [Option] extends [undefined]
  ? unknown
  : undefined extends Option
    ? Partial<Fields>
    : Fields;

type EncodingOf<Ids, Spans, Count, Options> = BatchEncoding & FieldsOf<Ids, Spans, Count, Options>;

type FieldsOf<Ids, Spans, Count, Options> = Flat<
  Pick<EncodingFields<Ids>, "input_ids"> &
    UnlessFalse<Given<Options, "returnTokenTypeIds">, Pick<EncodingFields<Ids>, "token_type_ids">> &
    UnlessFalse<Given<Options, "returnAttentionMask">, Pick<EncodingFields<Ids>, "attention_mask">> &
    WhenTrue<
      Given<Options, "returnSpecialTokensMask">,
      Pick<OptionalFields<Ids, Spans, Count>, "special_tokens_mask">
    > &
    WhenTrue<Given<Options, "returnOffsetsMapping">, Pick<OptionalFields<Ids, Spans, Count>, "offset_mapping">> &
    WhenTrue<Given<Options, "returnLength">, Pick<OptionalFields<Ids, Spans, Count>, "length">> &
    WhenTrue<
      Given<Options, "returnOverflowingTokens">,
      Pick<OptionalFields<Ids, Spans, Count>, "overflow_to_sample_mapping">
    > &
    WhenGiven<Given<Options, "textTarget">, Pick<OptionalFields<Ids, Spans, Count>, "labels">>
>;

type ArrayEncoding<Texts, Options> =
  IsOneText<Texts, Options> extends true
    ? EncodingOf<Int32Array, Offsets, number, Options>
    : EncodingOf<Int32Array[], Offsets[], Int32Array, Options>;

type IsOneText<Texts, Options> = Options extends { readonly returnOverflowingTokens: true }
  ? false
  : Options extends { readonly isSplitIntoWords: true }
    ? Texts extends readonly string[]
      ? true
      : false
    : Texts extends string
      ? true
      : false;

/** `Tensors` or `Arrays`, as `Options` have returnTensors; either where their type leaves it open. */
export type ByReturnTensors<Options, Tensors, Arrays> = [Given<Options, "returnTensors">] extends [true]
  ? Tensors
  : [Given<Options, "returnTensors">] extends [false | undefined]
    ? Arrays
    : Tensors | Arrays;

/** The encoding of `Texts` under `Options`. */
export type Encoded<Texts, Options> = ByReturnTensors<
  Options,
  EncodingOf<Tensor, Tensor, Tensor, Options>,
  Texts extends unknown ? ArrayEncoding<Texts, Options> : never
>;

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
