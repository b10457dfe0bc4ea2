// DeBERTa's encoder in its second and third version (He et al. 2021): BERT's layers with disentangled attention. Fields are
// named as in checkpoints, in the order of Python's __init__.
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
} from "../../nn/index.js";
import { embedding, type Tensor, takeRows, tensor, tidy } from "../../tensor/index.js";
import { BertIntermediate, BertOutput } from "../bert/layers.js";
import { type EncodeOptions, type EncoderInputs, EncoderModel, type PackedStates, packIds } from "../encoder.js";
import { DebertaV2Attention, type Distances, fromFirstToken } from "./attention.js";
import { type DebertaV2Config, debertaV2Files, positionSpan } from "./config.js";
import { ConvLayer } from "./convolution.js";
import { distanceRows } from "./distances.js";

/** word (+ position) (+ token type), (projected to the layers' width,) normalized. */
export class DebertaV2Embeddings extends Module {
  readonly word_embeddings: Embedding;
  readonly position_embeddings: Embedding | undefined;
  readonly token_type_embeddings: Embedding | undefined;
  readonly embed_proj: Linear | undefined;
  readonly LayerNorm: LayerNorm;
  readonly dropout: Dropout;

  constructor(config: DebertaV2Config) {
    super();
    const { hidden_size, embedding_size: width = hidden_size } = config;
    this.word_embeddings = new Embedding(config.vocab_size, width, { paddingIndex: config.pad_token_id });
    if (config.position_biased_input) this.position_embeddings = new Embedding(config.max_position_embeddings, width);
    if (config.type_vocab_size > 0) this.token_type_embeddings = new Embedding(config.type_vocab_size, width);
    if (width !== hidden_size) this.embed_proj = new Linear(width, hidden_size, { bias: false });
    this.LayerNorm = new LayerNorm(hidden_size, config.layer_norm_eps);
    this.dropout = new Dropout(config.hidden_dropout_prob);
  }

  /** The packed ids, and the batch for what else there is -> [tokens, hidden]. */
  override forward(ids: Tensor, { position_ids, token_type_ids }: EncoderInputs, packing: Packing): Tensor {
    let sum = this.word_embeddings.forward(ids);
    if (this.position_embeddings) {
      const positions = position_ids ? packIntegers(position_ids, packing) : tensor(packing.columns);
      sum = sum.add(this.position_embeddings.forward(positions));
    }
    if (this.token_type_embeddings) {
      const types = token_type_ids ? packIntegers(token_type_ids, packing) : tensor(new Int32Array(ids.size));
      sum = sum.add(this.token_type_embeddings.forward(types));
    }
    if (this.embed_proj) sum = this.embed_proj.forward(sum);
    return this.dropout.forward(this.LayerNorm.forward(sum));
  }
}

export class DebertaV2Layer extends CheckpointedModule {
  readonly attention: DebertaV2Attention;
  readonly intermediate: BertIntermediate;
  readonly output: BertOutput;

  constructor(config: DebertaV2Config) {
    super();
    this.attention = new DebertaV2Attention(config);
    this.intermediate = new BertIntermediate(config);
    this.output = new BertOutput(config);
  }

  override forward(x: Tensor, packing: Packing, distances: Distances | undefined, firstTokenOnly: boolean): Tensor {
    return tidy(() => {
      const first = firstTokenOnly ? takeRows(x, packing.first) : undefined;
      return this.output.forward(this.attention.forward(x, packing, distances, first), this.intermediate);
    });
  }
}

export class DebertaV2Encoder extends Module {
  readonly layer: readonly DebertaV2Layer[];
  readonly rel_embeddings: Embedding | undefined;
  readonly LayerNorm: LayerNorm | undefined;
  readonly conv: ConvLayer | undefined;
  readonly config: DebertaV2Config;

  constructor(config: DebertaV2Config) {
    super();
    this.layer = Array.from({ length: config.num_hidden_layers }, () => new DebertaV2Layer(config));
    if (config.relative_attention) {
      this.rel_embeddings = new Embedding(2 * positionSpan(config), config.hidden_size);
    }
    if (config.norm_rel_ebd.includes("layer_norm")) {
      this.LayerNorm = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    }
    this.conv = config.conv_kernel_size > 0 ? new ConvLayer(config) : undefined;
    this.config = config;
  }

  /** [tokens, hidden] -> [tokens, hidden]; or [batch, hidden] where only the first tokens are read afterwards. */
  override forward(x: Tensor, packing: Packing, firstTokenOnly: boolean): Tensor {
    const distances = this.#distances(packing);
    const last = this.layer.length - 1;
    return this.layer.reduce((state, layer, i) => {
      const first = firstTokenOnly && i === last && !(this.conv && i === 0); // the convolution reads neighbours
      const next = layer.forward(state, packing, first && distances ? fromFirstToken(distances) : distances, first);
      if (i > 0 || !this.conv) return next;
      const mixed = this.conv.forward(x, next, packing);
      return firstTokenOnly && last === 0 ? takeRows(mixed, packing.first) : mixed;
    }, x);
  }

  #distances(packing: Packing): Distances | undefined {
    if (!this.rel_embeddings) return undefined;
    const { rows, places } = distanceRows(this.config, longestSequence(packing));
    const table = embedding(this.rel_embeddings.weight, tensor(rows));
    return { rows: this.LayerNorm ? this.LayerNorm.forward(table) : table, places };
  }
}

export class DebertaV2Model extends EncoderModel<DebertaV2Config> {
  static readonly architecture: string = "DebertaV2Model";
  static readonly family = debertaV2Files;
  readonly embeddings: DebertaV2Embeddings;
  readonly encoder: DebertaV2Encoder;

  constructor(config: DebertaV2Config) {
    super(config);
    this.embeddings = new DebertaV2Embeddings(config);
    this.encoder = new DebertaV2Encoder(config);
  }

  /** Token types are taken, and read where the config has any (type_vocab_size). */
  override get inputNames(): readonly string[] {
    return ["input_ids", "attention_mask", "token_type_ids", "position_ids"];
  }

  override encode(inputs: EncoderInputs, { firstTokenOnly = false }: EncodeOptions = {}): PackedStates {
    const { vocab_size, max_position_embeddings, position_biased_input } = this.config;
    // without a table of positions sequences may be of any length: far distances share a row
    const limits = {
      vocab_size,
      positions: position_biased_input ? max_position_embeddings : Number.POSITIVE_INFINITY,
    };
    const packing = packIds(inputs, limits, { keepDistances: true });
    const embedded = this.embeddings.forward(packIntegers(inputs.input_ids, packing), inputs, packing);
    return { states: this.encoder.forward(embedded, packing, firstTokenOnly), packing };
  }
}
