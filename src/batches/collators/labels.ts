// Labels of single tokens, which are padded as the tokens are.
import { DataError } from "../../support/errors.js";
import { type Tensor, tensor } from "../../tensor/index.js";
import type { Side } from "../../tokenizers/index.js";
import { type ColumnValues, isList } from "../columns.js";

/** The label of a token that no loss counts. */
export const IGNORED = -100;

/**
 * int32 [rows, length]: each row's labels with `value` at padding.
 * @throws DataError, naming the row, where its labels are no list, or not as many as its tokens (`ids`)
 */
export function padLabels(
  labels: ColumnValues,
  ids: ColumnValues,
  length: number,
  { value, side }: { readonly value: number; readonly side: Side },
): Tensor {
  const padded = new Int32Array(labels.length * length).fill(value);
  for (let row = 0; row < labels.length; row++) {
    const rowLabels = labels[row];
    const tokens = ids[row];
    const count = isList(tokens) ? tokens.length : 0;
    if (!isList(rowLabels) || rowLabels.length !== count) {
      const found = isList(rowLabels) ? `${rowLabels.length} labels` : `the label ${String(rowLabels)}`;
      throw new DataError(
        `row ${row} of the batch has ${found} for ${count} tokens: label each token, with -100 where there is nothing to learn`,
      );
    }
    const start = row * length + (side === "left" ? length - count : 0);
    for (let i = 0; i < count; i++) padded[start + i] = labelOf(rowLabels[i], row, i);
  }
  return tensor(padded, { shape: [labels.length, length] });
}

function labelOf(label: unknown, row: number, at: number): number {
  const number = typeof label === "bigint" ? Number(label) : label;
  if (typeof number === "number" && Number.isInteger(number)) return number;
  throw new DataError(`label ${at} of row ${row} of the batch is ${String(label)}, not a whole number`);
}
