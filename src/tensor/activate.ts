// Activations by their kernel's name.
import type { Activation } from "../backends/kernels.js";
import { gelu } from "./ops/gelu.js";
import { relu } from "./ops/relu.js";
import { silu } from "./ops/silu.js";
import { tanh } from "./ops/tanh.js";
import type { Tensor } from "./tensor.js";

const functions: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  gelu: (x) => gelu(x),
  gelu_tanh: (x) => gelu(x, "tanh"),
  relu: (x) => relu(x),
  silu: (x) => silu(x),
  tanh: (x) => tanh(x),
};

/** The activation as an operation of its own; where it follows a linear layer, feedForward fuses it. */
export function activate(activation: Activation, x: Tensor): Tensor {
  return functions[activation](x);
}
