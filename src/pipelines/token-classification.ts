// The pipeline "token-classification" (also "ner"): a label for each token of a text, or what adjacent ones name together.
// Outputs are those of transformers' pipelines/token_classification.py.
import type { HubOptions } from "../hub/index.js";
import { AutoModelForTokenClassification } from "../models/index.js";
import { ConfigError, DataError } from "../support/errors.js";
import { warn } from "../support/log.js";
import { softmax } from "../support/softmax.js";
import type { Tensor } from "../tensor/index.js";
import {
  type CutOptions,
  checkCount,
  type InputRow,
  inBatches,
  inEvaluation,
  loadParts,
  longestInput,
  type PipelineModel,
  padInputs,
  type TokenizerLike,
} from "./running.js";

/** What the pipeline asks of a model: a token-classification head. */
export type TokenClassificationModelLike = PipelineModel<{ readonly logits: Tensor }>;

const STRATEGIES = ["none", "simple", "first", "average", "max"] as const;

/**
 * How tokens become entities: "none", not at all; "simple", adjacent tokens of one label; the others give each word one
 * label first, that of its first token, of the mean of its tokens' scores, or of the token that is surest.
 */
export type AggregationStrategy = (typeof STRATEGIES)[number];

export interface TokenLabelOptions extends CutOptions {
  /** Default "none". */
  readonly aggregationStrategy?: AggregationStrategy;
  /** Labels that are left out. Default ["O"]. */
  readonly ignoreLabels?: readonly string[];
  /** Texts longer than the model takes are read in parts that share this many tokens. Default: what is longer is cut off. */
  readonly stride?: number;
  /** Texts are given as words: an array for one text, an array of arrays for many. Default false. */
  readonly isSplitIntoWords?: boolean;
  /** What stands between words in the text that offsets are of. Default a space. */
  readonly delimiter?: string;
  /** Texts computed at once. Default 32. */
  readonly batchSize?: number;
}

/** A token with its label. */
export interface TokenLabel {
  readonly entity: string;
  readonly score: number;
  /** Number of the token in its row, special tokens counted. */
  readonly index: number;
  readonly word: string;
  /** Where it stands in the text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

/** Adjacent tokens that name one thing. */
export interface EntityGroup {
  readonly entity_group: string;
  readonly score: number;
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

type Words = readonly string[];
type Result<Options> = Options extends { readonly aggregationStrategy: Exclude<AggregationStrategy, "none"> }
  ? EntityGroup[]
  : TokenLabel[];

/**
 * Labels the tokens of one text, or of many in their order.
 * @throws DataError for an input that is no text; ConfigError for options that are wrong
 */
export interface TokenClassificationPipeline {
  <const Options extends TokenLabelOptions & { readonly isSplitIntoWords: true }>(
    words: Words,
    options: Options,
  ): Promise<Result<Options>>;
  <const Options extends TokenLabelOptions = Record<never, never>>(
    text: string,
    options?: Options,
  ): Promise<Result<Options>>;
  <const Options extends TokenLabelOptions = Record<never, never>>(
    texts: readonly string[] | readonly Words[],
    options?: Options,
  ): Promise<Result<Options>[]>;
}

export async function loadTokenClassification(
  given: string | TokenClassificationModelLike,
  tokenizer?: TokenizerLike,
  hub: HubOptions = {},
): Promise<TokenClassificationPipeline> {
  const parts = await loadParts(AutoModelForTokenClassification, given, tokenizer, hub);
  const label = async (input: unknown, options: TokenLabelOptions = {}) => {
    checkOptions(options);
    const { texts, single } = readInput(input, options);
    const found: Entity[][] = texts.map(() => []);
    const chunks = texts.flatMap((text, i) => cut(parts, text, i, options));
    for (const [, batch] of inBatches(chunks, options.batchSize ?? 32)) {
      const inputs = padInputs(
        parts.tokenizer,
        batch.map(({ row }) => row),
      );
      const { logits } = inEvaluation(parts.model, () => parts.model.forward(inputs));
      const [, length, width] = logits.shape;
      const values = await logits.data();
      const left = parts.tokenizer.paddingSide === "left";
      for (const [i, chunk] of batch.entries()) {
        const skipped = left ? length - chunk.row.input_ids.length : 0;
        const scoresOf = (token: number) => {
          const at = (i * length + skipped + token) * width;
          return softmax(values.subarray(at, at + width));
        };
        found[chunk.text].push(...entitiesOf(parts, texts[chunk.text].text, chunk, scoresOf, options));
      }
    }
    const several = texts.map((_, i) => chunks.filter(({ text }) => text === i).length > 1);
    const results = found.map((entities, i) => (several[i] ? withoutOverlaps(entities) : entities));
    return single ? results[0] : results;
  };
  return label as TokenClassificationPipeline;
}

type Parts = { readonly model: TokenClassificationModelLike; readonly tokenizer: TokenizerLike };
type Entity = TokenLabel | EntityGroup;

/** A text, and where its words begin where it was given as words. */
interface Input {
  readonly text: string;
  readonly words?: Words;
  readonly starts?: readonly number[];
}

/** A part of a text that the model reads at once. */
interface Chunk {
  /** Number of the text. */
  readonly text: number;
  readonly row: InputRow;
  /** Of each token: [start, end] in the text. */
  readonly spans: readonly (readonly [number, number])[];
  readonly special: ArrayLike<number>;
}

function checkOptions({ aggregationStrategy = "none", stride = 0, batchSize = 32 }: TokenLabelOptions): void {
  if (!STRATEGIES.includes(aggregationStrategy)) {
    throw new ConfigError(
      `pipeline: aggregationStrategy ${JSON.stringify(aggregationStrategy)} is not known; there are ${STRATEGIES.join(", ")}`,
    );
  }
  if (!(Number.isInteger(stride) && stride >= 0))
    throw new ConfigError(`pipeline: stride is ${stride}; a number of tokens is needed`);
  checkCount("batchSize", batchSize);
}

function readInput(input: unknown, { isSplitIntoWords = false, delimiter = " " }: TokenLabelOptions) {
  const isText = (value: unknown) =>
    isSplitIntoWords
      ? Array.isArray(value) && value.every((word) => typeof word === "string")
      : typeof value === "string";
  const single = isText(input);
  const texts = ((single ? [input] : input) as unknown[]).map((value, i): Input => {
    if (!isText(value)) {
      throw new DataError(
        `input ${i} of the pipeline is ${JSON.stringify(value)}; ${isSplitIntoWords ? "an array of words" : "a text"} is needed`,
      );
    }
    if (!isSplitIntoWords) return { text: value as string };
    const words = value as string[];
    let start = 0;
    const starts = words.map((word) => {
      start += word.length + delimiter.length;
      return start - word.length - delimiter.length;
    });
    return { text: words.join(delimiter), words, starts };
  });
  return { texts, single };
}

/** A text as rows that the model takes. */
function cut(
  { tokenizer, model }: Parts,
  { text, words, starts }: Input,
  number: number,
  { stride, onCut }: TokenLabelOptions,
): Chunk[] {
  const limit = longestInput(tokenizer, model);
  const encoding = tokenizer(words ? [words] : [text], {
    isSplitIntoWords: words !== undefined,
    truncation: Number.isFinite(limit),
    ...(Number.isFinite(limit) ? { maxLength: limit } : {}),
    returnOverflowingTokens: true,
    stride: stride ?? 0,
    returnOffsetsMapping: true,
    returnSpecialTokensMask: true,
    returnTensors: false,
    verbose: false,
  });
  const rows = encoding.input_ids.map((input_ids, row): Chunk => {
    const wordIds = starts ? encoding.wordIds(row) : [];
    const shift = (token: number) => starts?.[wordIds[token] ?? -1] ?? 0;
    return {
      text: number,
      row: {
        input_ids,
        attention_mask: encoding.attention_mask?.[row],
        token_type_ids: encoding.token_type_ids?.[row],
      },
      spans: encoding.offset_mapping[row].map(([start, end], token) => [start + shift(token), end + shift(token)]),
      special: encoding.special_tokens_mask[row],
    };
  });
  if (stride !== undefined || rows.length === 1) return rows;
  if (onCut) onCut({ input: number, limit });
  else {
    warn(
      `input ${number} is longer than the ${limit} tokens that the model takes; the rest is cut off ({ stride } reads it in parts)`,
    );
  }
  return rows.slice(0, 1);
}

/** A token before it is put together with others. */
interface Token {
  readonly word: string;
  readonly scores: readonly number[];
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly isSubword: boolean;
}

function entitiesOf(
  { model, tokenizer }: Parts,
  text: string,
  { row, spans, special }: Chunk,
  scoresOf: (token: number) => number[],
  { aggregationStrategy: strategy = "none", ignoreLabels = ["O"] }: TokenLabelOptions,
): Entity[] {
  const { id2label } = model.config;
  const join = (words: readonly string[]) => tokenizer.convertTokensToString(words);
  const labelOf = (scores: readonly number[]) => {
    const best = indexOfLargest(scores);
    return { entity: id2label[best], score: scores[best] };
  };
  const tokens = Array.from(row.input_ids).flatMap((id, index): Token[] => {
    if (special[index]) return [];
    const [start, end] = spans[index];
    const token = tokenizer.convertIdsToTokens(id);
    const unknown = id === tokenizer.unkTokenId;
    const isSubword = !unknown && isPart(tokenizer, text, token, start, end);
    return [{ word: unknown ? text.slice(start, end) : token, scores: scoresOf(index), index, start, end, isSubword }];
  });
  let entities: Omit<TokenLabel, "index">[];
  if (strategy === "none" || strategy === "simple") {
    entities = tokens.map(({ scores, index, word, start, end }) => ({ ...labelOf(scores), index, word, start, end }));
  } else {
    entities = wordsOf(tokens).map((parts) => ({
      ...labelOf(scoresOfWord(parts, strategy)),
      word: join(parts.map(({ word }) => word)),
      start: parts[0].start,
      end: parts[parts.length - 1].end,
    }));
  }
  if (strategy === "none") return (entities as TokenLabel[]).filter(({ entity }) => !ignoreLabels.includes(entity));
  return grouped(entities)
    .map(
      (group): EntityGroup => ({
        entity_group: group[0].entity.replace(/^[^-]*-/, ""),
        score: group.reduce((sum, { score }) => sum + score, 0) / group.length,
        word: join(group.map(({ word }) => word)),
        start: group[0].start,
        end: group[group.length - 1].end,
      }),
    )
    .filter(({ entity_group }) => !ignoreLabels.includes(entity_group));
}

/** Whether a token goes on with the word of the token before it. */
function isPart(tokenizer: TokenizerLike, text: string, token: string, start: number, end: number): boolean {
  const { continuingSubwordPrefix: prefix } = tokenizer.pipeline.parts.model as {
    readonly continuingSubwordPrefix?: string;
  };
  if (prefix) return [...token].length !== [...text.slice(start, end)].length;
  return start > 0 && !text.slice(start - 1, start + 1).includes(" ");
}

function wordsOf(tokens: readonly Token[]): [Token, ...Token[]][] {
  const words: [Token, ...Token[]][] = [];
  for (const token of tokens) {
    const last = words.at(-1);
    if (last && token.isSubword) last.push(token);
    else words.push([token]);
  }
  return words;
}

function scoresOfWord(tokens: readonly [Token, ...Token[]], strategy: "first" | "average" | "max"): readonly number[] {
  const [first] = tokens;
  if (strategy === "first") return first.scores;
  if (strategy === "average") {
    return first.scores.map((_, i) => tokens.reduce((sum, { scores }) => sum + scores[i], 0) / tokens.length);
  }
  const surest = (scores: readonly number[]) => scores.reduce((most, score) => Math.max(most, score), 0);
  return tokens.reduce((best, { scores }) => (surest(scores) > surest(best) ? scores : best), first.scores);
}

/** Adjacent ones of one type; B- begins another. */
function grouped<E extends { readonly entity: string }>(entities: readonly E[]): [E, ...E[]][] {
  const split = (entity: string) =>
    /^[BI]-/.test(entity) ? { begins: entity.startsWith("B"), type: entity.slice(2) } : { begins: false, type: entity };
  const groups: [E, ...E[]][] = [];
  for (const entity of entities) {
    const last = groups.at(-1);
    const { begins, type } = split(entity.entity);
    if (last && !begins && split(last[last.length - 1].entity).type === type) last.push(entity);
    else groups.push([entity]);
  }
  return groups;
}

/** Of entities that overlap, as those of two parts of a text may, the longest, and of equally long ones the surest. */
function withoutOverlaps(entities: readonly Entity[]): Entity[] {
  const kept: Entity[] = [];
  for (const entity of [...entities].sort((a, b) => a.start - b.start)) {
    const last = kept.at(-1);
    if (!last || entity.start >= last.end) {
      kept.push(entity);
      continue;
    }
    const [length, lengthOfLast] = [entity.end - entity.start, last.end - last.start];
    if (length > lengthOfLast || (length === lengthOfLast && entity.score > last.score)) kept[kept.length - 1] = entity;
  }
  return kept;
}

function indexOfLargest(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
}
