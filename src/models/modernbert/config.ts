// ModernBERT's config.json (Warner et al. 2024; defaults of transformers' ModernBertConfig).
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

export type AttentionType = "full_attention" | "sliding_attention";

export interface ModernBertConfig extends CommonConfig {
  vocab_size: number;
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  /** Of each half of the gated feed-forward block. */
  intermediate_size: number;
  hidden_activation: string;
  max_position_embeddings: number;
  initializer_cutoff_factor: number;
  norm_eps: number;
  norm_bias: boolean;
  pad_token_id: number;
  attention_bias: boolean;
  attention_dropout: number;
  /** Default: full_attention for every global_attn_every_n_layers-th layer from the first on (3 where that is not given). */
  layer_types?: readonly AttentionType[];
  global_attn_every_n_layers?: number;
  /** Angles by kind of layer; older configs have global_rope_theta and local_rope_theta. */
  rope_parameters?: Partial<Record<AttentionType, { rope_type?: string; rope_theta?: number }>>;
  /** A token of a local layer sees local_attention / 2 tokens on either side. */
  local_attention: number;
  embedding_dropout: number;
  mlp_bias: boolean;
  mlp_dropout: number;
  decoder_bias: boolean;
  /** What a classifier judges a sequence by: its first token, or the mean of all. */
  classifier_pooling: "cls" | "mean";
  classifier_dropout: number;
  classifier_bias: boolean;
  classifier_activation: string;
  tie_word_embeddings: boolean;
}

const defaults: ModernBertConfig = {
  model_type: "modernbert",
  vocab_size: 50368,
  hidden_size: 768,
  intermediate_size: 1152,
  num_hidden_layers: 22,
  num_attention_heads: 12,
  hidden_activation: "gelu",
  max_position_embeddings: 8192,
  initializer_range: 0.02,
  initializer_cutoff_factor: 2,
  norm_eps: 1e-5,
  norm_bias: false,
  pad_token_id: 50283,
  attention_bias: false,
  attention_dropout: 0,
  local_attention: 128,
  embedding_dropout: 0,
  mlp_bias: false,
  mlp_dropout: 0,
  decoder_bias: true,
  classifier_pooling: "cls",
  classifier_dropout: 0,
  classifier_bias: false,
  classifier_activation: "gelu",
  tie_word_embeddings: true,
  id2label: { 0: "LABEL_0", 1: "LABEL_1" },
  label2id: { LABEL_0: 0, LABEL_1: 1 },
};

/** @throws ConfigError for what Attune's ModernBERT does not do, or sizes that do not fit together. */
export const modernBertConfig: ConfigFunction<ModernBertConfig> = (raw = {}, options = {}) => {
  const config = completeConfig(defaults, raw, options);
  requireMultiple(config, "hidden_size", "num_attention_heads");
  if ((config.hidden_size / config.num_attention_heads) % 2 !== 0) {
    throw new ConfigError(
      `config: heads of ${config.hidden_size / config.num_attention_heads} columns cannot be turned in pairs; hidden_size / num_attention_heads must be even`,
    );
  }
  refuse(config, "classifier_pooling", ["cls", "mean"]);
  refuse(config, "rope_scaling", []);
  for (const [kind, parameters] of Object.entries(config.rope_parameters ?? {})) {
    if (parameters?.rope_type !== undefined && parameters.rope_type !== "default") {
      throw new ConfigError(
        `config: rope_parameters.${kind}.rope_type ${JSON.stringify(parameters.rope_type)} is not supported; "default" is`,
      );
    }
  }
  const types = layerTypes(config);
  const strange = types.find((type) => type !== "full_attention" && type !== "sliding_attention");
  if (types.length !== config.num_hidden_layers || strange !== undefined) {
    throw new ConfigError(
      `config: layer_types ${JSON.stringify(config.layer_types)} must name full_attention or sliding_attention for each of ` +
        `${config.num_hidden_layers} layers (num_hidden_layers)`,
    );
  }
  activationOf(config.hidden_activation);
  activationOf(config.classifier_activation);
  return config;
};

/** The kind of each layer. */
export function layerTypes(config: ModernBertConfig): readonly AttentionType[] {
  const every = config.global_attn_every_n_layers ?? 3;
  return (
    config.layer_types ??
    Array.from({ length: config.num_hidden_layers }, (_, i) => (i % every ? "sliding_attention" : "full_attention"))
  );
}

/** Base of the angles' frequencies. */
export function ropeTheta(config: ModernBertConfig, type: AttentionType): number {
  const older = type === "full_attention" ? config.global_rope_theta : config.local_rope_theta;
  const given = config.rope_parameters?.[type]?.rope_theta ?? older;
  return typeof given === "number" ? given : type === "full_attention" ? 160_000 : 10_000;
}

export const modernbertFiles: FamilyFiles = {
  modelType: "modernbert",
  config: modernBertConfig,
  spelling: { basePrefix: "model.", optional: /^head\.|^classifier\.|^decoder\./ },
};
