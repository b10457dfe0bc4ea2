// The layers of BERT's encoder (Devlin et al. 2018), which RoBERTa's and ELECTRA's are too. Everything is packed: [tokens,
// hidden], no padding. Fields are named as in checkpoints, in the order of Python's __init__.
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
import { activationOf } from "../config.js";
import type { BertConfig } from "./config.js";

/** What the layers ask of a config. */
export type BertLayerConfig = Pick<
  BertConfig,
  | "hidden_size"
  | "num_hidden_layers"
  | "num_attention_heads"
  | "intermediate_size"
  | "hidden_act"
  | "hidden_dropout_prob"
  | "attention_probs_dropout_prob"
  | "layer_norm_eps"
>;

export class BertSelfAttention extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly dropout: Dropout;
  readonly heads: number;

  constructor(config: BertLayerConfig) {
    super();
    [this.query, this.key, this.value] = stack(3, config.hidden_size, config.hidden_size);
    this.dropout = new Dropout(config.attention_probs_dropout_prob);
    this.heads = config.num_attention_heads;
  }

  /** x [tokens, hidden], first [batch, hidden] if only the first tokens ask -> [tokens or batch, hidden]. */
  override forward(x: Tensor, packing: Packing, first: Tensor | undefined): Tensor {
    return selfAttention(this, x, packing, first, { heads: this.heads, dropout: this.dropout.active });
  }
}

/** LayerNorm(dropout(dense(x)) + residual). */
export class BertSelfOutput extends Module {
  readonly dense: Linear;
  readonly LayerNorm: LayerNorm;
  readonly dropout: Dropout;

  constructor(config: BertLayerConfig) {
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

  constructor(config: BertLayerConfig) {
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

  constructor(config: BertLayerConfig) {
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
  readonly activation: Activation;

  constructor(config: BertLayerConfig) {
    super();
    this.dense = new Linear(config.intermediate_size, config.hidden_size);
    this.LayerNorm = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    this.dropout = new Dropout(config.hidden_dropout_prob);
    this.activation = activationOf(config.hidden_act);
  }

  override forward(x: Tensor, intermediate: BertIntermediate): Tensor {
    const y = feedForwardOf(intermediate.dense, this.dense, this.activation, x);
    return this.LayerNorm.afterResidual(y, x, this.dropout.active);
  }
}

export class BertLayer extends CheckpointedModule {
  readonly attention: BertAttention;
  readonly intermediate: BertIntermediate;
  readonly output: BertOutput;

  constructor(config: BertLayerConfig) {
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

  constructor(config: BertLayerConfig) {
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

  constructor(config: BertLayerConfig) {
    super();
    this.dense = new Linear(config.hidden_size, config.hidden_size);
  }

  override forward(first: Tensor): Tensor {
    return tanh(this.dense.forward(first));
  }
}
