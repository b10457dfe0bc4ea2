// Shapes of published models, as their config.json has them: the benchmark gives them random weights.

/** A config with a model_type. */
export type ShapeConfig = Readonly<Record<string, unknown>> & {
  readonly model_type: string;
  readonly vocab_size: number;
};

export const shapes: Readonly<Record<string, ShapeConfig>> = {
  "bert-base-uncased": { model_type: "bert", vocab_size: 30522 },
  "distilbert-base-uncased": {
    model_type: "distilbert",
    vocab_size: 30522,
    ...{ dim: 768, n_layers: 6, n_heads: 12, hidden_dim: 3072, max_position_embeddings: 512 },
  },
  "roberta-base": {
    model_type: "roberta",
    vocab_size: 50265,
    ...{ max_position_embeddings: 514, type_vocab_size: 1, layer_norm_eps: 1e-5 },
    ...{ pad_token_id: 1, bos_token_id: 0, eos_token_id: 2 },
  },
  "albert-base-v2": {
    model_type: "albert",
    vocab_size: 30000,
    ...{ hidden_size: 768, num_attention_heads: 12, intermediate_size: 3072, embedding_size: 128 },
    ...{ hidden_act: "gelu_new", hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
  },
  "deberta-v3-small": {
    model_type: "deberta-v2",
    vocab_size: 128100,
    ...{ hidden_size: 768, num_hidden_layers: 6, num_attention_heads: 12, intermediate_size: 3072 },
    ...{ max_position_embeddings: 512, relative_attention: true, position_buckets: 256, max_relative_positions: -1 },
    ...{ norm_rel_ebd: "layer_norm", share_att_key: true, pos_att_type: ["p2c", "c2p"], position_biased_input: false },
    ...{ type_vocab_size: 0, layer_norm_eps: 1e-7 },
  },
  "modernbert-base": { model_type: "modernbert", vocab_size: 50368 },
  "mpnet-base": { model_type: "mpnet", vocab_size: 30527, max_position_embeddings: 514, layer_norm_eps: 1e-5 },
};
