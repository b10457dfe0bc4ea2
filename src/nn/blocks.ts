// The two halves of a transformer layer as families of encoders share them; what each calls its layers is its own.
import type { Activation } from "../backends/kernels.js";
import { ShapeError } from "../support/errors.js";
import { feedForward, stackedLinear, type Tensor } from "../tensor/index.js";
import { type PackedAttentionOptions, packedAttention } from "./attention.js";
import type { Linear } from "./linear.js";
import type { Packing } from "./packing.js";

/** Layers of the same inputs, made by `stack`. */
export interface AttentionProjections {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
}

/**
 * Self-attention before its output layer.
 * @param x [tokens, hidden]
 * @param first [sequences, hidden]: the first tokens' rows, where only those ask
 * @returns [tokens or sequences, hidden]
 */
export function selfAttention(
  { query, key, value }: AttentionProjections,
  x: Tensor,
  packing: Packing,
  first: Tensor | undefined,
  options: Omit<PackedAttentionOptions, "firstTokenOnly">,
): Tensor {
  if (!first) return packedAttention([project(x, [query, key, value])], packing, options);
  return packedAttention([query.forward(first), project(x, [key, value])], packing, {
    ...options,
    firstTokenOnly: true,
  });
}

/** Stacked layers as one product: their outputs side by side. */
function project(x: Tensor, layers: readonly Linear[]): Tensor {
  return stackedLinear(
    x,
    layers.map((layer) => layer.weight),
    layers.flatMap((layer) => layer.bias ?? []),
  );
}

/** outer(activation(inner(x))), fused: [..., hidden] -> [..., hidden]. */
export function feedForwardOf(inner: Linear, outer: Linear, activation: Activation, x: Tensor): Tensor {
  return feedForward(x, inner.weight, biasOf(inner), outer.weight, biasOf(outer), activation);
}

function biasOf(layer: Linear): Tensor {
  if (!layer.bias) throw new ShapeError("feed-forward layers need biases; this one has none");
  return layer.bias;
}
