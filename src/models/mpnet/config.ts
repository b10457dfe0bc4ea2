// MPNet's config.json (Song et al. 2020; defaults of transformers' MPNetConfig).
import { ConfigError } from "../../support/errors.js";
import {
  activationOf,
  type CommonConfig,
  type ConfigFunction,
  completeConfig,
  refuse,
  requireMultiple,
} from "../config.js";
import type { FamilyFiles } from "../family.js";
import { relativeBuckets } from "./relativeBias.js";

export interface MPNetConfig extends CommonConfig {
  vocab_size: number;
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  intermediate_size: number;
  hidden_act: string;
  hidden_dropout_prob: number;
  attention_probs_dropout_prob: number;
  max_position_embeddings: number;
  layer_norm_eps: number;
  /** Rows of the table of biases; 32 of them are used, whatever there is. */
  relative_attention_num_buckets: number;
  pad_token_id: number;
  tie_word_embeddings: boolean;
}

const defaults: MPNetConfig = {
  model_type: "mpnet",
  vocab_size: 30527,
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  max_position_embeddings: 512,
  initializer_range: 0.02,
  layer_norm_eps: 1e-12,
  relative_attention_num_buckets: 32,
  pad_token_id: 1,
  tie_word_embeddings: true,
  id2label: { 0: "LABEL_0", 1: "LABEL_1" },
  label2id: { LABEL_0: 0, LABEL_1: 1 },
};

/** @throws ConfigError for what Attune's MPNet does not do, or sizes that do not fit together. */
export const mpnetConfig: ConfigFunction<MPNetConfig> = (raw = {}, options = {}) => {
  const config = completeConfig(defaults, raw, options);
  requireMultiple(config, "hidden_size", "num_attention_heads");
  refuse(config, "is_decoder", [false]);
  if (config.relative_attention_num_buckets < relativeBuckets) {
    throw new ConfigError(
      `config: relative_attention_num_buckets ${config.relative_attention_num_buckets} is too few; MPNet reads ${relativeBuckets}`,
    );
  }
  activationOf(config.hidden_act);
  return config;
};

export const mpnetFiles: FamilyFiles = {
  modelType: "mpnet",
  config: mpnetConfig,
  spelling: {
    basePrefix: "mpnet.",
    ignored: ["embeddings.position_ids"],
    optional: /(^|\.)pooler\.|^classifier\.|^qa_outputs\.|^lm_head\./,
  },
};
