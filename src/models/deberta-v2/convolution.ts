// The convolution beside the first layer of DeBERTa-v2's large models: each token with its neighbours, zeros where a
// sequence ends.
import type { Activation } from "../../backends/kernels.js";
import { activate, Dropout, LayerNorm, Module, type Packing, Parameter } from "../../nn/index.js";
import {
  cast,
  concat,
  linear,
  mul,
  permute,
  reshape,
  type Tensor,
  takeRows,
  tensor,
  zeros,
} from "../../tensor/index.js";
import { activationOf } from "../config.js";
import type { DebertaV2Config } from "./config.js";

/** A convolution over time with as many channels out as in. */
export class Conv1d extends Module {
  /** [out, in, taps] */
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(channels: number, taps: number) {
    super();
    this.weight = new Parameter([channels, channels, taps]);
    this.bias = new Parameter([channels]);
  }

  /** [tokens, channels] -> [tokens, channels]. */
  override forward(x: Tensor, packing: Packing): Tensor {
    const [channels, , taps] = this.weight.shape;
    const [tokens] = x.shape;
    const withZeros = concat([x, zeros([1, channels], "float32", x.backend)], 0); // the row that stands for what is outside
    const neighbours = neighbourRows(packing, tokens, taps).map((rows) => takeRows(withZeros, tensor(rows)));
    const weight = reshape(permute(this.weight, [0, 2, 1]), [channels, taps * channels]);
    return linear(concat(neighbours, 1), weight, this.bias);
  }
}

/** For each tap the row that it reads at each token: `tokens` where there is none. */
function neighbourRows({ offsets }: Packing, tokens: number, taps: number): Int32Array[] {
  const starts = offsets.host ?? new Int32Array([0, tokens]);
  return Array.from({ length: taps }, (_, tap) => {
    const shift = tap - (taps - 1) / 2;
    const rows = new Int32Array(tokens);
    for (let s = 0; s + 1 < starts.length; s++) {
      for (let row = starts[s]; row < starts[s + 1]; row++) {
        const other = row + shift;
        rows[row] = other >= starts[s] && other < starts[s + 1] ? other : tokens;
      }
    }
    return rows;
  });
}

/** LayerNorm(layer's states + activation(dropout(conv(embeddings)))). */
export class ConvLayer extends Module {
  readonly conv: Conv1d;
  readonly LayerNorm: LayerNorm;
  readonly dropout: Dropout;
  readonly activation: Activation;

  constructor(config: DebertaV2Config) {
    super();
    this.conv = new Conv1d(config.hidden_size, config.conv_kernel_size);
    this.LayerNorm = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    this.dropout = new Dropout(config.hidden_dropout_prob);
    this.activation = activationOf(config.conv_act);
  }

  override forward(embedded: Tensor, states: Tensor, packing: Packing): Tensor {
    const { deviceMask } = packing;
    const mask = deviceMask && reshape(cast(deviceMask, "float32"), [embedded.shape[0], 1]);
    const mixed = this.conv.forward(mask ? mul(embedded, mask) : embedded, packing);
    return this.LayerNorm.forward(states.add(activate(this.activation, this.dropout.forward(mixed))));
  }
}
