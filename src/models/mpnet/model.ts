// MPNet's encoder (Song et al. 2020): BERT's layers with one bias by relative position for all of them. Fields are named as
// in checkpoints, in the order of Python's __init__.
import {
  CheckpointedModule,
  Dropout,
  Embedding,
  LayerNorm,
  Linear,
  longestSequence,
  Module,
  type Packing,
  packIntegers,
  selfAttention,
  stack,
} from "../../nn/index.js";
import { embedding, slice, type Tensor, takeRows, tensor, tidy, transpose } from "../../tensor/index.js";
import { BertIntermediate, BertOutput, BertPooler } from "../bert/layers.js";
import {
  type EncodeOptions,
  type EncoderBuild,
  type EncoderInputs,
  EncoderModel,
  type PackedStates,
  packIds,
} from "../encoder.js";
import { positionsFromPadding } from "../positions.js";
import { type MPNetConfig, mpnetFiles } from "./config.js";
import { relativeBucket } from "./relativeBias.js";

/** Whatever pad_token_id says: positions start at 2 in Python. */
const PADDING = 1;

/** word + position, normalized. */
export class MPNetEmbeddings extends Module {
  readonly word_embeddings: Embedding;
  readonly position_embeddings: Embedding;
  readonly LayerNorm: LayerNorm;
  readonly dropout: Dropout;

  constructor(config: MPNetConfig) {
    super();
    const padding = { paddingIndex: PADDING };
    this.word_embeddings = new Embedding(config.vocab_size, config.hidden_size, padding);
    this.position_embeddings = new Embedding(config.max_position_embeddings, config.hidden_size, padding);
    this.LayerNorm = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    this.dropout = new Dropout(config.hidden_dropout_prob);
  }

  /** Both int32 [tokens] -> [tokens, hidden]. */
  override forward(ids: Tensor, positions: Tensor): Tensor {
    const sum = this.word_embeddings.forward(ids).add(this.position_embeddings.forward(positions));
    return this.dropout.forward(this.LayerNorm.forward(sum));
  }
}

export class MPNetSelfAttention extends Module {
  readonly q: Linear;
  readonly k: Linear;
  readonly v: Linear;
  readonly o: Linear;
  readonly dropout: Dropout;
  readonly heads: number;

  constructor(config: MPNetConfig) {
    super();
    [this.q, this.k, this.v] = stack(3, config.hidden_size, config.hidden_size);
    this.o = new Linear(config.hidden_size, config.hidden_size);
    this.dropout = new Dropout(config.attention_probs_dropout_prob);
    this.heads = config.num_attention_heads;
  }

  /** x [tokens, hidden], first [batch, hidden] if only the first tokens ask -> [tokens or batch, hidden]. */
  override forward(x: Tensor, packing: Packing, relativeBias: Tensor, first: Tensor | undefined): Tensor {
    const { q: query, k: key, v: value, heads } = this;
    const options = { heads, dropout: this.dropout.active, relativeBias };
    return this.o.forward(selfAttention({ query, key, value }, x, packing, first, options));
  }
}

export class MPNetAttention extends Module {
  readonly attn: MPNetSelfAttention;
  readonly LayerNorm: LayerNorm;
  readonly dropout: Dropout;

  constructor(config: MPNetConfig) {
    super();
    this.attn = new MPNetSelfAttention(config);
    this.LayerNorm = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    this.dropout = new Dropout(config.hidden_dropout_prob);
  }

  override forward(x: Tensor, packing: Packing, relativeBias: Tensor, first: Tensor | undefined): Tensor {
    const mixed = this.attn.forward(x, packing, relativeBias, first);
    return this.LayerNorm.afterResidual(mixed, first ?? x, this.dropout.active);
  }
}

export class MPNetLayer extends CheckpointedModule {
  readonly attention: MPNetAttention;
  readonly intermediate: BertIntermediate;
  readonly output: BertOutput;

  constructor(config: MPNetConfig) {
    super();
    this.attention = new MPNetAttention(config);
    this.intermediate = new BertIntermediate(config);
    this.output = new BertOutput(config);
  }

  override forward(x: Tensor, packing: Packing, relativeBias: Tensor, firstTokenOnly: boolean): Tensor {
    return tidy(() => {
      const first = firstTokenOnly ? takeRows(x, packing.first) : undefined;
      return this.output.forward(this.attention.forward(x, packing, relativeBias, first), this.intermediate);
    });
  }
}

export class MPNetEncoder extends Module {
  readonly layer: readonly MPNetLayer[];
  readonly relative_attention_bias: Embedding;

  constructor(config: MPNetConfig) {
    super();
    this.layer = Array.from({ length: config.num_hidden_layers }, () => new MPNetLayer(config));
    this.relative_attention_bias = new Embedding(config.relative_attention_num_buckets, config.num_attention_heads);
  }

  /** [tokens, hidden] -> [tokens, hidden]; or [batch, hidden] where only the first tokens are read afterwards. */
  override forward(x: Tensor, packing: Packing, firstTokenOnly: boolean): Tensor {
    const longest = longestSequence(packing);
    const buckets = Int32Array.from({ length: 2 * longest - 1 }, (_, i) => relativeBucket(i - (longest - 1)));
    // [heads, distances]
    const bias = transpose(embedding(this.relative_attention_bias.weight, tensor(buckets)), 0, 1);
    const last = this.layer.length - 1;
    return this.layer.reduce((state, layer, i) => {
      const first = firstTokenOnly && i === last; // only keys at the first token or after it
      return layer.forward(state, packing, first ? slice(bias, 1, longest - 1, 2 * longest - 1) : bias, first);
    }, x);
  }
}

export class MPNetModel extends EncoderModel<MPNetConfig> {
  static readonly architecture: string = "MPNetModel";
  static readonly family = mpnetFiles;
  readonly embeddings: MPNetEmbeddings;
  readonly encoder: MPNetEncoder;
  override readonly pooler: BertPooler | undefined;

  constructor(config: MPNetConfig, { pooler = true }: EncoderBuild = {}) {
    super(config);
    this.embeddings = new MPNetEmbeddings(config);
    this.encoder = new MPNetEncoder(config);
    this.pooler = pooler ? new BertPooler(config) : undefined;
  }

  override get inputNames(): readonly string[] {
    return ["input_ids", "attention_mask", "position_ids"];
  }

  override encode(inputs: EncoderInputs, { firstTokenOnly = false }: EncodeOptions = {}): PackedStates {
    const { vocab_size, max_position_embeddings } = this.config;
    const limits = { vocab_size, positions: max_position_embeddings - PADDING - 1 };
    const packing = packIds(inputs, limits, { keepDistances: true });
    const embedded = this.embeddings.forward(
      packIntegers(inputs.input_ids, packing),
      positionsFromPadding(inputs, packing, PADDING),
    );
    return { states: this.encoder.forward(embedded, packing, firstTokenOnly), packing };
  }
}
