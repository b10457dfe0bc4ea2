// Filling rows up to one length, and rows of one length as a tensor.
import { DataError } from "../support/errors.js";
import { type Tensor, tensor } from "../tensor/index.js";
import type { LengthPlan, Side } from "./options.js";

/** A row of a model input: ids, types or a mask. */
export type IdRow = ArrayLike<number>;

/** One array for all rows, and where each begins; `starts` has one more entry than there are rows. */
export interface PaddedRows {
  readonly values: Int32Array;
  readonly starts: readonly number[];
}

/** The length that rows are padded to, of which the longest has `longest` tokens; longer rows stay as they are. */
export function paddedLength(longest: number, padding: LengthPlan["padding"]): number {
  if (padding === undefined) return 0;
  const length = padding.length === "longest" ? longest : padding.length;
  return Math.ceil(length / padding.multipleOf) * padding.multipleOf;
}

/** The rows one behind the other, each filled up with `value` to `length`. */
export function padRows(rows: readonly IdRow[], length: number, value: number, side: Side): PaddedRows {
  const starts = [0];
  for (const row of rows) starts.push(starts[starts.length - 1] + Math.max(row.length, length));
  const values = new Int32Array(starts[rows.length]).fill(value);
  rows.forEach((row, i) => {
    values.set(row, side === "right" ? starts[i] : starts[i + 1] - row.length);
  });
  return { values, starts };
}

/**
 * An int32 tensor [rows, length] of rows that lie one behind the other.
 * @throws DataError where their lengths differ
 */
export function rowsToTensor(
  name: string,
  { values, starts }: { values: Int32Array; starts: ArrayLike<number> },
): Tensor {
  const rows = starts.length - 1;
  const length = rows > 0 ? starts[1] : 0;
  for (let i = 1; i < rows; i++) {
    const other = starts[i + 1] - starts[i];
    if (other !== length) {
      throw new DataError(
        `${name} cannot be a tensor: row 0 has ${length} tokens and row ${i} has ${other}; pass padding: true, and ` +
          "truncation: true where rows may be too long",
      );
    }
  }
  return tensor(values, { shape: [rows, length], dtype: "int32" });
}
