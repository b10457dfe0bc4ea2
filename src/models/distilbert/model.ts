// DistilBERT's encoder: half of BERT's layers under other names, no token types, no pooler.
import type { Activation } from "../../backends/kernels.js";
import {
  CheckpointedModule,
  Dropout,
  Embedding,
  feedForwardOf,
  LayerNorm,
  Linear,
  Module,
  type Packing,
  packIntegers,
  selfAttention,
  stack,
} from "../../nn/index.js";
import { type Tensor, takeRows, tensor, tidy } from "../../tensor/index.js";
import { activationOf } from "../config.js";
import { type EncodeOptions, type EncoderInputs, EncoderModel, type PackedStates, packIds } from "../encoder.js";
import { type DistilBertConfig, distilbertFiles } from "./config.js";

/** The config has no key for it. */
export const EPSILON = 1e-12;

/** word + position, normalized. */
export class DistilBertEmbeddings extends Module {
  readonly word_embeddings: Embedding;
  readonly position_embeddings: Embedding;
  readonly LayerNorm: LayerNorm;
  readonly dropout: Dropout;

  constructor(config: DistilBertConfig) {
    super();
    this.word_embeddings = new Embedding(config.vocab_size, config.dim, { paddingIndex: config.pad_token_id });
    this.position_embeddings = new Embedding(config.max_position_embeddings, config.dim);
    this.LayerNorm = new LayerNorm(config.dim, EPSILON);
    this.dropout = new Dropout(config.dropout);
  }

  /** Both int32 [tokens] -> [tokens, hidden]. */
  override forward(ids: Tensor, positions: Tensor): Tensor {
    const sum = this.word_embeddings.forward(ids).add(this.position_embeddings.forward(positions));
    return this.dropout.forward(this.LayerNorm.forward(sum));
  }
}

export class DistilBertSelfAttention extends Module {
  readonly q_lin: Linear;
  readonly k_lin: Linear;
  readonly v_lin: Linear;
  readonly out_lin: Linear;
  readonly dropout: Dropout;
  readonly heads: number;

  constructor(config: DistilBertConfig) {
    super();
    [this.q_lin, this.k_lin, this.v_lin] = stack(3, config.dim, config.dim);
    this.out_lin = new Linear(config.dim, config.dim);
    this.dropout = new Dropout(config.attention_dropout);
    this.heads = config.n_heads;
  }

  /** x [tokens, hidden], first [batch, hidden] if only the first tokens ask -> [tokens or batch, hidden]. */
  override forward(x: Tensor, packing: Packing, first: Tensor | undefined): Tensor {
    const projections = { query: this.q_lin, key: this.k_lin, value: this.v_lin };
    const options = { heads: this.heads, dropout: this.dropout.active };
    return this.out_lin.forward(selfAttention(projections, x, packing, first, options));
  }
}

export class DistilBertFFN extends Module {
  readonly dropout: Dropout;
  readonly lin1: Linear;
  readonly lin2: Linear;
  readonly activation: Activation;

  constructor(config: DistilBertConfig) {
    super();
    this.dropout = new Dropout(config.dropout);
    this.lin1 = new Linear(config.dim, config.hidden_dim);
    this.lin2 = new Linear(config.hidden_dim, config.dim);
    this.activation = activationOf(config.activation);
  }

  /** Before its dropout, which the layer norm after it applies. */
  override forward(x: Tensor): Tensor {
    return feedForwardOf(this.lin1, this.lin2, this.activation, x);
  }
}

export class DistilBertBlock extends CheckpointedModule {
  readonly attention: DistilBertSelfAttention;
  readonly sa_layer_norm: LayerNorm;
  readonly ffn: DistilBertFFN;
  readonly output_layer_norm: LayerNorm;

  constructor(config: DistilBertConfig) {
    super();
    this.attention = new DistilBertSelfAttention(config);
    this.sa_layer_norm = new LayerNorm(config.dim, EPSILON);
    this.ffn = new DistilBertFFN(config);
    this.output_layer_norm = new LayerNorm(config.dim, EPSILON);
  }

  override forward(x: Tensor, packing: Packing, firstTokenOnly: boolean): Tensor {
    return tidy(() => {
      const first = firstTokenOnly ? takeRows(x, packing.first) : undefined;
      const attended = this.sa_layer_norm.afterResidual(this.attention.forward(x, packing, first), first ?? x, 0);
      return this.output_layer_norm.afterResidual(this.ffn.forward(attended), attended, this.ffn.dropout.active);
    });
  }
}

export class DistilBertTransformer extends Module {
  readonly layer: readonly DistilBertBlock[];

  constructor(config: DistilBertConfig) {
    super();
    this.layer = Array.from({ length: config.n_layers }, () => new DistilBertBlock(config));
  }

  /** [tokens, hidden] -> [tokens, hidden]; or [batch, hidden] where only the first tokens are read afterwards. */
  override forward(x: Tensor, packing: Packing, firstTokenOnly: boolean): Tensor {
    const last = this.layer.length - 1;
    return this.layer.reduce((state, layer, i) => layer.forward(state, packing, firstTokenOnly && i === last), x);
  }
}

/** Positions as sines and cosines of ever longer waves (Vaswani et al. 2017, 3.5): [positions, width]. */
function sinusoids(positions: number, width: number): Float32Array {
  return Float32Array.from({ length: positions * width }, (_, i) => {
    const column = i % width;
    const angle = Math.floor(i / width) / 10000 ** ((2 * Math.floor(column / 2)) / width);
    return column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
}

export class DistilBertModel extends EncoderModel<DistilBertConfig> {
  static readonly architecture: string = "DistilBertModel";
  static readonly family = distilbertFiles;
  readonly embeddings: DistilBertEmbeddings;
  readonly transformer: DistilBertTransformer;

  constructor(config: DistilBertConfig) {
    super(config);
    this.embeddings = new DistilBertEmbeddings(config);
    this.transformer = new DistilBertTransformer(config);
  }

  override get inputNames(): readonly string[] {
    return ["input_ids", "attention_mask", "position_ids"];
  }

  override initialValues(name: string): Float32Array | undefined {
    const { sinusoidal_pos_embds, max_position_embeddings, dim } = this.config;
    if (!sinusoidal_pos_embds || !name.endsWith("embeddings.position_embeddings.weight")) return undefined;
    return sinusoids(max_position_embeddings, dim);
  }

  override encode(inputs: EncoderInputs, { firstTokenOnly = false }: EncodeOptions = {}): PackedStates {
    const { vocab_size, max_position_embeddings } = this.config;
    const packing = packIds(inputs, { vocab_size, positions: max_position_embeddings });
    const { input_ids, position_ids } = inputs;
    const embedded = this.embeddings.forward(
      packIntegers(input_ids, packing),
      position_ids ? packIntegers(position_ids, packing) : tensor(packing.columns),
    );
    return { states: this.transformer.forward(embedded, packing, firstTokenOnly), packing };
  }
}
