// The pipeline "multiple-choice": which of several continuations of a text, or answers to a question, is right. transformers
// has none; the answers are spelled as those of its classifiers.
import type { HubOptions } from "../hub/index.js";
import { AutoModelForMultipleChoice } from "../models/index.js";
import { DataError } from "../support/errors.js";
import { softmax } from "../support/softmax.js";
import { type Tensor, tensor } from "../tensor/index.js";
import {
  checkCount,
  inBatches,
  inEvaluation,
  loadParts,
  longestInput,
  type PipelineModel,
  padInputs,
  type TokenizerLike,
} from "./running.js";

/** What the pipeline asks of a model: a multiple-choice head. */
export type MultipleChoiceModelLike = PipelineModel<{ readonly logits: Tensor }>;

/** A text, and ways to go on from it, or answers to it; two at least. */
export interface ChoiceInput {
  readonly text: string;
  readonly choices: readonly string[];
}

export interface Choice {
  readonly choice: string;
  /** Its number among the choices. */
  readonly index: number;
  /** Its probability among the choices. */
  readonly score: number;
}

export interface ChooseOptions {
  /** How many choices to return, best first; null for all. Default null. */
  readonly topK?: number | null;
  /** Inputs computed at once, with all their choices. Default 8. */
  readonly batchSize?: number;
}

/**
 * Ranks the choices of one input, or of many in their order. What is longer than the model takes is cut off, of the longer
 * of text and choice, as in training.
 * @throws DataError for an input that is no text with choices
 */
export interface MultipleChoicePipeline {
  (input: ChoiceInput, options?: ChooseOptions): Promise<Choice[]>;
  (inputs: readonly ChoiceInput[], options?: ChooseOptions): Promise<Choice[][]>;
}

export async function loadMultipleChoice(
  given: string | MultipleChoiceModelLike,
  tokenizerGiven?: TokenizerLike,
  hub: HubOptions = {},
): Promise<MultipleChoicePipeline> {
  const { model, tokenizer } = await loadParts(AutoModelForMultipleChoice, given, tokenizerGiven, hub);
  const limit = longestInput(tokenizer, model);
  const cut = Number.isFinite(limit) ? { truncation: true, maxLength: limit } : {};
  const rowOf = (text: string, choice: string) =>
    tokenizer(text, choice, { ...cut, returnTensors: false, verbose: false });
  const choose = async (input: unknown, options: ChooseOptions = {}) => {
    const { topK = null, batchSize = 8 } = options;
    checkCount("topK", topK ?? 1);
    checkCount("batchSize", batchSize);
    const single = !Array.isArray(input);
    const asked = ([input].flat() as unknown[]).map(toChoices);
    const results: Choice[][] = [];
    for (const [, batch] of inBatches(asked, batchSize)) {
      const most = Math.max(...batch.map(({ choices }) => choices.length));
      // fewer choices than others of the batch are filled up with the first, and what stands there is not read
      const rows = batch.flatMap(({ text, choices }) =>
        Array.from({ length: most }, (_, i) => rowOf(text, choices[i] ?? choices[0])),
      );
      const inputs = padInputs(tokenizer, rows);
      const shaped = Object.entries(inputs).map(([name, { host, shape }]) => [
        name,
        tensor(Int32Array.from(host ?? []), { shape: [batch.length, most, shape[1]] }),
      ]);
      const { logits } = inEvaluation(model, () => model.forward(Object.fromEntries(shaped)));
      const values = await logits.data();
      for (const [i, { choices }] of batch.entries()) {
        const scores = softmax(values.subarray(i * most, i * most + choices.length));
        const ranked = choices.map((choice, index): Choice => ({ choice, index, score: scores[index] }));
        results.push(ranked.sort((a, b) => b.score - a.score).slice(0, topK ?? Infinity));
      }
    }
    return single ? results[0] : results;
  };
  return choose as MultipleChoicePipeline;
}

function toChoices(input: unknown, i: number): ChoiceInput {
  const { text, choices } = (input ?? {}) as Partial<ChoiceInput>;
  const areTexts = Array.isArray(choices) && choices.every((choice) => typeof choice === "string");
  if (typeof text === "string" && areTexts && choices.length >= 2) return { text, choices };
  throw new DataError(
    `input ${i} of the pipeline is ${JSON.stringify(input)?.slice(0, 200)}; { text, choices } is needed, with two choices at least`,
  );
}
