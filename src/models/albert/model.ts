// ALBERT's encoder: narrow embeddings, and layers that share their weights.
import type { Activation } from "../../backends/kernels.js";
import {
  CheckpointedModule,
  Dropout,
  feedForwardOf,
  LayerNorm,
  Linear,
  Module,
  type Packing,
  selfAttention,
  stack,
} from "../../nn/index.js";
import { type Tensor, takeRows, tanh, tidy } from "../../tensor/index.js";
import { BertEmbeddings, embeddingInputs } from "../bert/model.js";
import { activationOf } from "../config.js";
import {
  type EncodeOptions,
  type EncoderBuild,
  type EncoderInputs,
  EncoderModel,
  type PackedStates,
  packIds,
} from "../encoder.js";
import { type AlbertConfig, albertFiles } from "./config.js";

/** LayerNorm(dropout(dense(attention(x))) + x). */
export class AlbertAttention extends Module {
  readonly attention_dropout: Dropout;
  readonly output_dropout: Dropout;
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly dense: Linear;
  readonly LayerNorm: LayerNorm;
  readonly heads: number;

  constructor(config: AlbertConfig) {
    super();
    this.attention_dropout = new Dropout(config.attention_probs_dropout_prob);
    this.output_dropout = new Dropout(config.hidden_dropout_prob);
    [this.query, this.key, this.value] = stack(3, config.hidden_size, config.hidden_size);
    this.dense = new Linear(config.hidden_size, config.hidden_size);
    this.LayerNorm = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    this.heads = config.num_attention_heads;
  }

  /** x [tokens, hidden], first [batch, hidden] if only the first tokens ask -> [tokens or batch, hidden]. */
  override forward(x: Tensor, packing: Packing, first: Tensor | undefined): Tensor {
    const options = { heads: this.heads, dropout: this.attention_dropout.active };
    const mixed = this.dense.forward(selfAttention(this, x, packing, first, options));
    return this.LayerNorm.afterResidual(mixed, first ?? x, this.output_dropout.active);
  }
}

export class AlbertLayer extends CheckpointedModule {
  readonly full_layer_layer_norm: LayerNorm;
  readonly attention: AlbertAttention;
  readonly ffn: Linear;
  readonly ffn_output: Linear;
  readonly activation: Activation;

  constructor(config: AlbertConfig) {
    super();
    this.full_layer_layer_norm = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    this.attention = new AlbertAttention(config);
    this.ffn = new Linear(config.hidden_size, config.intermediate_size);
    this.ffn_output = new Linear(config.intermediate_size, config.hidden_size);
    this.activation = activationOf(config.hidden_act);
  }

  /** The feed-forward half has no dropout, as in Python. */
  override forward(x: Tensor, packing: Packing, firstTokenOnly: boolean): Tensor {
    return tidy(() => {
      const attended = this.attention.forward(x, packing, firstTokenOnly ? takeRows(x, packing.first) : undefined);
      const inner = feedForwardOf(this.ffn, this.ffn_output, this.activation, attended);
      return this.full_layer_layer_norm.afterResidual(inner, attended, 0);
    });
  }
}

export class AlbertLayerGroup extends Module {
  readonly albert_layers: readonly AlbertLayer[];

  constructor(config: AlbertConfig) {
    super();
    this.albert_layers = Array.from({ length: config.inner_group_num }, () => new AlbertLayer(config));
  }

  override forward(x: Tensor, packing: Packing, firstTokenOnly: boolean): Tensor {
    const last = this.albert_layers.length - 1;
    return this.albert_layers.reduce(
      (state, layer, i) => layer.forward(state, packing, firstTokenOnly && i === last),
      x,
    );
  }
}

export class AlbertTransformer extends Module {
  readonly embedding_hidden_mapping_in: Linear;
  readonly albert_layer_groups: readonly AlbertLayerGroup[];
  readonly layers: number;

  constructor(config: AlbertConfig) {
    super();
    this.embedding_hidden_mapping_in = new Linear(config.embedding_size, config.hidden_size);
    this.albert_layer_groups = Array.from({ length: config.num_hidden_groups }, () => new AlbertLayerGroup(config));
    this.layers = config.num_hidden_layers;
  }

  /** [tokens, embedding] -> [tokens, hidden]; or [batch, hidden] where only the first tokens are read afterwards. */
  override forward(embedded: Tensor, packing: Packing, firstTokenOnly: boolean): Tensor {
    let state = this.embedding_hidden_mapping_in.forward(embedded);
    for (let i = 0; i < this.layers; i++) {
      const group = this.albert_layer_groups[Math.floor(i / (this.layers / this.albert_layer_groups.length))];
      state = group.forward(state, packing, firstTokenOnly && i === this.layers - 1);
    }
    return state;
  }
}

export class AlbertModel extends EncoderModel<AlbertConfig> {
  static readonly architecture: string = "AlbertModel";
  static readonly family = albertFiles;
  readonly embeddings: BertEmbeddings;
  readonly encoder: AlbertTransformer;
  override readonly pooler: Linear | undefined;

  constructor(config: AlbertConfig, { pooler = true }: EncoderBuild = {}) {
    super(config);
    this.embeddings = new BertEmbeddings(config, config.embedding_size);
    this.encoder = new AlbertTransformer(config);
    this.pooler = pooler ? new Linear(config.hidden_size, config.hidden_size) : undefined;
  }

  override get inputNames(): readonly string[] {
    return ["input_ids", "attention_mask", "token_type_ids", "position_ids"];
  }

  override pool(first: Tensor): Tensor {
    return tanh(super.pool(first));
  }

  override encode(inputs: EncoderInputs, { firstTokenOnly = false }: EncodeOptions = {}): PackedStates {
    const { vocab_size, max_position_embeddings } = this.config;
    const packing = packIds(inputs, { vocab_size, positions: max_position_embeddings });
    const embedded = this.embeddings.forward(...embeddingInputs(inputs, packing));
    return { states: this.encoder.forward(embedded, packing, firstTokenOnly), packing };
  }
}
