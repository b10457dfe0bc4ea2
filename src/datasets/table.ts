// What a Dataset wraps: columns that datasets share, and which of their rows stand in which order. Verbs are functions
// from table to table; none changes the table it was given.
import { DataError, nearest } from "../support/errors.js";
import type { Column } from "./column.js";
import { SelectedColumn } from "./column.js";

/** Columns of equal length by name, in order, and the rows chosen of them. */
export interface Table {
  readonly columns: ReadonlyMap<string, Column>;
  /** The physical row of each row; undefined where all rows stand in their own order. */
  readonly rows: Uint32Array | undefined;
  /** The number of rows. */
  readonly length: number;
}

/** A table of all rows of `columns`, which have `length` rows each. */
export function tableOf(columns: ReadonlyMap<string, Column>, length: number): Table {
  return { columns, rows: undefined, length };
}

/** The column of that name. Throws DataError, listing the columns that exist, where there is none. */
export function columnOf(table: Table, name: string): Column {
  const column = table.columns.get(name);
  if (column !== undefined) return column;
  const names = [...table.columns.keys()];
  const near = nearest(name, names);
  const columns = names.length === 0 ? "it has none" : `its columns are ${names.map((each) => `"${each}"`).join(", ")}`;
  throw new DataError(
    `the dataset has no column "${name}": ${columns}${near === undefined ? "" : `; did you mean "${near}"?`}`,
  );
}

/** One row as an object. `index` is in range. */
export function readRow(table: Table, index: number): Record<string, unknown> {
  const row = table.rows === undefined ? index : table.rows[index];
  const values: Record<string, unknown> = {};
  for (const [name, column] of table.columns) values[name] = column.get(row);
  return values;
}

/** Rows `start` to `end` - 1 of one column, in a new array. */
export function readColumn(table: Table, column: Column, start: number, end: number): unknown[] {
  return table.rows === undefined ? column.range(start, end) : column.gather(table.rows.subarray(start, end));
}

/** Rows `start` to `end` - 1 as columns. */
export function readColumns(table: Table, start: number, end: number): Record<string, unknown[]> {
  const values: Record<string, unknown[]> = {};
  for (const [name, column] of table.columns) values[name] = readColumn(table, column, start, end);
  return values;
}

/** Rows `start` to `end` - 1 as objects. */
export function readRows(table: Table, start: number, end: number): Record<string, unknown>[] {
  return rowsOf(readColumns(table, start, end), end - start);
}

/** Columns of `length` values as rows. */
export function rowsOf(
  columns: Readonly<Record<string, ArrayLike<unknown>>>,
  length: number,
): Record<string, unknown>[] {
  const names = Object.keys(columns);
  const values = Object.values(columns);
  const rows = new Array<Record<string, unknown>>(length);
  for (let i = 0; i < length; i++) {
    const row: Record<string, unknown> = {};
    for (let column = 0; column < names.length; column++) row[names[column]] = values[column][i];
    rows[i] = row;
  }
  return rows;
}

/** The table's rows at `rows`, which are in range, in that order. */
export function takeRows(table: Table, rows: Uint32Array): Table {
  const { columns, rows: physical } = table;
  return { columns, rows: physical === undefined ? rows : rows.map((row) => physical[row]), length: rows.length };
}

/** The column as its table orders it, to stand beside columns that have the table's rows and no others. */
export function alignColumn(table: Table, column: Column): Column {
  return table.rows === undefined ? column : new SelectedColumn(column, table.rows);
}
