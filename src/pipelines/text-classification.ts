// The pipeline "text-classification": texts or pairs of texts to labels with scores.
import type { Batch } from "../batches/index.js";
import { FewShotClassifier, fewShotFolder } from "../embeddings/index.js";
import type { HubOptions } from "../hub/index.js";
import { AutoModelForSequenceClassification, type CommonConfig, numLabels } from "../models/index.js";
import type { Module } from "../nn/index.js";
import { ConfigError, DataError } from "../support/errors.js";
import { softmax } from "../support/softmax.js";
import type { Tensor } from "../tensor/index.js";
import { AutoTokenizer } from "../tokenizers/index.js";
import {
  type CutOptions,
  checkCount,
  encodeCut,
  inBatches,
  inEvaluation,
  longestInput,
  padInputs,
  type TokenizerLike,
} from "./running.js";

/** What the pipeline asks of a model: a sequence-classification head. */
export interface ClassificationModel<Name extends string = string> extends Module {
  readonly config: CommonConfig & { readonly id2label: Readonly<Record<number, Name>> };
  forward(batch: Batch): { readonly logits: Tensor };
}

/** A text, or a pair of texts. */
export type ClassificationInput = string | { readonly text: string; readonly textPair?: string };

export interface Classification<Name extends string = string> {
  /** The label's name, of the model's id2label. */
  readonly label: Name;
  /** Probability of the label; for a regression the value itself. */
  readonly score: number;
}

export interface ClassifyOptions extends CutOptions {
  /** How many labels to return, best first; null for all. Default 1. */
  readonly topK?: number | null;
  /** Inputs computed at once. Default 32. */
  readonly batchSize?: number;
}

/**
 * Classifies one input, or many in their order. One input gives its best labels (`topK` of them); many give the best label
 * of each, or with `topK` the best labels of each.
 *
 * Texts longer than the model takes are cut, with a warning.
 * @throws DataError for an input that is neither text nor pair.
 */
export interface TextClassificationPipeline<Name extends string = string> {
  (input: ClassificationInput, options?: ClassifyOptions): Promise<Classification<Name>[]>;
  (
    inputs: readonly ClassificationInput[],
    options?: ClassifyOptions & { topK?: undefined },
  ): Promise<Classification<Name>[]>;
  (
    inputs: readonly ClassificationInput[],
    options: ClassifyOptions & { topK: number | null },
  ): Promise<Classification<Name>[][]>;
}

/** Loads a model and its tokenizer, or a few-shot classifier, and makes the pipeline of them. */
export async function loadTextClassification(
  model: string | ClassificationModel,
  tokenizer?: TokenizerLike,
  hub: HubOptions = {},
): Promise<TextClassificationPipeline> {
  if (typeof model === "string") {
    if ((await fewShotFolder(model, hub)) !== undefined)
      return createPipeline(fewShotScorer(await FewShotClassifier.fromPretrained(model, hub)));
    const loaded = await AutoModelForSequenceClassification.fromPretrained(model, { ...hub });
    return createPipeline(headScorer(loaded, tokenizer ?? (await AutoTokenizer.fromPretrained(model, hub))));
  }
  if (!tokenizer) throw new ConfigError("pipeline: a model that is not a folder needs { tokenizer }");
  return createPipeline(headScorer(model, tokenizer));
}

/** All labels of each of some inputs, with their scores. `first` is the number of the first input, for messages. */
type Scorer = (pairs: readonly Pair[], first: number, options: CutOptions) => Promise<Classification[][]>;

function createPipeline(score: Scorer): TextClassificationPipeline {
  async function classify(
    input: ClassificationInput | readonly ClassificationInput[],
    options: ClassifyOptions = {},
  ): Promise<Classification[] | Classification[][]> {
    const { topK = 1, batchSize = 32 } = options;
    checkCount("topK", topK ?? 1);
    checkCount("batchSize", batchSize);
    const single = !Array.isArray(input);
    const pairs = ([input].flat() as unknown[]).map(toPair);
    const results: Classification[][] = [];
    for (const [first, batch] of inBatches(pairs, batchSize)) {
      const scored = await score(batch, first, options);
      for (const labels of scored) results.push(labels.sort((a, b) => b.score - a.score).slice(0, topK ?? Infinity));
    }
    if (single) return results[0];
    return options.topK === undefined ? results.map(([best]) => best) : results;
  }
  return classify as TextClassificationPipeline;
}

function headScorer(model: ClassificationModel, tokenizer: TokenizerLike): Scorer {
  return async (pairs, first, options) => {
    const batch = encode(tokenizer, model, pairs, first, options);
    const { logits } = inEvaluation(model, () => model.forward(batch));
    return scoresOf(model.config, await logits.data());
  };
}

function fewShotScorer(classifier: FewShotClassifier): Scorer {
  return async (pairs, first) => {
    const texts = pairs.map(([text, pair], i) => {
      if (pair === undefined) return text;
      throw new DataError(`input ${first + i} of the pipeline is a pair; a few-shot classifier takes one text`);
    });
    const rows = await classifier.predictProbabilities(texts, { batchSize: texts.length });
    return rows.map((row) => row.map((score, i) => ({ label: classifier.labels[i], score })));
  };
}

type Pair = readonly [text: string, pair: string | undefined];

function toPair(input: unknown, i: number): Pair {
  if (typeof input === "string") return [input, undefined];
  if (typeof input === "object" && input !== null) {
    const { text, textPair } = input as { text?: unknown; textPair?: unknown };
    const pairFits = textPair === undefined || typeof textPair === "string";
    if (typeof text === "string" && pairFits) return [text, textPair];
  }
  throw new DataError(
    `input ${i} of the pipeline is ${JSON.stringify(input)}; give a text, or { text, textPair } of two texts`,
  );
}

/** Tokenizes and pads inputs; `first` is the number of the first one, for the warning. */
function encode(
  tokenizer: TokenizerLike,
  model: ClassificationModel,
  pairs: readonly Pair[],
  first: number,
  options: CutOptions,
): Batch {
  const limit = longestInput(tokenizer, model);
  const rows = pairs.map((pair, i) => encodeCut(tokenizer, pair, limit, first + i, options));
  return padInputs(tokenizer, rows);
}

/** Of each row of logits all labels with their scores. */
function scoresOf(config: CommonConfig, logits: ArrayLike<number>): Classification[][] {
  const width = numLabels(config);
  const score = scoring(config, width);
  return Array.from({ length: logits.length / width }, (_, row) => {
    const values = Array.from({ length: width }, (_, i) => logits[row * width + i]);
    return score(values).map((value, i) => ({ label: config.id2label[i], score: value }));
  });
}

/** From logits to scores, by the problem (transformers: pipelines/text_classification.py). */
function scoring(config: CommonConfig, width: number): (logits: number[]) => number[] {
  if (config.problem_type === "regression") return (logits) => logits;
  if (config.problem_type === "multi_label_classification" || width === 1) {
    return (logits) => logits.map((x) => 1 / (1 + Math.exp(-x)));
  }
  return softmax;
}
