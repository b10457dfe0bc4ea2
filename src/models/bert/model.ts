// BERT's encoder (Devlin et al. 2018): embeddings, layers, pooler. Everything between the embeddings and what a caller
// reads is packed: [tokens, hidden], no padding. Fields are named as in checkpoints, in the order of Python's __init__.

import type { Batch } from "../../batches/index.js";
import {
  Dropout,
  Embedding,
  LayerNorm,
  Linear,
  Module,
  type Packing,
  pack,
  packedAttention,
  packIntegers,
  stack,
  unpack,
} from "../../nn/index.js";
import { ConfigError, ShapeError } from "../../support/errors.js";
import { feedForward, stackedLinear, type Tensor, takeRows, tanh, tensor, tidy } from "../../tensor/index.js";
import { takeInputs } from "../outputs.js";
import { PreTrainedModel } from "../pretrained.js";
import { activationOf, type BertConfig } from "./config.js";

/** word + token type + position, normalized. */
export class BertEmbeddings extends Module {
  readonly word_embeddings: Embedding;
  readonly position_embeddings: Embedding;
  readonly token_type_embeddings: Embedding;
  readonly LayerNorm: LayerNorm;
  readonly dropout: Dropout;

  constructor(config: BertConfig) {
    super();
    this.word_embeddings = new Embedding(config.vocab_size, config.hidden_size);
    this.position_embeddings = new Embedding(config.max_position_embeddings, config.hidden_size);
    this.token_type_embeddings = new Embedding(config.type_vocab_size, config.hidden_size);
    this.LayerNorm = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    this.dropout = new Dropout(config.hidden_dropout_prob);
  }

  /** All int32 [tokens] -> [tokens, hidden]. */
  override forward(ids: Tensor, types: Tensor, positions: Tensor): Tensor {
    const sum = this.word_embeddings
      .forward(ids)
      .add(this.token_type_embeddings.forward(types))
      .add(this.position_embeddings.forward(positions));
    return this.dropout.forward(this.LayerNorm.forward(sum));
  }
}

export class BertSelfAttention extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly dropout: Dropout;
  readonly heads: number;

  constructor(config: BertConfig) {
    super();
    [this.query, this.key, this.value] = stack(3, config.hidden_size, config.hidden_size);
    this.dropout = new Dropout(config.attention_probs_dropout_prob);
    this.heads = config.num_attention_heads;
  }

  /** x [tokens, hidden], first [batch, hidden] if only the first tokens ask -> [tokens or batch, hidden]. */
  override forward(x: Tensor, packing: Packing, first: Tensor | undefined): Tensor {
    const options = { heads: this.heads, dropout: this.dropout.active, firstTokenOnly: first !== undefined };
    const project = (layers: readonly Linear[]): Tensor =>
      stackedLinear(
        x,
        layers.map((layer) => layer.weight),
        layers.flatMap((layer) => layer.bias ?? []),
      );
    if (!first) return packedAttention([project([this.query, this.key, this.value])], packing, options);
    return packedAttention([this.query.forward(first), project([this.key, this.value])], packing, options);
  }
}

/** LayerNorm(dropout(dense(x)) + residual). */
export class BertSelfOutput extends Module {
  readonly dense: Linear;
  readonly LayerNorm: LayerNorm;
  readonly dropout: Dropout;

  constructor(config: BertConfig) {
    super();
    this.dense = new Linear(config.hidden_size, config.hidden_size);
    this.LayerNorm = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    this.dropout = new Dropout(config.hidden_dropout_prob);
  }

  override forward(x: Tensor, residual: Tensor): Tensor {
    return this.LayerNorm.afterResidual(this.dense.forward(x), residual, this.dropout.active);
  }
}

export class BertAttention extends Module {
  readonly self: BertSelfAttention;
  readonly output: BertSelfOutput;

  constructor(config: BertConfig) {
    super();
    this.self = new BertSelfAttention(config);
    this.output = new BertSelfOutput(config);
  }

  override forward(x: Tensor, packing: Packing, first: Tensor | undefined): Tensor {
    return this.output.forward(this.self.forward(x, packing, first), first ?? x);
  }
}

/** Holds the first half of the feed-forward block; BertOutput computes both at once. */
export class BertIntermediate extends Module {
  readonly dense: Linear;

  constructor(config: BertConfig) {
    super();
    this.dense = new Linear(config.hidden_size, config.intermediate_size);
  }

  override forward(x: Tensor): Tensor {
    return this.dense.forward(x);
  }
}

/** LayerNorm(dropout(feedForward(x)) + x). */
export class BertOutput extends Module {
  readonly dense: Linear;
  readonly LayerNorm: LayerNorm;
  readonly dropout: Dropout;
  readonly activation: ReturnType<typeof activationOf>;

  constructor(config: BertConfig) {
    super();
    this.dense = new Linear(config.intermediate_size, config.hidden_size);
    this.LayerNorm = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    this.dropout = new Dropout(config.hidden_dropout_prob);
    this.activation = activationOf(config.hidden_act);
  }

  override forward(x: Tensor, intermediate: BertIntermediate): Tensor {
    const inner = intermediate.dense;
    const y = feedForward(x, inner.weight, biasOf(inner), this.dense.weight, biasOf(this.dense), this.activation);
    return this.LayerNorm.afterResidual(y, x, this.dropout.active);
  }
}

export class BertLayer extends Module {
  readonly attention: BertAttention;
  readonly intermediate: BertIntermediate;
  readonly output: BertOutput;

  constructor(config: BertConfig) {
    super();
    this.attention = new BertAttention(config);
    this.intermediate = new BertIntermediate(config);
    this.output = new BertOutput(config);
  }

  override forward(x: Tensor, packing: Packing, firstTokenOnly: boolean): Tensor {
    // tidy: without backward, a layer's intermediates end with it rather than with the model's forward
    return tidy(() => {
      const first = firstTokenOnly ? takeRows(x, packing.first) : undefined;
      return this.output.forward(this.attention.forward(x, packing, first), this.intermediate);
    });
  }
}

export class BertEncoder extends Module {
  readonly layer: readonly BertLayer[];

  constructor(config: BertConfig) {
    super();
    this.layer = Array.from({ length: config.num_hidden_layers }, () => new BertLayer(config));
  }

  /** [tokens, hidden] -> [tokens, hidden]; or [batch, hidden] where only the first tokens are read afterwards. */
  override forward(x: Tensor, packing: Packing, firstTokenOnly: boolean): Tensor {
    const last = this.layer.length - 1;
    return this.layer.reduce((state, layer, i) => layer.forward(state, packing, firstTokenOnly && i === last), x);
  }
}

/** tanh(dense(first token)). */
export class BertPooler extends Module {
  readonly dense: Linear;

  constructor(config: BertConfig) {
    super();
    this.dense = new Linear(config.hidden_size, config.hidden_size);
  }

  override forward(first: Tensor): Tensor {
    return tanh(this.dense.forward(first));
  }
}

export interface BertModelOutput {
  /** [batch, length, hidden]; zeros at padding. */
  readonly last_hidden_state: Tensor;
  /** [batch, hidden]; absent without a pooler. */
  readonly pooler_output: Tensor | undefined;
}

export interface PackedStates {
  /** [tokens, hidden], or [batch, hidden] where only first tokens were asked for. */
  readonly states: Tensor;
  readonly packing: Packing;
}

export const bertInputs = ["input_ids", "attention_mask", "token_type_ids", "position_ids"] as const;

export class BertModel extends PreTrainedModel<BertConfig> {
  static readonly architecture: string = "BertModel";
  readonly embeddings: BertEmbeddings;
  readonly encoder: BertEncoder;
  readonly pooler: BertPooler | undefined;

  constructor(config: BertConfig, options: { readonly pooler?: boolean } = {}) {
    super(config);
    this.embeddings = new BertEmbeddings(config);
    this.encoder = new BertEncoder(config);
    this.pooler = options.pooler === false ? undefined : new BertPooler(config);
  }

  /** input_ids int32 [batch, length]; attention_mask, token_type_ids, position_ids of the same shape, if given. */
  override forward(batch: Batch): BertModelOutput {
    const { states, packing } = this.encode(takeInputs("BertModel", batch, bertInputs));
    const pooled = this.pooler && this.pool(takeRows(states, packing.first));
    return { last_hidden_state: unpack(states, packing), pooler_output: pooled };
  }

  /** First tokens' states [batch, hidden] through the pooler. Throws ConfigError for a model built without one. */
  pool(first: Tensor): Tensor {
    if (!this.pooler) throw new ConfigError("this BertModel was built without a pooler");
    return this.pooler.forward(first);
  }

  /** The packed form, for heads. */
  encode(
    inputs: { readonly input_ids: Tensor } & Partial<Record<(typeof bertInputs)[number], Tensor>>,
    options: { readonly firstTokenOnly?: boolean } = {},
  ): PackedStates {
    const { input_ids, attention_mask, token_type_ids, position_ids } = inputs;
    this.#check(input_ids);
    const packing = pack(input_ids.shape, attention_mask);
    const ids = packIntegers(input_ids, packing);
    const types = token_type_ids
      ? packIntegers(token_type_ids, packing)
      : tensor(new Int32Array(packing.columns.length));
    const positions = position_ids ? packIntegers(position_ids, packing) : tensor(packing.columns);
    const embedded = this.embeddings.forward(ids, types, positions);
    return { states: this.encoder.forward(embedded, packing, options.firstTokenOnly ?? false), packing };
  }

  #check(ids: Tensor): void {
    const { vocab_size, max_position_embeddings } = this.config;
    if (ids.rank !== 2 || ids.dtype !== "int32") {
      throw new ShapeError(`input_ids must be int32 [batch, length], not ${ids.toString()}`);
    }
    const [, length] = ids.shape;
    if (length > max_position_embeddings) {
      throw new ShapeError(
        `input_ids are ${length} tokens long, the model has ${max_position_embeddings} positions ` +
          "(max_position_embeddings); tokenize with { truncation: true }",
      );
    }
    ids.host?.forEach((id, i) => {
      if (id < 0 || id >= vocab_size) {
        throw new ShapeError(
          `input_ids: id ${id} at row ${Math.floor(i / length)}, position ${i % length} is outside the vocabulary of ` +
            `${vocab_size} (vocab_size); is this the model's own tokenizer?`,
        );
      }
    });
  }
}

function biasOf(layer: Linear): Tensor {
  if (!layer.bias) throw new ShapeError("this layer has no bias");
  return layer.bias;
}
