// Activations by their kernel's name.
import type { Activation } from "../backends/kernels.js";
import { gelu, relu, silu, type Tensor, tanh } from "../tensor/index.js";

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
