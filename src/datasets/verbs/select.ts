// select: rows by their positions, in the order in which they are named, as a list of rows over the same columns.
import { DataError } from "../../support/errors.js";
import { type Table, takeRows } from "../table.js";

/** The rows at `indices`; negative ones count from the end. Throws DataError at one that is not in the table. */
export function select(table: Table, indices: Iterable<number>): Table {
  return takeRows(
    table,
    Uint32Array.from(indices, (index) => rowAt(table, index)),
  );
}

/** The position of row `index`, from the end where it is negative. Throws DataError where there is no such row. */
export function rowAt(table: Table, index: number): number {
  const row = index < 0 ? index + table.length : index;
  if (Number.isInteger(row) && row >= 0 && row < table.length) return row;
  const rows =
    table.length === 0
      ? "which is empty"
      : `whose rows are 0 to ${table.length - 1}, or from the end -1 to -${table.length}`;
  throw new DataError(`there is no row ${index} in the dataset, ${rows}`);
}
