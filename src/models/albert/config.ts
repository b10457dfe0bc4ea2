// ALBERT's config.json (Lan et al. 2020; defaults of transformers' AlbertConfig).
import {
  activationOf,
  type CommonConfig,
  type ConfigFunction,
  completeConfig,
  refuse,
  requireMultiple,
} from "../config.js";
import type { FamilyFiles } from "../family.js";

export interface AlbertConfig extends CommonConfig {
  vocab_size: number;
  /** Width of the embeddings, which a layer projects to hidden_size. */
  embedding_size: number;
  hidden_size: number;
  num_hidden_layers: number;
  /** Layers of a group share their weights. */
  num_hidden_groups: number;
  num_attention_heads: number;
  intermediate_size: number;
  /** Layers, with weights of their own, that one layer of a group consists of. */
  inner_group_num: number;
  hidden_act: string;
  hidden_dropout_prob: number;
  attention_probs_dropout_prob: number;
  max_position_embeddings: number;
  type_vocab_size: number;
  layer_norm_eps: number;
  classifier_dropout_prob: number;
  pad_token_id: number;
  tie_word_embeddings: boolean;
}

const defaults: AlbertConfig = {
  model_type: "albert",
  vocab_size: 30000,
  embedding_size: 128,
  hidden_size: 4096,
  num_hidden_layers: 12,
  num_hidden_groups: 1,
  num_attention_heads: 64,
  intermediate_size: 16384,
  inner_group_num: 1,
  hidden_act: "gelu_new",
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  initializer_range: 0.02,
  layer_norm_eps: 1e-12,
  classifier_dropout_prob: 0.1,
  pad_token_id: 0,
  bos_token_id: 2,
  eos_token_id: 3,
  tie_word_embeddings: true,
  id2label: { 0: "LABEL_0", 1: "LABEL_1" },
  label2id: { LABEL_0: 0, LABEL_1: 1 },
};

/** As bertConfig. */
export const albertConfig: ConfigFunction<AlbertConfig> = (raw = {}, options = {}) => {
  const config = completeConfig(defaults, raw, options);
  requireMultiple(config, "hidden_size", "num_attention_heads");
  refuse(config, "position_embedding_type", ["absolute"]);
  activationOf(config.hidden_act);
  return config;
};

export const albertFiles: FamilyFiles = {
  modelType: "albert",
  config: albertConfig,
  spelling: {
    basePrefix: "albert.",
    ignored: ["embeddings.position_ids", "embeddings.token_type_ids"],
    optional: /(^|\.)pooler\.|^(classifier|qa_outputs|predictions)\./,
  },
};
