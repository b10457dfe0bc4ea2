// How much of a batch is padding.
import type { Tensor } from "../tensor/index.js";

/**
 * The share of a batch's positions that hold padding, from 0 up to but without 1, or undefined where the mask's values are
 * only on the device. Attune does not compute padding; other engines would.
 */
export function paddingShare({ attention_mask: mask }: { readonly attention_mask: Tensor }): number | undefined {
  const values = mask.host;
  return values && 1 - values.reduce((sum, value) => sum + value, 0) / values.length;
}
