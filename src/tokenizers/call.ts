// A tokenizer's call: arguments and options in, an encoding out.
import { ConfigError, DataError } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import { warnOnce } from "../support/log.js";
import { type Tensor, tensor } from "../tensor/index.js";
import {
  type AssembledRows,
  type AssemblyPlan,
  assembleRows,
  type TokenizedTexts,
  type WantedFields,
} from "./assemble.js";
import type { EncodingFields, Offsets, OptionalFields } from "./call-types.js";
import { BatchEncoding, type TokenOrigins } from "./encoding.js";
import { type CallOptions, checkCallOptions, type LengthPlan, planLengths } from "./options.js";
import { rowsToTensor } from "./padding.js";
import { type Pipeline, type TokenBuffers, tokenBuffers } from "./pipeline.js";
import { plainPieces } from "./post-processors/pieces.js";
import { padIdOf, type TokenizerSettings } from "./settings.js";
import { reportTruncation } from "./truncation-report.js";

type Text = string | readonly string[];
type Ids = Int32Array | Int32Array[] | Tensor;

/** An encoding, whatever the options. */
export type AnyEncoding = BatchEncoding & AnyFields;

type AnyFields = Pick<EncodingFields<Ids>, "input_ids"> &
  Partial<EncodingFields<Ids>> &
  Partial<OptionalFields<Ids, Offsets | Offsets[] | Tensor, number | Int32Array | Tensor>>;

/** The texts of a call, and whether it was one text, whose encoding has no batch dimension. */
interface Texts {
  readonly first: readonly Text[];
  readonly second: readonly Text[] | undefined;
  readonly single: boolean;
}

export function encodeTexts(
  pipeline: Pipeline,
  settings: TokenizerSettings,
  text: unknown,
  pairOrOptions: unknown,
  givenOptions: CallOptions | undefined,
): AnyEncoding {
  const [pair, options] = isOptions(pairOrOptions) ? [undefined, pairOrOptions] : [pairOrOptions, givenOptions ?? {}];
  checkCallOptions(options);
  const { textTarget, textPairTarget, ...textOptions } = options;
  if (textTarget === undefined) return encodeInputs(pipeline, settings, text, pair, textOptions);
  const target = encodeInputs(pipeline, settings, textTarget, textPairTarget, textOptions);
  if (text === undefined || text === null) return target;
  return Object.assign(encodeInputs(pipeline, settings, text, pair, textOptions), { labels: target.input_ids });
}

function encodeInputs(
  pipeline: Pipeline,
  settings: TokenizerSettings,
  text: unknown,
  pair: unknown,
  options: CallOptions,
): AnyEncoding {
  const texts = readTexts(text, pair, options.isSplitIntoWords ?? false);
  const plan = planLengths(options, settings);
  const isPair = texts.second !== undefined;
  const { postProcessor } = pipeline.parts;
  const assembly: AssemblyPlan = {
    ...plan,
    pieces: postProcessor?.pieces(isPair, options.addSpecialTokens ?? true) ?? plainPieces(isPair),
    stride: options.stride ?? 0,
    truncationSide: settings.truncationSide,
    overflow: options.returnOverflowingTokens ?? false,
    padId: plan.padding ? padIdOf(pipeline, settings) : 0,
    padTypeId: settings.padTokenTypeId,
    trim: postProcessor?.trim && { ...postProcessor.trim, spacesOf: (id) => pipeline.spacesOf(id) },
  };
  const splitSpecial = options.splitSpecialTokens ?? false;
  const assemble = (wanted: WantedFields): AssembledRows => {
    const tokens = tokenBuffers();
    const tokenized = tokenize(pipeline, texts, { traced: wanted.offsets, splitSpecial }, tokens);
    return assembleRows(tokenized, tokens, assembly, wanted);
  };
  const rows = assemble({
    specialTokensMask: options.returnSpecialTokensMask ?? false,
    offsets: options.returnOffsetsMapping ?? false,
    words: false,
  });
  if (options.verbose ?? true) {
    warnOfLongRows(rows.longest, options, plan, settings);
    if (plan.truncation) reportTruncation(rows.truncated, texts.first.length, plan.truncation.length);
  }
  const trace = (): TokenOrigins => {
    const { offsets, words, sequences, ...traced } = assemble({ specialTokensMask: false, offsets: true, words: true });
    if (!offsets || !words || !sequences) throw new Error("rows were assembled without what was asked for");
    return { ...traced, offsets, words, sequences };
  };
  const fields = fieldsOf(rows, texts.single, options, settings);
  return new BatchEncoding(fields, trace, (id) => pipeline.tokenOf(id)) as AnyEncoding;
}

function isOptions(value: unknown): value is CallOptions {
  return typeof value === "object" && value !== null && !(Symbol.iterator in value);
}

/** Throws DataError or ConfigError where the arguments are not texts that go together. */
function readTexts(text: unknown, pair: unknown, words: boolean): Texts {
  const single = words ? isWords(text) : typeof text === "string";
  if (single) {
    const second = pair === undefined || pair === null || isEmpty(pair) ? undefined : [pair];
    return { first: checked([text], "text", words), second: second && checked(second, "pair", words), single };
  }
  const first = checked(listOf(text, "text"), "text", words);
  if (pair === undefined || pair === null) return { first, second: undefined, single };
  const second = checked(listOf(pair, "pair"), "pair", words);
  if (first.length !== second.length) {
    throw new DataError(`${first.length} texts cannot be paired with ${second.length}: give as many of both`);
  }
  return { first, second, single };
}

/** An empty second text is none, as in Python; in a list of pairs it is one. */
function isEmpty(text: unknown): boolean {
  return text === "" || (Array.isArray(text) && text.length === 0);
}

function isWords(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === "object" && value !== null && Symbol.iterator in value) return [...(value as Iterable<unknown>)];
  throw new DataError(
    typeof value === "string"
      ? `${name} is one string beside a list of texts: give a list of as many, or one text and one pair`
      : `${name} is ${show(value)}; a string, a list of strings or a column is needed`,
  );
}

function checked(texts: readonly unknown[], name: string, words: boolean): readonly Text[] {
  texts.forEach((text, i) => {
    if (words ? isWords(text) : typeof text === "string") return;
    const needed = words ? "an array of words" : "a string";
    throw new DataError(`${name} ${i} is ${show(text)}, not ${needed}${hintFor(text, words)}`);
  });
  return texts as readonly Text[];
}

function hintFor(text: unknown, words: boolean): string {
  if (isObject(text))
    return ' (of a dataset give the column of texts, dataset.column("text"), or rows.text within map)';
  if (words || !Array.isArray(text)) return "";
  return " (pairs are two lists, tokenizer(texts, pairs); texts cut into words need isSplitIntoWords: true)";
}

function show(value: unknown): string {
  return typeof value === "object" && value !== null
    ? `a value of type ${value.constructor?.name ?? "object"}`
    : String(value);
}

function tokenize(
  pipeline: Pipeline,
  { first, second }: Texts,
  { traced, splitSpecial }: { readonly traced: boolean; readonly splitSpecial: boolean },
  tokens: TokenBuffers,
): TokenizedTexts {
  const bounds = [0];
  const append = (text: string, word?: number): void =>
    traced ? pipeline.encodeTraced(text, tokens, word, splitSpecial) : pipeline.encode(text, tokens.ids, splitSpecial);
  const add = (text: Text): void => {
    if (typeof text === "string") append(text);
    else for (const [i, word] of text.entries()) append(word, i);
    bounds.push(tokens.ids.length);
  };
  for (let i = 0; i < first.length; i++) {
    add(first[i]);
    if (second) add(second[i]);
  }
  return { bounds, pairs: second !== undefined };
}

function warnOfLongRows(longest: number, options: CallOptions, plan: LengthPlan, settings: TokenizerSettings): void {
  const limited =
    options.maxLength !== undefined || plan.truncation !== undefined || typeof plan.padding?.length === "number";
  if (limited || !(longest > settings.modelMaxLength)) return;
  warnOnce(
    `tokenizer: rows over ${settings.modelMaxLength}`,
    `a text has ${longest} tokens and the model takes ${settings.modelMaxLength}, so it will refuse this one: ` +
      "pass truncation: true to cut texts to what it takes",
  );
}

function fieldsOf(rows: AssembledRows, oneText: boolean, options: CallOptions, settings: TokenizerSettings): AnyFields {
  const tensors = options.returnTensors ?? false;
  const overflow = options.returnOverflowingTokens ?? false;
  const single = oneText && !overflow && !tensors;
  const { starts } = rows;
  const count = starts.length - 1;
  if (tensors && count === 0) throw new ConfigError("returnTensors: there is no text to make a tensor of");
  const ids = (name: string, values: Int32Array): Ids => {
    if (tensors) return rowsToTensor(name, { values, starts });
    if (single) return values;
    return rowsOf(values, starts);
  };
  const takes = (name: string): boolean => settings.modelInputNames.includes(name);

  const fields: AnyFields = { input_ids: ids("input_ids", rows.ids) };
  if (options.returnTokenTypeIds ?? takes("token_type_ids"))
    fields.token_type_ids = ids("token_type_ids", rows.typeIds);
  if (options.returnAttentionMask ?? takes("attention_mask")) {
    fields.attention_mask = ids("attention_mask", rows.attentionMask);
  }
  if (rows.specialTokensMask) fields.special_tokens_mask = ids("special_tokens_mask", rows.specialTokensMask);
  if (rows.offsets) {
    fields.offset_mapping = tensors
      ? tensor(rows.offsets, { shape: [count, starts[1], 2], dtype: "int32" })
      : spansOf(rows.offsets, starts, single);
  }
  if (options.returnLength) {
    const lengths = Int32Array.from({ length: count }, (_, i) => starts[i + 1] - starts[i]);
    fields.length = tensors ? tensor(lengths) : single ? lengths[0] : lengths;
  }
  if (overflow) fields.overflow_to_sample_mapping = tensors ? tensor(rows.samples) : rows.samples;
  return fields;
}

/** Views of the rows that lie one behind the other in `values`. */
function rowsOf(values: Int32Array, starts: Int32Array): Int32Array[] {
  const rows = new Array<Int32Array>(starts.length - 1);
  const { buffer, byteOffset } = values;
  for (let i = 0; i < rows.length; i++) {
    rows[i] = new Int32Array(buffer, byteOffset + 4 * starts[i], starts[i + 1] - starts[i]);
  }
  return rows;
}

function spansOf(offsets: Int32Array, starts: Int32Array, single: boolean): Offsets | Offsets[] {
  const rows = Array.from({ length: starts.length - 1 }, (_, row) =>
    Array.from({ length: starts[row + 1] - starts[row] }, (_, i): [number, number] => {
      const at = 2 * (starts[row] + i);
      return [offsets[at], offsets[at + 1]];
    }),
  );
  return single ? rows[0] : rows;
}
