// The layers that every family is made of. States are padded: [batch, length, width].
import type { Activation } from "../../backends/kernels.js";
import type { Embedding, LayerNorm, Linear } from "../../nn/index.js";
import type { GraphBuilder, Value } from "../graph.js";

/** x W^T + b: [..., inputs] -> [..., outputs]. */
export function linear(g: GraphBuilder, layer: Linear, x: Value): Value {
  return g.inside(layer, () => {
    const product = g.node("MatMul", [x, g.transposed(layer.weight)]);
    return layer.bias ? g.node("Add", [product, g.parameter(layer.bias)]) : product;
  });
}

export function layerNorm(g: GraphBuilder, layer: LayerNorm, x: Value): Value {
  return g.inside(layer, () => {
    const parameters = [layer.weight, ...(layer.bias ? [layer.bias] : [])].map((parameter) => g.parameter(parameter));
    return g.node("LayerNormalization", [x, ...parameters], { axis: -1, epsilon: { float: layer.epsilon } });
  });
}

/** LayerNorm(x + residual). */
export function normalizedSum(g: GraphBuilder, layer: LayerNorm, x: Value, residual: Value): Value {
  return layerNorm(g, layer, g.node("Add", [x, residual]));
}

/** Rows of the table: int64 [...] -> [..., width]. */
export function lookUp(g: GraphBuilder, layer: Embedding, ids: Value): Value {
  return g.inside(layer, () => g.node("Gather", [g.parameter(layer.weight), ids]));
}

const emitters: Readonly<Record<Activation, (g: GraphBuilder, x: Value) => Value>> = {
  // 0.5 x (1 + erf(x / sqrt 2)), in the order of operations that onnxruntime knows to fuse
  gelu: (g, x) => {
    const error = g.node("Erf", [g.node("Div", [x, g.float(Math.SQRT2)])]);
    return g.node("Mul", [g.node("Mul", [x, g.node("Add", [error, g.float(1)])]), g.float(0.5)]);
  },
  // 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
  gelu_tanh: (g, x) => {
    const cube = g.node("Mul", [g.node("Mul", [x, x]), x]);
    const inner = g.node("Add", [x, g.node("Mul", [cube, g.float(0.044715)])]);
    const curve = g.node("Tanh", [g.node("Mul", [inner, g.float(Math.sqrt(2 / Math.PI))])]);
    return g.node("Mul", [g.node("Mul", [x, g.node("Add", [curve, g.float(1)])]), g.float(0.5)]);
  },
  relu: (g, x) => g.node("Relu", [x]),
  silu: (g, x) => g.node("Mul", [x, g.node("Sigmoid", [x])]),
  tanh: (g, x) => g.node("Tanh", [x]),
};

export function activate(g: GraphBuilder, activation: Activation, x: Value): Value {
  return emitters[activation](g, x);
}

/** The states of first tokens, [batch, 1, width], which attention can ask with. */
export function firstTokens(g: GraphBuilder, states: Value): Value {
  return g.node("Slice", [states, g.integers([0]), g.integers([1]), g.integers([1])]);
}

/** [batch, length, width] -> [batch, width]: the first token's. */
export function firstToken(g: GraphBuilder, states: Value): Value {
  return g.node("Gather", [states, g.integers([0], [])], { axis: 1 });
}
