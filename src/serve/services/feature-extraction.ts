// The service of an encoder: texts to embeddings.
import type { PoolingMode } from "../../embeddings/index.js";
import type { Cut, FeatureExtractionPipeline } from "../../pipelines/index.js";
import type { Service } from "../service.js";
import { choice, toggle } from "../settings.js";
import { textOf, textSchema } from "./inputs.js";

export interface EmbeddingSettings {
  readonly pooling: PoolingMode;
  readonly normalize: boolean;
}

export interface EmbeddingDefaults extends EmbeddingSettings {
  /** Tokens of a text that are read. */
  readonly maxSeqLength: number;
  /** Numbers of an embedding. */
  readonly dimension: number;
}

/** `defaults`: what the model was trained for. */
export function embeddingService(
  extract: FeatureExtractionPipeline,
  { pooling, normalize, maxSeqLength, dimension }: EmbeddingDefaults,
): Service<string, EmbeddingSettings, readonly number[]> {
  return {
    task: "feature-extraction",
    inputSchema: { ...textSchema, description: "a text" },
    outputSchema: {
      type: "array",
      description: "the text's embedding",
      items: { type: "number" },
      minItems: dimension,
      maxItems: dimension,
    },
    settings: {
      pooling: choice(["mean", "cls", "max"], {
        default: pooling,
        description: "how the states of a text's tokens become one row",
      }),
      normalize: toggle({ default: normalize, description: "rows of length 1" }),
    },
    example: "The food was very good .",
    parse: (value, path) => textOf(value, path),
    run: async (inputs, settings, onCut) => {
      const options = { batchSize: inputs.length, maxLength: maxSeqLength } as const;
      const rows = await extract(inputs, { ...settings, ...options, onCut: (cut: Cut) => onCut(cut.input) });
      return rows.map((row) => Array.from(row));
    },
  };
}
