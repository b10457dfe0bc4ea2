// How many tokens the rows of a dataset have.
import { DataError } from "../support/errors.js";
import { isList, numbersOf } from "./columns.js";
import type { IndexedRows } from "./indexed-rows.js";

/** Rows read at once. */
const BATCH = 1000;

/**
 * The length of each row: what its column `lengthColumn` says where there is one (a tokenizer's `returnLength` makes it),
 * else the number of its input_ids.
 * @throws DataError where a row has neither
 */
export function rowLengths(dataset: IndexedRows<object>, lengthColumn = "length"): Int32Array {
  const lengths = new Int32Array(dataset.length);
  const known = dataset.features && lengthColumn in dataset.features;
  const column = known ? lengthColumn : "input_ids";
  const narrow = dataset.features && column in dataset.features ? dataset.selectColumns?.([column]) : undefined;
  for (let start = 0; start < lengths.length; start += BATCH) {
    const indices = Array.from({ length: Math.min(BATCH, lengths.length - start) }, (_, i) => start + i);
    const rows = narrow?.select?.(indices).slice() ?? indices.map((index) => dataset.at(index));
    rows.forEach((row, i) => {
      lengths[start + i] = lengthOf(row, start + i, lengthColumn);
    });
  }
  return lengths;
}

function lengthOf(row: object | undefined, index: number, lengthColumn: string): number {
  const fields = (row ?? {}) as Readonly<Record<string, unknown>>;
  const ids = numbersOf(fields.input_ids);
  const length = Number(numbersOf(fields[lengthColumn]) ?? (isList(ids) ? ids.length : Number.NaN));
  if (Number.isSafeInteger(length) && length >= 0) return length;
  throw new DataError(
    `row ${index} has neither a whole number "${lengthColumn}" nor input_ids to count: tokenize the dataset first, or name ` +
      "the column with lengthColumn",
  );
}
