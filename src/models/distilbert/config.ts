// DistilBERT's config.json (Sanh et al. 2019; defaults of transformers' DistilBertConfig), which has names of its own.
import { activationOf, type CommonConfig, type ConfigFunction, completeConfig, requireMultiple } from "../config.js";
import type { FamilyFiles } from "../family.js";

export interface DistilBertConfig extends CommonConfig {
  vocab_size: number;
  max_position_embeddings: number;
  n_layers: number;
  n_heads: number;
  dim: number;
  hidden_dim: number;
  dropout: number;
  attention_dropout: number;
  activation: string;
  qa_dropout: number;
  seq_classif_dropout: number;
  pad_token_id: number;
  tie_word_embeddings: boolean;
  /** Whether a new model's positions begin as sines (a checkpoint's are what they are). */
  sinusoidal_pos_embds: boolean;
}

const defaults: DistilBertConfig = {
  model_type: "distilbert",
  vocab_size: 30522,
  max_position_embeddings: 512,
  n_layers: 6,
  n_heads: 12,
  dim: 768,
  hidden_dim: 3072,
  dropout: 0.1,
  attention_dropout: 0.1,
  activation: "gelu",
  initializer_range: 0.02,
  qa_dropout: 0.1,
  seq_classif_dropout: 0.2,
  pad_token_id: 0,
  tie_word_embeddings: true,
  sinusoidal_pos_embds: false,
  id2label: { 0: "LABEL_0", 1: "LABEL_1" },
  label2id: { LABEL_0: 0, LABEL_1: 1 },
};

/** As bertConfig. */
export const distilBertConfig: ConfigFunction<DistilBertConfig> = (raw = {}, options = {}) => {
  const config = completeConfig(defaults, raw, options);
  requireMultiple(config, "dim", "n_heads");
  activationOf(config.activation);
  return config;
};

export const distilbertFiles: FamilyFiles = {
  modelType: "distilbert",
  config: distilBertConfig,
  spelling: {
    basePrefix: "distilbert.",
    ignored: ["embeddings.position_ids"],
    optional: /^(pre_classifier|classifier|qa_outputs|vocab_transform|vocab_layer_norm|vocab_projector)\./,
  },
};
