// The pipeline "fill-mask": the words that a masked language model puts where a text has the mask token. Outputs are those
// of transformers' pipelines/fill_mask.py.
import type { HubOptions } from "../hub/index.js";
import { AutoModelForMaskedLM } from "../models/index.js";
import { ConfigError, DataError } from "../support/errors.js";
import { warn } from "../support/log.js";
import { softmax } from "../support/softmax.js";
import type { Tensor } from "../tensor/index.js";
import {
  asTexts,
  checkCount,
  inBatches,
  inEvaluation,
  largest,
  loadParts,
  longestInput,
  type PipelineModel,
  padInputs,
  type TokenizerLike,
} from "./running.js";

/** What the pipeline asks of a model: a masked-language-modelling head. */
export type MaskedLMModelLike = PipelineModel<{ readonly logits: Tensor }>;

export interface FillMaskOptions {
  /** How many words to give for each mask, best first. Default 5. */
  readonly topK?: number;
  /** Only these words; of one that is no token its first token counts, with a warning. Default all. */
  readonly targets?: string | readonly string[];
  /** Texts computed at once. Default 16. */
  readonly batchSize?: number;
}

/** A word for a mask. */
export interface FilledMask {
  readonly score: number;
  /** The word's id. */
  readonly token: number;
  readonly token_str: string;
  /** The text with it. */
  readonly sequence: string;
}

/**
 * Fills the masks of one text, or of many in their order. A text with one mask has a list of words; one with several has a
 * list for each.
 * @throws DataError for a text without a mask, or longer than the model takes
 */
export interface FillMaskPipeline {
  (text: string, options?: FillMaskOptions): Promise<FilledMask[] | FilledMask[][]>;
  (texts: readonly string[], options?: FillMaskOptions): Promise<(FilledMask[] | FilledMask[][])[]>;
}

export async function loadFillMask(
  given: string | MaskedLMModelLike,
  tokenizerGiven?: TokenizerLike,
  hub: HubOptions = {},
): Promise<FillMaskPipeline> {
  const { model, tokenizer } = await loadParts(AutoModelForMaskedLM, given, tokenizerGiven, hub);
  const { maskTokenId: mask, maskToken, padTokenId } = tokenizer;
  if (mask === undefined) throw new ConfigError("pipeline: the tokenizer has no mask token");
  const limit = longestInput(tokenizer, model);
  const fill = async (input: unknown, options: FillMaskOptions = {}) => {
    const { topK = 5, batchSize = 16 } = options;
    checkCount("topK", topK);
    checkCount("batchSize", batchSize);
    const { texts, single } = asTexts(input);
    const targets = options.targets === undefined ? undefined : idsOf(tokenizer, [options.targets].flat());
    const rows = texts.map((text, i) => {
      const { input_ids, attention_mask, token_type_ids } = tokenizer(text, { returnTensors: false, verbose: false });
      if (!input_ids.includes(mask))
        throw new DataError(`input ${i} of the pipeline has no ${maskToken}: ${JSON.stringify(text)}`);
      if (input_ids.length > limit) {
        throw new DataError(
          `input ${i} of the pipeline has ${input_ids.length} tokens, and the model takes ${limit}: shorten it`,
        );
      }
      return { input_ids, attention_mask, token_type_ids };
    });
    const results: (FilledMask[] | FilledMask[][])[] = [];
    for (const [, batch] of inBatches(rows, batchSize)) {
      const inputs = padInputs(tokenizer, batch);
      const logits = inEvaluation(model, () => model.forward(inputs).logits);
      const [, length, width] = logits.shape;
      const values = await logits.data();
      for (const [i, { input_ids: ids }] of batch.entries()) {
        const skipped = tokenizer.paddingSide === "left" ? length - ids.length : 0;
        const masks = Array.from(ids).flatMap((id, at) => (id === mask ? [at] : []));
        const filled = masks.map((at) => {
          const row = (i * length + skipped + at) * width;
          const scores = softmax(values.subarray(row, row + width));
          const candidates = targets ?? scores.map((_, id) => id);
          const best = largest(
            candidates.map((id) => scores[id]),
            topK,
          );
          return best.map((place): FilledMask => {
            const token = candidates[place];
            const whole = ids.map((id, j) => (j === at ? token : id)).filter((id) => id !== padTokenId);
            return {
              score: scores[token],
              token,
              token_str: tokenizer.decode(token),
              sequence: tokenizer.decode(whole, { skipSpecialTokens: masks.length === 1 }),
            };
          });
        });
        results.push(filled.length === 1 ? filled[0] : filled);
      }
    }
    return single ? results[0] : results;
  };
  return fill as FillMaskPipeline;
}

/** Ids of words, each once. @throws ConfigError where there is none */
function idsOf(tokenizer: TokenizerLike, words: readonly string[]): number[] {
  const ids = words.flatMap((word) => {
    const whole = tokenizer.pipeline.idOf(word);
    if (whole !== undefined) return [whole];
    const [first] = tokenizer.encode(word, null, { addSpecialTokens: false, verbose: false });
    if (first === undefined) {
      warn(`the target "${word}" is no token, and none stands for it: left out`);
      return [];
    }
    warn(`the target "${word}" is no token: "${tokenizer.convertIdsToTokens(first)}" stands for it`);
    return [first];
  });
  if (ids.length === 0) throw new ConfigError("pipeline: targets name no token");
  return [...new Set(ids)].sort((a, b) => a - b);
}
