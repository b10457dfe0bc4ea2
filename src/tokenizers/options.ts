// What a tokenizer's call may be asked for: the options of transformers' `__call__` with its defaults and its rules.
import { ConfigError } from "../support/errors.js";
import { warnOnce } from "../support/log.js";
import { expectCount, expectKnown, expectOneOf } from "../support/options.js";
import type { TextInput } from "./call-types.js";
import type { TruncationStrategy } from "./truncation.js";

export type Side = "left" | "right";

export interface PaddingOptions {
  /**
   * true or "longest": to the longest row of the call; "max_length": to `maxLength`, by default the model's maximum; false
   * or "do_not_pad", the default of a call: not at all.
   */
  readonly padding?: boolean | "longest" | "max_length" | "do_not_pad";
  /** Tokens of a row at most, special tokens included. Default: the model's maximum. */
  readonly maxLength?: number;
  /** Rows are padded up to a multiple of this. */
  readonly padToMultipleOf?: number;
  /** Where padding goes. Default: the tokenizer's. */
  readonly paddingSide?: Side;
  /** false: without attention_mask. Default: as the model takes it. */
  readonly returnAttentionMask?: boolean;
  /** Tensors of int32 [rows, length] in place of arrays; rows have to be of one length. Default false. */
  readonly returnTensors?: boolean;
}

export interface CallOptions extends PaddingOptions {
  /** With the frame of special tokens that the model was trained with. Default true. */
  readonly addSpecialTokens?: boolean;
  /**
   * Rows longer than `maxLength` lose tokens: of the longer text of a pair first (true or "longest_first"), of the first
   * text, or of the second. Default false; true where `maxLength` is given without `padding` and `truncation`.
   */
  readonly truncation?: boolean | TruncationStrategy | "do_not_truncate" | null;
  /** How many tokens each overflowing row repeats of the row before. Default 0. */
  readonly stride?: number;
  /** Texts are arrays of words: a word's parts stay apart from its neighbours'. Default false. */
  readonly isSplitIntoWords?: boolean;
  /**
   * Special tokens that stand in a text are text as any other, so that what users write cannot pass for the frame: "[SEP]"
   * is cut into its characters. Default false.
   */
  readonly splitSpecialTokens?: boolean;
  /** What truncation cuts off comes as further rows, with `overflow_to_sample_mapping`. Default false. */
  readonly returnOverflowingTokens?: boolean;
  /** With token_type_ids or without. Default: as the model takes them. */
  readonly returnTokenTypeIds?: boolean;
  /** With special_tokens_mask: 1 for tokens that the frame or padding added. Default false. */
  readonly returnSpecialTokensMask?: boolean;
  /** With offset_mapping: for each token its span of the text. Default false. */
  readonly returnOffsetsMapping?: boolean;
  /** With length: the number of tokens of each row, padding included. Default false. */
  readonly returnLength?: boolean;
  /** Texts that the model should answer with: their ids come as `labels`. Default: none. */
  readonly textTarget?: TextInput;
  /** The second texts of `textTarget`. Default: none. */
  readonly textPairTarget?: TextInput;
  /** false: nothing is said of rows that are longer than the model takes, that truncation cuts or should have. Default true. */
  readonly verbose?: boolean;
}

const PADDING_NAMES = [
  "padding",
  "maxLength",
  "padToMultipleOf",
  "paddingSide",
  "returnAttentionMask",
  "returnTensors",
] as const satisfies readonly (keyof PaddingOptions)[];

const CALL_NAMES = [
  ...PADDING_NAMES,
  "addSpecialTokens",
  "truncation",
  "stride",
  "isSplitIntoWords",
  "splitSpecialTokens",
  "returnOverflowingTokens",
  "returnTokenTypeIds",
  "returnSpecialTokensMask",
  "returnOffsetsMapping",
  "returnLength",
  "textTarget",
  "textPairTarget",
  "verbose",
] as const satisfies readonly (keyof CallOptions)[];

/** What the options come to; lengths count special tokens. */
export interface LengthPlan {
  readonly padding:
    | { readonly length: "longest" | number; readonly multipleOf: number; readonly side: Side }
    | undefined;
  readonly truncation: { readonly length: number; readonly strategy: TruncationStrategy } | undefined;
}

/** What a tokenizer knows about the lengths of its model. */
export interface LengthDefaults {
  readonly modelMaxLength: number;
  readonly paddingSide: Side;
}

/** Throws ConfigError, with the nearest name that exists, for an option that does not. */
export function checkCallOptions(options: CallOptions): void {
  expectKnown("the tokenizer", options, CALL_NAMES);
}

/** The same for the options of `pad`. */
export function checkPaddingOptions(options: PaddingOptions): void {
  expectKnown("the tokenizer", options, PADDING_NAMES);
}

/** Throws ConfigError where a value is not one of the option's, or options contradict each other. */
export function planLengths(options: CallOptions, defaults: LengthDefaults): LengthPlan {
  const { maxLength, padToMultipleOf } = options;
  expectCount("maxLength", maxLength, 0);
  expectCount("stride", options.stride, 0);
  expectCount("padToMultipleOf", padToMultipleOf, 1);
  expectOneOf("paddingSide", options.paddingSide, ["left", "right"]);
  const padding = planPadding(options, defaults);
  const truncation = planTruncation(options, defaults);
  if (truncation && padding && padToMultipleOf !== undefined && truncation.length % padToMultipleOf !== 0) {
    throw new ConfigError(
      `rows are cut to ${truncation.length} tokens, which is not a multiple of padToMultipleOf ${padToMultipleOf}: ` +
        "make maxLength one",
    );
  }
  return { padding, truncation };
}

function planPadding(options: CallOptions, defaults: LengthDefaults): LengthPlan["padding"] {
  const { padding = false, maxLength } = options;
  expectOneOf("padding", padding, [true, false, "longest", "max_length", "do_not_pad"]);
  if (padding === false || padding === "do_not_pad") return undefined;
  const shared = { multipleOf: options.padToMultipleOf ?? 1, side: options.paddingSide ?? defaults.paddingSide };
  if (padding !== "max_length") {
    const { truncation = null } = options;
    const isIdle = padding === true && maxLength !== undefined && (truncation === null || truncation === false);
    if (isIdle && options.verbose !== false) {
      warnOnce(
        "tokenizer: maxLength beside padding",
        'maxLength has no effect beside padding: true without truncation; to pad to it, pass padding: "max_length"',
      );
    }
    return { length: "longest", ...shared };
  }
  const length = maxLength ?? knownMaximum(defaults);
  if (length === undefined) throw new ConfigError('padding: "max_length" needs maxLength: the model states no maximum');
  return { length, ...shared };
}

function planTruncation(options: CallOptions, defaults: LengthDefaults): LengthPlan["truncation"] {
  const { maxLength, padding = false } = options;
  expectOneOf("truncation", options.truncation ?? false, [
    true,
    false,
    "longest_first",
    "only_first",
    "only_second",
    "do_not_truncate",
  ]);
  // As in Python, maxLength by itself asks for truncation.
  const truncation = options.truncation ?? (maxLength !== undefined && padding === false);
  if (truncation === false || truncation === "do_not_truncate") return undefined;
  const length = maxLength ?? knownMaximum(defaults);
  if (length === undefined) {
    if (options.verbose !== false) {
      warnOnce(
        "tokenizer: truncation without maximum",
        "the tokenizer was asked to truncate, but the model states no maximum: pass maxLength; nothing is cut",
      );
    }
    return undefined;
  }
  return { length, strategy: truncation === true ? "longest_first" : truncation };
}

/** The model's maximum, where its files state one: transformers writes 1e30 where they do not. */
function knownMaximum({ modelMaxLength }: LengthDefaults): number | undefined {
  return modelMaxLength > 1e20 ? undefined : modelMaxLength;
}
