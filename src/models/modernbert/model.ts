// ModernBERT's encoder (Warner et al. 2024): normalization before each block, rotary positions, gated feed-forward blocks,
// and attention that is local in most layers. Fields are named as in checkpoints, in the order of Python's __init__.
import type { Activation } from "../../backends/kernels.js";
import {
  CheckpointedModule,
  Dropout,
  Embedding,
  LayerNorm,
  Linear,
  Module,
  type Packing,
  packedAttention,
  packIntegers,
  RotaryAngles,
} from "../../nn/index.js";
import { gatedActivation, rotary, slice, type Tensor, takeRows, tensor, tidy } from "../../tensor/index.js";
import { activationOf } from "../config.js";
import { type EncodeOptions, type EncoderInputs, EncoderModel, type PackedStates, packIds } from "../encoder.js";
import { type AttentionType, layerTypes, type ModernBertConfig, modernbertFiles, ropeTheta } from "./config.js";

/** Where the tokens stand, and the angles of a layer of either kind. */
interface Positions {
  /** int32 [tokens] */
  readonly positions: Tensor;
  readonly angles: Readonly<Record<AttentionType, Tensor>>;
}

function norm(config: ModernBertConfig): LayerNorm {
  return new LayerNorm(config.hidden_size, config.norm_eps, { bias: config.norm_bias });
}

export class ModernBertEmbeddings extends Module {
  readonly tok_embeddings: Embedding;
  readonly norm: LayerNorm;
  readonly drop: Dropout;

  constructor(config: ModernBertConfig) {
    super();
    this.tok_embeddings = new Embedding(config.vocab_size, config.hidden_size, { paddingIndex: config.pad_token_id });
    this.norm = norm(config);
    this.drop = new Dropout(config.embedding_dropout);
  }

  /** int32 [tokens] -> [tokens, hidden]. */
  override forward(ids: Tensor): Tensor {
    return this.drop.forward(this.norm.forward(this.tok_embeddings.forward(ids)));
  }
}

/** Wo(dropout(activation(a) * b)), [a, b] = Wi(x). */
export class ModernBertMLP extends Module {
  readonly Wi: Linear;
  readonly drop: Dropout;
  readonly Wo: Linear;
  readonly activation: Activation;

  constructor(config: ModernBertConfig) {
    super();
    const bias = config.mlp_bias;
    this.Wi = new Linear(config.hidden_size, 2 * config.intermediate_size, { bias });
    this.drop = new Dropout(config.mlp_dropout);
    this.Wo = new Linear(config.intermediate_size, config.hidden_size, { bias });
    this.activation = activationOf(config.hidden_activation);
  }

  override forward(x: Tensor): Tensor {
    return this.Wo.forward(this.drop.forward(gatedActivation(this.Wi.forward(x), this.activation)));
  }
}

export class ModernBertAttention extends Module {
  readonly Wqkv: Linear;
  readonly Wo: Linear;
  readonly dropout: Dropout;
  readonly heads: number;
  readonly type: AttentionType;
  /** 0: all tokens see each other. */
  readonly window: number;

  constructor(config: ModernBertConfig, type: AttentionType) {
    super();
    const bias = config.attention_bias;
    this.Wqkv = new Linear(config.hidden_size, 3 * config.hidden_size, { bias });
    this.Wo = new Linear(config.hidden_size, config.hidden_size, { bias });
    this.dropout = new Dropout(config.attention_dropout);
    this.heads = config.num_attention_heads;
    this.type = type;
    this.window = type === "sliding_attention" ? Math.floor(config.local_attention / 2) : 0;
  }

  /** x [tokens, hidden] -> [tokens, hidden], or [batch, hidden] where only the first tokens ask. */
  override forward(x: Tensor, packing: Packing, { positions, angles }: Positions, firstTokenOnly: boolean): Tensor {
    const { heads, window } = this;
    const options = { heads, window, dropout: this.dropout.active, firstTokenOnly };
    const qkv = rotary(this.Wqkv.forward(x), positions, angles[this.type], 2 * heads);
    const width = qkv.shape[1] / 3;
    const mixed = firstTokenOnly
      ? packedAttention(
          [takeRows(slice(qkv, 1, 0, width), packing.first), slice(qkv, 1, width, 3 * width)],
          packing,
          options,
        )
      : packedAttention([qkv], packing, options);
    return this.dropout.forward(this.Wo.forward(mixed));
  }
}

export class ModernBertLayer extends CheckpointedModule {
  /** The first layer has none: the embeddings are normalized. */
  readonly attn_norm: LayerNorm | undefined;
  readonly attn: ModernBertAttention;
  readonly mlp_norm: LayerNorm;
  readonly mlp: ModernBertMLP;

  constructor(config: ModernBertConfig, type: AttentionType, first: boolean) {
    super();
    this.attn_norm = first ? undefined : norm(config);
    this.attn = new ModernBertAttention(config, type);
    this.mlp_norm = norm(config);
    this.mlp = new ModernBertMLP(config);
  }

  override forward(x: Tensor, packing: Packing, positions: Positions, firstTokenOnly: boolean): Tensor {
    return tidy(() => {
      const normalized = this.attn_norm ? this.attn_norm.forward(x) : x;
      const mixed = this.attn.forward(normalized, packing, positions, firstTokenOnly);
      const middle = (firstTokenOnly ? takeRows(x, packing.first) : x).add(mixed);
      return middle.add(this.mlp.forward(this.mlp_norm.forward(middle)));
    });
  }
}

export class ModernBertModel extends EncoderModel<ModernBertConfig> {
  static readonly architecture: string = "ModernBertModel";
  static readonly family = modernbertFiles;
  readonly embeddings: ModernBertEmbeddings;
  readonly layers: readonly ModernBertLayer[];
  readonly final_norm: LayerNorm;
  readonly angles: Readonly<Record<AttentionType, RotaryAngles>>;

  constructor(config: ModernBertConfig) {
    super(config);
    this.embeddings = new ModernBertEmbeddings(config);
    this.layers = layerTypes(config).map((type, i) => new ModernBertLayer(config, type, i === 0));
    this.final_norm = norm(config);
    const headDim = config.hidden_size / config.num_attention_heads;
    const angles = (type: AttentionType): RotaryAngles => new RotaryAngles(headDim, ropeTheta(config, type));
    this.angles = { full_attention: angles("full_attention"), sliding_attention: angles("sliding_attention") };
  }

  override get inputNames(): readonly string[] {
    return ["input_ids", "attention_mask", "position_ids"];
  }

  /** Smaller for what is added to the residual stream, larger for classifiers, as in Python (which cuts the tails off). */
  override initialDeviation(name: string): number {
    const { initializer_range, num_hidden_layers, hidden_size } = this.config;
    if (name.startsWith("classifier.")) return 1 / Math.sqrt(hidden_size);
    const onto = /\.Wo\.|^head\.|^decoder\./.test(name);
    return onto ? initializer_range / Math.sqrt(2 * num_hidden_layers) : initializer_range;
  }

  override encode(inputs: EncoderInputs, { firstTokenOnly = false }: EncodeOptions = {}): PackedStates {
    const { vocab_size, max_position_embeddings } = this.config;
    const limits = { vocab_size, positions: max_position_embeddings };
    const packing = packIds(inputs, limits, { keepDistances: true }); // windows count tokens between two
    const positions = this.#positions(inputs, packing);
    const embedded = this.embeddings.forward(packIntegers(inputs.input_ids, packing));
    const last = this.layers.length - 1;
    const states = this.layers.reduce(
      (x, layer, i) => layer.forward(x, packing, positions, firstTokenOnly && i === last),
      embedded,
    );
    return { states: this.final_norm.forward(states), packing };
  }

  #positions({ position_ids }: EncoderInputs, packing: Packing): Positions {
    const positions = position_ids ? packIntegers(position_ids, packing) : tensor(packing.columns);
    const { max_position_embeddings } = this.config;
    const longest = positions.host?.reduce((a, b) => Math.max(a, b), 0) ?? max_position_embeddings - 1;
    const rows = Math.min(longest, max_position_embeddings - 1) + 1;
    return {
      positions,
      angles: {
        full_attention: this.angles.full_attention.table(rows),
        sliding_attention: this.angles.sliding_attention.table(rows),
      },
    };
  }
}
