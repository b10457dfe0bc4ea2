// Layers with parameters or modes that wrap one operation each.
import { add, cast, dropout, embedding, layerNorm, mul, ne, neg, reshape, sub, type Tensor } from "../tensor/index.js";
import { initializeEmbedding } from "./initialize.js";
import { Module, Parameter } from "./module.js";

/** Rows of a table by ids: int32 [...] -> [..., width]. */
export class Embedding extends Module {
  readonly weight: Parameter;
  readonly paddingIndex: number | undefined;

  /** `paddingIndex`: the row of padding, whose gradient stays zero wherever it is looked up, as torch's padding_idx. */
  constructor(rows: number, width: number, { paddingIndex }: { readonly paddingIndex?: number } = {}) {
    super();
    this.weight = new Parameter([rows, width]);
    this.paddingIndex = paddingIndex;
    initializeEmbedding(this.weight);
  }

  override forward(ids: Tensor): Tensor {
    const rows = embedding(this.weight, ids);
    const padding = this.paddingIndex;
    if (padding === undefined || ids.host?.includes(padding) === false) return rows;
    const counted = reshape(cast(ne(ids, padding), "float32"), [...ids.shape, 1]);
    const constant = embedding(this.weight.detach(), ids);
    return add(mul(rows, counted), mul(constant, neg(sub(counted, 1))));
  }
}

/** Layer normalization over the last dimension; weight is gamma, bias is beta. */
export class LayerNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly epsilon: number;

  /** `bias`: default true. */
  constructor(width: number, epsilon = 1e-5, { bias = true }: { readonly bias?: boolean } = {}) {
    super();
    this.weight = new Parameter([width]).fill_(1);
    this.bias = bias ? new Parameter([width]) : undefined;
    this.epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, { epsilon: this.epsilon });
  }

  /** LayerNorm(dropout(x) + residual) in one pass. */
  afterResidual(x: Tensor, residual: Tensor, dropoutProbability: number): Tensor {
    return layerNorm(x, this.weight, this.bias, { epsilon: this.epsilon, residual, dropout: dropoutProbability });
  }
}

/** Sets elements to zero with a probability, and scales the others by 1 / (1 - probability); nothing outside training. */
export class Dropout extends Module {
  readonly probability: number;

  constructor(probability: number) {
    super();
    this.probability = probability;
  }

  /** The probability that applies now: 0 outside of training. */
  get active(): number {
    return this.training ? this.probability : 0;
  }

  override forward(x: Tensor): Tensor {
    return this.active > 0 ? dropout(x, this.active) : x;
  }
}
