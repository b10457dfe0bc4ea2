// Attention over a packed batch, and over a padded one where the mask is known to the device only.
import { type AttentionInputs, type AttentionOptions, attention, cast, reshape, type Tensor } from "../tensor/index.js";
import type { Packing } from "./packing.js";

export interface PackedAttentionOptions
  extends Pick<AttentionOptions, "scale" | "relativeBias" | "relative" | "relativeTerms" | "window"> {
  readonly heads: number;
  /** Probability with which attention weights are dropped. */
  readonly dropout: number;
  /** The queries are the first tokens only: one row a sequence. */
  readonly firstTokenOnly?: boolean;
}

/** See the `attention` op for the inputs and what is relative. -> [rows of query, width] */
export function packedAttention(inputs: AttentionInputs, packing: Packing, options: PackedAttentionOptions): Tensor {
  const { firstTokenOnly = false, ...others } = options;
  const { offsets, firstOffsets, deviceMask } = packing;
  return attention(inputs, {
    ...others,
    queryOffsets: firstTokenOnly ? firstOffsets : offsets,
    keyOffsets: offsets,
    keyMask: deviceMask && cast(reshape(deviceMask, [deviceMask.size]), "int32"),
  });
}
