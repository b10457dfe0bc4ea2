// The two halves of a transformer layer as families of encoders share them; what each calls its layers is its own.
import type { Activation } from "../backends/kernels.js";
import { ShapeError } from "../support/errors.js";
import { activate, feedForward, type Tensor } from "../tensor/index.js";
import { type PackedAttentionOptions, packedAttention } from "./attention.js";
import { type Linear, linearTogether } from "./linear.js";
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
  if (!first) return packedAttention([linearTogether(x, [query, key, value])], packing, options);
  return packedAttention([query.forward(first), linearTogether(x, [key, value])], packing, {
    ...options,
    firstTokenOnly: true,
  });
}

/** outer(activation(inner(x))), fused where no adapter stands between: [..., hidden] -> [..., hidden]. */
export function feedForwardOf(inner: Linear, outer: Linear, activation: Activation, x: Tensor): Tensor {
  if (inner.adapter || outer.adapter) return outer.forward(activate(activation, inner.forward(x)));
  return feedForward(x, inner.weight, biasOf(inner), outer.weight, biasOf(outer), activation);
}

function biasOf(layer: Linear): Tensor {
  if (!layer.bias) throw new ShapeError("feed-forward layers need biases; this one has none");
  return layer.bias;
}
