// The heads that several families have.
import type { Activation } from "../../backends/kernels.js";
import type { BertPooler } from "../../models/bert/layers.js";
import type { LayerNorm, Linear, Parameter } from "../../nn/index.js";
import type { GraphBuilder, Value } from "../graph.js";
import { activate, layerNorm, linear } from "./basic.js";

/** A linear layer on the states. */
export function classifier(g: GraphBuilder, model: { readonly classifier: Linear }, states: Value): Value {
  return linear(g, model.classifier, states);
}

export function questionAnswering(g: GraphBuilder, model: { readonly qa_outputs: Linear }, states: Value): Value {
  return linear(g, model.qa_outputs, states);
}

/** tanh(dense(first token)). */
export function bertPooler(g: GraphBuilder, pooler: BertPooler | undefined, first: Value): Value {
  return pooler ? g.inside(pooler, () => activate(g, "tanh", linear(g, pooler.dense, first))) : first;
}

/** out_proj(activation(dense(first token))). */
export function twoLayers(
  g: GraphBuilder,
  { dense, out_proj }: { readonly dense: Linear; readonly out_proj: Linear },
  activation: Activation,
  first: Value,
): Value {
  return linear(g, out_proj, activate(g, activation, linear(g, dense, first)));
}

/** LayerNorm(activation(dense(states))), and from there onto the vocabulary. */
export interface Vocabulary {
  readonly dense: Linear;
  readonly activation: Activation;
  readonly norm: LayerNorm;
  /** A layer, or the word table [vocab, width] with a bias. */
  readonly decoder: Linear | { readonly weight: Parameter; readonly bias: Parameter };
}

export function vocabularyScores(g: GraphBuilder, head: Vocabulary, states: Value): Value {
  const inner = layerNorm(g, head.norm, activate(g, head.activation, linear(g, head.dense, states)));
  const product = g.node("MatMul", [inner, g.transposed(head.decoder.weight)]);
  return head.decoder.bias ? g.node("Add", [product, g.parameter(head.decoder.bias)]) : product;
}
