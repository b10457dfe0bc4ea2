// Attention over padded states: softmax(scale * q k^T + bias) v, a head at a time.
import type { GraphBuilder, Value } from "../graph.js";

/** What is added to the score of a key that is padding; finite, so that a row of nothing but padding has no NaN. */
export const LOWEST = -3.4028234663852886e38;

export interface AttentionShape {
  readonly heads: number;
  /** Columns of all heads together. */
  readonly width: number;
}

/** attention_mask [batch, length], 1 at real tokens -> [batch, 1, 1, length], to be added to scores. */
export function maskBias(g: GraphBuilder, mask: Value): Value {
  const padding = g.node("Equal", [g.node("Unsqueeze", [mask, g.integers([1, 2])]), g.integers([0], [])]);
  return g.node("Where", [padding, g.float(LOWEST), g.float(0)]);
}

/** [batch, length, width] -> [batch, heads, length, width / heads]. */
export function splitHeads(g: GraphBuilder, x: Value, { heads, width }: AttentionShape): Value {
  return g.node("Transpose", [g.node("Reshape", [x, g.integers([0, 0, heads, width / heads])])], {
    perm: [0, 2, 1, 3],
  });
}

export interface Attention extends AttentionShape {
  /** [batch, heads, length, width / heads]; a query may stand for the first tokens alone. */
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  /** Default 1 / sqrt(width / heads). */
  readonly scale?: number;
  /** Added to the scaled scores in turn: what broadcasts to [batch, heads, queries, keys]. */
  readonly biases: readonly Value[];
}

/** -> [batch, queries, width]. */
export function attention(g: GraphBuilder, plan: Attention): Value {
  const { query, key, value, heads, width, scale = 1 / Math.sqrt(width / heads) } = plan;
  const product = g.node("MatMul", [query, g.node("Transpose", [key], { perm: [0, 1, 3, 2] })]);
  const scores = plan.biases.reduce(
    (sum, bias) => g.node("Add", [sum, bias]),
    g.node("Mul", [product, g.float(scale)]),
  );
  const mixed = g.node("MatMul", [g.node("Softmax", [scores], { axis: -1 }), value]);
  return g.node("Reshape", [g.node("Transpose", [mixed], { perm: [0, 2, 1, 3] }), g.integers([0, 0, width])]);
}
