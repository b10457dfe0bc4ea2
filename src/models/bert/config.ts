// BERT's config.json (Devlin et al. 2018; defaults of transformers' BertConfig).
import type { Activation } from "../../backends/kernels.js";
import { ConfigError, nearest } from "../../support/errors.js";
import { type CommonConfig, type ConfigOptions, completeConfig } from "../config.js";

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

const defaults: BertConfig = {
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
 * A BERT config from config.json's content and the caller's overrides, which may be any of its keys.
 * @throws ConfigError for what Attune's BERT does not do, or sizes that do not fit together.
 */
export function bertConfig(
  raw: Readonly<Record<string, unknown>> = {},
  options: ConfigOptions & Readonly<Record<string, unknown>> = {},
): BertConfig {
  const config = completeConfig(defaults, raw, options);
  if (config.hidden_size % config.num_attention_heads !== 0) {
    throw new ConfigError(
      `config: hidden_size ${config.hidden_size} is not a multiple of num_attention_heads ${config.num_attention_heads}`,
    );
  }
  const positions = config.position_embedding_type;
  if (positions !== undefined && positions !== "absolute") {
    throw new ConfigError(
      `config: position_embedding_type ${JSON.stringify(positions)} is not supported; "absolute" is`,
    );
  }
  if (config.is_decoder === true || config.add_cross_attention === true) {
    throw new ConfigError("config: BERT as a decoder (is_decoder, add_cross_attention) is not supported");
  }
  activationOf(config.hidden_act);
  return config;
}

/** Names of activations in config.json (transformers: activations.py) and their kernels. */
const activations: Readonly<Record<string, Activation>> = {
  gelu: "gelu",
  gelu_new: "gelu_tanh",
  gelu_fast: "gelu_tanh",
  gelu_pytorch_tanh: "gelu_tanh",
  relu: "relu",
  silu: "silu",
  swish: "silu",
  tanh: "tanh",
};

export function activationOf(name: string): Activation {
  if (Object.hasOwn(activations, name)) return activations[name];
  const near = nearest(name, Object.keys(activations));
  throw new ConfigError(
    `config: hidden_act "${name}" is not known${near ? `; did you mean "${near}"?` : ""} (${Object.keys(activations).join(", ")})`,
  );
}
