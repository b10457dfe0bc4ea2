// How much of the batches is padding. Attune does not compute it; other engines would.
import type { Tensor } from "../tensor/index.js";

/**
 * The share of a batch's positions that hold padding, from 0 up to but without 1, or undefined where the mask's values are
 * only on the device.
 */
export function paddingShare(batch: { readonly attention_mask: Tensor }): number | undefined {
  const counts = countPositions(batch);
  return counts && counts.padding / counts.positions;
}

/** Positions of batches, and how many of them hold padding. */
export interface PaddingCounts {
  readonly positions: number;
  readonly padding: number;
}

/** Counts a batch's positions; undefined where it has no attention_mask whose values are known. */
export function countPositions(batch: unknown): PaddingCounts | undefined {
  if (typeof batch !== "object" || batch === null || !("attention_mask" in batch)) return undefined;
  const values = (batch.attention_mask as Partial<Tensor> | undefined)?.host;
  if (!values) return undefined;
  let padding = values.length;
  for (const value of values) padding -= value;
  return { positions: values.length, padding };
}
