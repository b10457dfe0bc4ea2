// What pipelines share: how a model is loaded for one, run without learning, and told what it can take.
import type { Batch } from "../batches/index.js";
import type { HubOptions } from "../hub/index.js";
import type { CommonConfig } from "../models/index.js";
import type { Module } from "../nn/index.js";
import { ConfigError, DataError } from "../support/errors.js";
import { warn } from "../support/log.js";
import { noGrad } from "../tensor/index.js";
import { AutoTokenizer, type PreTrainedTokenizer } from "../tokenizers/index.js";
import { positionsOf } from "../tokenizers/model-positions.js";

export type TokenizerLike = PreTrainedTokenizer;

/** A model that a pipeline runs: a module with a config whose outputs are `Outputs`. */
export interface PipelineModel<Outputs> extends Module {
  readonly config: CommonConfig;
  forward(batch: Batch): Outputs;
}

/** An Auto class. */
interface Loader<Model> {
  fromPretrained(nameOrFolder: string, options?: HubOptions & Readonly<Record<string, unknown>>): Promise<Model>;
}

/** A model and its tokenizer, loaded where a name is given. @throws ConfigError for a model without tokenizer */
export async function loadParts<Outputs>(
  Auto: Loader<PipelineModel<Outputs>>,
  model: string | PipelineModel<Outputs>,
  tokenizer: TokenizerLike | undefined,
  hub: HubOptions,
): Promise<{ readonly model: PipelineModel<Outputs>; readonly tokenizer: TokenizerLike }> {
  if (typeof model === "string") {
    const loaded = await Auto.fromPretrained(model, { ...hub });
    return { model: loaded, tokenizer: tokenizer ?? (await AutoTokenizer.fromPretrained(model, hub)) };
  }
  if (!tokenizer) throw new ConfigError("pipeline: a model that is not a folder needs { tokenizer }");
  return { model, tokenizer };
}

/** The most tokens that model and tokenizer take. */
export function longestInput(tokenizer: TokenizerLike, { config }: { readonly config: CommonConfig }): number {
  return Math.min(tokenizer.modelMaxLength, positionsOf(config));
}

/** Rows of model inputs, padded. */
export function padInputs(tokenizer: TokenizerLike, rows: readonly InputRow[]): Batch {
  const own = rows.map(({ input_ids, attention_mask, token_type_ids }) => ({
    input_ids,
    ...(attention_mask ? { attention_mask } : {}),
    ...(token_type_ids ? { token_type_ids } : {}),
  }));
  const { input_ids, attention_mask, token_type_ids } = tokenizer.pad(own, { padding: true, returnTensors: true });
  return { input_ids, attention_mask, ...(token_type_ids ? { token_type_ids } : {}) };
}

/** An input of which a part is read, since it is longer than the model takes. */
export interface Cut {
  /** Its number. */
  readonly input: number;
  /** Tokens that the model takes. */
  readonly limit: number;
}

export interface CutOptions {
  /** Called for each input that is cut. Default: a warning in the log. */
  readonly onCut?: (cut: Cut) => void;
}

export interface InputRow {
  readonly input_ids: Int32Array;
  readonly attention_mask?: Int32Array;
  readonly token_type_ids?: Int32Array;
}

/** Runs `fn` with dropout off, whatever mode the model is in, and without recording. */
export function inEvaluation<T>(model: Module, fn: () => T): T {
  const { training } = model;
  if (training) model.eval();
  try {
    return noGrad(fn);
  } finally {
    if (training) model.train();
  }
}

/** Batches of `size` items, with the number of each one's first. */
export function* inBatches<T>(
  items: readonly T[],
  size: number,
): Generator<readonly [first: number, batch: readonly T[]]> {
  for (let start = 0; start < items.length; start += size) yield [start, items.slice(start, start + size)];
}

/** One input or many as many, and whether it was one. @throws DataError for what is no text */
export function asTexts(input: unknown): { readonly texts: readonly string[]; readonly single: boolean } {
  const single = !Array.isArray(input);
  const texts = ([input].flat() as unknown[]).map((text, i) => {
    if (typeof text === "string") return text;
    throw new DataError(`input ${i} of the pipeline is ${JSON.stringify(text)}; a text is needed`);
  });
  return { texts, single };
}

/** Tokenizes input `number`, a text or a pair, to what the model takes; where something is cut off, that is said. */
export function encodeCut(
  tokenizer: TokenizerLike,
  [text, pair]: readonly [text: string, pair?: string],
  limit: number,
  number: number,
  { onCut }: CutOptions,
): InputRow {
  const whole = tokenizer(text, pair, { returnTensors: false, verbose: false });
  if (whole.input_ids.length <= limit) return whole;
  if (onCut) onCut({ input: number, limit });
  else warn(`input ${number} has ${whole.input_ids.length} tokens; the model takes ${limit}, the rest is cut off`);
  return tokenizer(text, pair, { truncation: true, maxLength: limit, returnTensors: false, verbose: false });
}

export function checkCount(name: string, value: number): void {
  if (!(value >= 1)) throw new ConfigError(`pipeline: ${name} must be at least 1, not ${value}`);
}

/** Numbers of the `count` largest values, largest first; of equal ones the earlier first. */
export function largest(values: ArrayLike<number>, count: number): number[] {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[b] - values[a] || a - b);
  return order.slice(0, count);
}
