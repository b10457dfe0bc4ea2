// Collators: what makes one batch of tensors of a few rows.
import type { Tensor } from "../tensor/index.js";

/** Named tensors, the first dimension of each the rows. */
export interface Batch {
  [name: string]: Tensor;
}

/** What is known of a column: its dtype, or that of its elements. A dataset's features are of this shape. */
export interface ColumnType {
  readonly dtype?: unknown;
  readonly feature?: unknown;
}

/** What a DataLoader knows beside the rows. */
export interface CollateContext {
  /** The dataset's columns by name: they tell integers from floats that happen to be whole. */
  readonly features?: { readonly [column: string]: unknown };
  /** Which batch of which epoch it is, from 0: what a collator draws at random can follow from it, so that a run that is
   * resumed draws the same. */
  readonly epoch?: number;
  readonly batch?: number;
}

/** Makes a batch of rows; synchronous, so that batches are ready when the device is. */
export interface CollatorObject<Row, Output> {
  collate(rows: readonly Row[], context?: CollateContext): Output;
}

/** A collator is an object with `collate`, or a plain function. */
export type Collator<Row, Output> =
  | CollatorObject<Row, Output>
  | ((rows: readonly Row[], context?: CollateContext) => Output);

/** A collator as a function. */
export function collateFunction<Row, Output>(
  collator: Collator<Row, Output>,
): (rows: readonly Row[], context?: CollateContext) => Output {
  return typeof collator === "function" ? collator : (rows, context) => collator.collate(rows, context);
}

/** Rows, or columns of equally many values: what the collators of this package take. */
export type RowsOrColumns = readonly object[] | { readonly [column: string]: ArrayLike<unknown> };
