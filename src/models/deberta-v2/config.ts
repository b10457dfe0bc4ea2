// DeBERTa-v2's and v3's config.json (He et al. 2020 and 2021; defaults of transformers' DebertaV2Config).
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

/** Content to position: queries meet relative keys; position to content: keys meet relative queries. */
export type PositionTerm = "c2p" | "p2c";

export interface DebertaV2Config extends CommonConfig {
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
  /** Default: hidden_size. */
  embedding_size?: number;
  /** Whether attention sees distances at all. */
  relative_attention: boolean;
  /** Distances beyond it are it; below 1: max_position_embeddings. */
  max_relative_positions: number;
  /** Distances are rounded into so many buckets on either side; below 1: not at all. */
  position_buckets: number;
  pos_att_type: readonly PositionTerm[];
  /** Distances are projected by the layers for queries and keys rather than by ones of their own. */
  share_att_key: boolean;
  /** "layer_norm": the table of distances is normalized. */
  norm_rel_ebd: string;
  /** Whether absolute positions are added to the words. */
  position_biased_input: boolean;
  /** Above 0: a convolution of this width beside the first layer. */
  conv_kernel_size: number;
  conv_act: string;
  pooler_dropout: number;
  pooler_hidden_act: string;
  /** Default: hidden_dropout_prob. */
  cls_dropout?: number;
  /** The masked-LM head that Python has by default; false: that of the published v3 checkpoints. */
  legacy: boolean;
  tie_word_embeddings: boolean;
}

const defaults: DebertaV2Config = {
  model_type: "deberta-v2",
  vocab_size: 128100,
  hidden_size: 1536,
  num_hidden_layers: 24,
  num_attention_heads: 24,
  intermediate_size: 6144,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  max_position_embeddings: 512,
  type_vocab_size: 0,
  initializer_range: 0.02,
  layer_norm_eps: 1e-7,
  pad_token_id: 0,
  relative_attention: false,
  max_relative_positions: -1,
  position_buckets: -1,
  pos_att_type: [],
  share_att_key: false,
  norm_rel_ebd: "none",
  position_biased_input: true,
  conv_kernel_size: 0,
  conv_act: "tanh",
  pooler_dropout: 0,
  pooler_hidden_act: "gelu",
  legacy: true,
  tie_word_embeddings: true,
  id2label: { 0: "LABEL_0", 1: "LABEL_1" },
  label2id: { LABEL_0: 0, LABEL_1: 1 },
};

/** @throws ConfigError for what Attune's DeBERTa does not do, or sizes that do not fit together. */
export const debertaV2Config: ConfigFunction<DebertaV2Config> = (raw = {}, options = {}) => {
  const config = completeConfig(defaults, raw, options);
  requireMultiple(config, "hidden_size", "num_attention_heads");
  const given: unknown = config.pos_att_type; // older configs: "p2c|c2p"
  const terms = typeof given === "string" ? given.toLowerCase().split("|") : given;
  if (!Array.isArray(terms)) {
    throw new ConfigError(`config: pos_att_type ${JSON.stringify(given)} must be a list of "c2p" and "p2c"`);
  }
  config.pos_att_type = terms.map((term: string) => term.trim()).filter((term) => term !== "") as PositionTerm[];
  for (const term of config.pos_att_type) {
    if (term !== "c2p" && term !== "p2c") {
      throw new ConfigError(`config: pos_att_type ${JSON.stringify(term)} is not supported; "c2p" and "p2c" are`);
    }
  }
  if (config.conv_kernel_size > 0 && config.conv_kernel_size % 2 === 0) {
    throw new ConfigError(`config: conv_kernel_size ${config.conv_kernel_size} must be odd, so that the length stays`);
  }
  refuse(config, "conv_groups", [1]);
  refuse(config, "attention_head_size", [config.hidden_size / config.num_attention_heads]);
  refuse(config, "pooler_hidden_size", [config.hidden_size]);
  for (const name of [config.hidden_act, config.pooler_hidden_act, config.conv_act]) activationOf(name);
  return config;
};

/** Half of the rows of the table of distances. */
export function positionSpan(config: DebertaV2Config): number {
  return config.position_buckets > 0 ? config.position_buckets : longestDistance(config);
}

export function longestDistance(config: DebertaV2Config): number {
  return config.max_relative_positions < 1 ? config.max_position_embeddings : config.max_relative_positions;
}

export const debertaV2Files: FamilyFiles = {
  modelType: "deberta-v2",
  config: debertaV2Config,
  spelling: {
    basePrefix: "deberta.",
    ignored: ["embeddings.position_ids"],
    // v3's checkpoints keep absolute positions that their models do not read
    surplus: /^(deberta\.)?embeddings\.position_embeddings\.|^mask_predictions\./,
    optional: /^pooler\.|^classifier\.|^qa_outputs\.|^cls\.|^lm_predictions\./,
  },
};
