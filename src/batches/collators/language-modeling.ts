// Batches for masked language modelling: some tokens are hidden, and the model is asked for them (Devlin et al. 2018, 3.1);
// without masking, the labels of a causal model.
import { ConfigError, DataError } from "../../support/errors.js";
import { Mt19937 } from "../../support/mt19937.js";
import { expectKnown, expectWhole } from "../../support/options.js";
import { tensor } from "../../tensor/index.js";
import type { CollateContext, CollatorObject, RowsOrColumns } from "../collator.js";
import { type ColumnValues, isList, toColumns } from "../columns.js";
import { IGNORED } from "./labels.js";
import { DataCollatorWithPadding, type PaddedBatch, type Padder } from "./with-padding.js";

/** What of a tokenizer the collator uses. */
export interface MaskingTokenizer extends Padder {
  /** One more than the largest id. */
  readonly length: number;
  readonly maskTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly allSpecialIds: readonly number[];
}

export interface LanguageModelingCollatorOptions {
  /** Masked language modelling; false: the labels are the ids, as causal models take them. Default true. */
  readonly mlm?: boolean;
  /** The share of tokens, or of words, that the model is asked for. Default 0.15. */
  readonly mlmProbability?: number;
  /** The share of those that become the mask token. Default 0.8; 1 with `wholeWordMask`, as in transformers. */
  readonly maskReplaceProb?: number;
  /** The share of those that become a random token; what is left stays as it is. Default 0.1; 0 with `wholeWordMask`. */
  readonly randomReplaceProb?: number;
  /**
   * Choose whole words: the tokens of a word are asked for together. Words are told by `offset_mapping`, so the rows are
   * tokenized with `returnOffsetsMapping: true`. Default false.
   */
  readonly wholeWordMask?: boolean;
  /** Lengths are made multiples of this. */
  readonly padToMultipleOf?: number;
  /** What is drawn follows from it and from the epoch and the batch, so that a run that is resumed draws the same. Default 42. */
  readonly seed?: number;
}

const OPTION_NAMES = [
  "mlm",
  "mlmProbability",
  "maskReplaceProb",
  "randomReplaceProb",
  "wholeWordMask",
  "padToMultipleOf",
  "seed",
] as const satisfies readonly (keyof LanguageModelingCollatorOptions)[];

type Settings = Required<Omit<LanguageModelingCollatorOptions, "padToMultipleOf">>;

/**
 * Pads rows as DataCollatorWithPadding does and hides some of their tokens: `labels`, int32 [rows, length], has the id of
 * each hidden token and -100 elsewhere. Special tokens are never hidden (special_tokens_mask says which they are, where
 * rows have it).
 */
export class DataCollatorForLanguageModeling implements CollatorObject<object, PaddedBatch> {
  readonly #tokenizer: MaskingTokenizer;
  readonly #padding: DataCollatorWithPadding;
  readonly #settings: Settings;
  readonly #special: ReadonlySet<number>;
  /** Batches made without being told which they are. */
  #made = 0;

  /** Throws ConfigError where an option does not exist or is out of its range, or the tokenizer has no mask token. */
  constructor(tokenizer: MaskingTokenizer, options: LanguageModelingCollatorOptions = {}) {
    this.#tokenizer = tokenizer;
    this.#settings = settingsOf(tokenizer, options);
    this.#padding = new DataCollatorWithPadding(tokenizer, { padToMultipleOf: options.padToMultipleOf });
    this.#special = new Set(tokenizer.allSpecialIds);
  }

  /** Throws DataError where rows lack offset_mapping for whole words, and as DataCollatorWithPadding does. */
  collate(data: RowsOrColumns, context: CollateContext = {}): PaddedBatch {
    const { offset_mapping: offsets, labels: _, ...inputs } = Object.fromEntries(toColumns(data));
    const { special_tokens_mask: special, ...batch } = this.#padding.collate(inputs, context) as PaddedBatch;
    const ids = batch.input_ids.host;
    const mask = batch.attention_mask.host;
    if (!ids || !mask) throw new Error("the padding collator makes its tensors of host values");
    if (!this.#settings.mlm) return { ...batch, labels: this.#causalLabels(ids, batch.input_ids.shape) };
    const isSpecial = special?.host
      ? (at: number) => special.host?.[at] === 1
      : (at: number) => this.#special.has(ids[at]);
    const maskable = Array.from(ids, (_, at) => mask[at] === 1 && !isSpecial(at));
    const shape = batch.input_ids.shape;
    const units = this.#settings.wholeWordMask
      ? wordsOf(offsets, maskable, mask, shape)
      : maskable.flatMap((free, at) => (free ? [[at]] : []));
    const hidden = this.#hide(ids, units, this.#randomFor(context));
    return {
      ...batch,
      input_ids: tensor(hidden.ids, { shape }),
      labels: tensor(hidden.labels, { shape }),
    };
  }

  #hide(ids: Int32Array, units: readonly (readonly number[])[], random: () => number) {
    const { mlmProbability, maskReplaceProb, randomReplaceProb } = this.#settings;
    const result = { ids: ids.slice(), labels: new Int32Array(ids.length).fill(IGNORED) };
    for (const positions of units) {
      if (random() >= mlmProbability) continue;
      for (const at of positions) {
        result.labels[at] = ids[at];
        const choice = random();
        if (choice < maskReplaceProb) result.ids[at] = this.#tokenizer.maskTokenId ?? ids[at];
        else if (choice < maskReplaceProb + randomReplaceProb) {
          result.ids[at] = Math.floor(random() * this.#tokenizer.length);
        }
      }
    }
    return result;
  }

  #causalLabels(ids: Int32Array, shape: readonly number[]) {
    const { padTokenId } = this.#tokenizer;
    return tensor(
      ids.map((id) => (id === padTokenId ? IGNORED : id)),
      { shape },
    );
  }

  /** Numbers from 0 up to but without 1 that follow from seed, epoch and batch. */
  #randomFor({ epoch = 0, batch = this.#made++ }: CollateContext): () => number {
    const state = [epoch, batch].reduce(
      (mixed, part) => Math.imul(mixed ^ (mixed >>> 15) ^ (part + 1), 0x9e3779b1),
      this.#settings.seed,
    );
    const generator = new Mt19937(state >>> 0);
    return () => generator.next() / 2 ** 32;
  }
}

function settingsOf(tokenizer: MaskingTokenizer, options: LanguageModelingCollatorOptions): Settings {
  expectKnown("DataCollatorForLanguageModeling", options, OPTION_NAMES);
  const { mlm = true, mlmProbability = 0.15, wholeWordMask = false, seed = 42 } = options;
  const maskReplaceProb = options.maskReplaceProb ?? (wholeWordMask ? 1 : 0.8);
  const randomReplaceProb = options.randomReplaceProb ?? (wholeWordMask ? 0 : 0.1);
  for (const [name, value] of Object.entries({ mlmProbability, maskReplaceProb, randomReplaceProb })) {
    if (!(value >= 0 && value <= 1)) throw new ConfigError(`${name} is ${value}; a share from 0 to 1 is needed`);
  }
  if (maskReplaceProb + randomReplaceProb > 1) {
    throw new ConfigError(
      `maskReplaceProb ${maskReplaceProb} and randomReplaceProb ${randomReplaceProb} are together more than 1`,
    );
  }
  if (mlm && tokenizer.maskTokenId === undefined) {
    throw new ConfigError("masked language modelling needs a mask token, and the tokenizer has none: pass mlm: false");
  }
  if (!mlm && wholeWordMask) throw new ConfigError("wholeWordMask goes with mlm: true");
  expectWhole("seed", seed);
  return { mlm, mlmProbability, maskReplaceProb, randomReplaceProb, wholeWordMask, seed };
}

/**
 * The positions of each word's tokens: a word begins where a token does not touch the one before it in the text, or follows
 * a special token.
 */
function wordsOf(
  offsets: ColumnValues | undefined,
  maskable: readonly boolean[],
  mask: Int32Array,
  [rows, length]: readonly number[],
): number[][] {
  if (offsets === undefined) {
    throw new DataError("wholeWordMask tells words by offset_mapping: tokenize with returnOffsetsMapping: true");
  }
  const words: number[][] = [];
  for (let row = 0; row < rows; row++) {
    const spans = offsets[row];
    let token = 0; // among the row's own tokens, which padding may precede
    for (let at = row * length; at < (row + 1) * length; at++) {
      if (mask[at] === 0) continue;
      const touches = token > 0 && maskable[at - 1] && startOf(spans, token, row) === endOf(spans, token - 1, row);
      if (maskable[at]) {
        if (touches) words[words.length - 1].push(at);
        else words.push([at]);
      }
      token++;
    }
  }
  return words;
}

const startOf = (spans: unknown, token: number, row: number): number => spanOf(spans, token, row)[0];
const endOf = (spans: unknown, token: number, row: number): number => spanOf(spans, token, row)[1];

function spanOf(spans: unknown, token: number, row: number): [start: number, end: number] {
  const span: unknown = isList(spans) ? spans[token] : undefined;
  if (isList(span) && span.length === 2) return [Number(span[0]), Number(span[1])];
  throw new DataError(`offset_mapping of row ${row} of the batch has no span for token ${token}`);
}
