// BERT's config.json (Devlin et al. 2018; defaults of transformers' BertConfig).
import {
  activationOf,
  type CommonConfig,
  type ConfigFunction,
  completeConfig,
  refuse,
  requireMultiple,
} from "../config.js";
import type { FamilyFiles } from "../family.js";

/** The keys that BERT's config has, and those of the families that are built of its layers. */
export interface BertConfig extends CommonConfig {
  vocab_size: number;
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  intermediate_size: number;
  hidden_act: string;
  hidden_dropout_prob: number;
  attention_probs_dropout_prob: number;
  max_position_embeddings: number;
  type_vocab_size: number;
  layer_norm_eps: number;
  pad_token_id: number;
  /** Default: hidden_dropout_prob. */
  classifier_dropout?: number;
  tie_word_embeddings: boolean;
}

export const bertDefaults: BertConfig = {
  model_type: "bert",
  vocab_size: 30522,
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  initializer_range: 0.02,
  layer_norm_eps: 1e-12,
  pad_token_id: 0,
  tie_word_embeddings: true,
  id2label: { 0: "LABEL_0", 1: "LABEL_1" },
  label2id: { LABEL_0: 0, LABEL_1: 1 },
};

/**
 * The config function of a family of BERT's kind: config.json's content and the caller's overrides, which may be any of
 * its keys, over the family's defaults. It throws ConfigError for what Attune does not do, or sizes that do not fit
 * together.
 */
export function bertLikeConfig<Config extends BertConfig>(defaults: Config): ConfigFunction<Config> {
  return (raw = {}, options = {}) => {
    const config = completeConfig(defaults, raw, options);
    requireMultiple(config, "hidden_size", "num_attention_heads");
    refuse(config, "position_embedding_type", ["absolute"]);
    refuse(config, "is_decoder", [false]);
    refuse(config, "add_cross_attention", [false]);
    activationOf(config.hidden_act);
    return config;
  };
}

export const bertConfig = bertLikeConfig(bertDefaults);

export const bertFiles: FamilyFiles = {
  modelType: "bert",
  config: bertConfig,
  spelling: {
    basePrefix: "bert.",
    ignored: ["embeddings.position_ids"],
    optional: /(^|\.)pooler\.|^classifier\.|^qa_outputs\.|^cls\./,
  },
};
