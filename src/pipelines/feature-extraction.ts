// The pipeline "feature-extraction": an encoder's states, a row for each token, or one for each text where they are pooled.
// (transformers: pipelines/feature_extraction.py; the options pooling and normalize are those of transformers.js.)
import { normalized, type PoolingMode, pool } from "../embeddings/pooling.js";
import type { HubOptions } from "../hub/index.js";
import { AutoModel, EncoderModel } from "../models/index.js";
import { ConfigError } from "../support/errors.js";
import { AutoTokenizer } from "../tokenizers/index.js";
import {
  asTexts,
  type CutOptions,
  checkCount,
  encodeCut,
  inBatches,
  inEvaluation,
  longestInput,
  padInputs,
  type TokenizerLike,
} from "./running.js";

export interface FeatureOptions extends CutOptions {
  /** How the states of a text's tokens become one row. Default "none": they stay. */
  readonly pooling?: "none" | PoolingMode;
  /** Rows of length 1. Default false. */
  readonly normalize?: boolean;
  /** Tokens of a text that are read. Default: what the model takes. */
  readonly maxLength?: number;
  /** Texts computed at once. Default 32. */
  readonly batchSize?: number;
}

/** A row for each token, or with pooling one row. */
type Features<Options> = Options extends { readonly pooling: PoolingMode } ? Float32Array : Float32Array[];

/** The features of one text, or of many in their order. Texts longer than the model takes are cut, with a warning. */
export interface FeatureExtractionPipeline {
  <const Options extends FeatureOptions = Record<never, never>>(
    text: string,
    options?: Options,
  ): Promise<Features<Options>>;
  <const Options extends FeatureOptions = Record<never, never>>(
    texts: readonly string[],
    options?: Options,
  ): Promise<Features<Options>[]>;
}

const MODES: readonly string[] = ["none", "mean", "cls", "max"];

export async function loadFeatureExtraction(
  given: string | EncoderModel,
  tokenizerGiven?: TokenizerLike,
  hub: HubOptions = {},
): Promise<FeatureExtractionPipeline> {
  const model = typeof given === "string" ? await AutoModel.fromPretrained(given, { ...hub }) : given;
  if (!(model instanceof EncoderModel))
    throw new ConfigError("pipeline: feature-extraction needs an encoder, as AutoModel gives it");
  if (typeof given !== "string" && !tokenizerGiven)
    throw new ConfigError("pipeline: a model that is not a folder needs { tokenizer }");
  const tokenizer = tokenizerGiven ?? (await AutoTokenizer.fromPretrained(given as string, hub));
  const extract = async (input: unknown, options: FeatureOptions = {}) => {
    const { pooling = "none", normalize = false, batchSize = 32 } = options;
    checkCount("batchSize", batchSize);
    checkCount("maxLength", options.maxLength ?? 1);
    const limit = Math.min(longestInput(tokenizer, model), options.maxLength ?? Infinity);
    if (!MODES.includes(pooling))
      throw new ConfigError(`pipeline: pooling ${JSON.stringify(pooling)} is not known; there are ${MODES.join(", ")}`);
    const { texts, single } = asTexts(input);
    const rows = texts.map((text, i) => encodeCut(tokenizer, [text], limit, i, options));
    const results: (Float32Array | Float32Array[])[] = [];
    for (const [, batch] of inBatches(rows, batchSize)) {
      const inputs = padInputs(tokenizer, batch);
      const states = inEvaluation(model, () => {
        const { states, packing } = model.encode(inputs as Parameters<typeof model.encode>[0]);
        const pooled = pooling === "none" ? states : pool(states, packing, pooling);
        return normalize ? normalized(pooled) : pooled;
      });
      const [, width] = states.shape;
      const values = Float32Array.from(await states.data());
      let row = 0;
      for (const { input_ids: ids } of batch) {
        const count = pooling === "none" ? ids.length : 1;
        const own = Array.from({ length: count }, (_, i) => values.slice((row + i) * width, (row + i + 1) * width));
        row += count;
        results.push(pooling === "none" ? own : own[0]);
      }
    }
    return single ? results[0] : results;
  };
  return extract as FeatureExtractionPipeline;
}
