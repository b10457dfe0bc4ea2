// unique: the values of a column, each once.
import { columnOf, readColumn, type Table } from "../table.js";

/** The different values of a column in the order of their first row; null counts as a value. Throws DataError where there is no such column. */
export function unique(table: Table, name: string): unknown[] {
  const column = columnOf(table, name);
  const values = new Map<unknown, unknown>();
  for (let start = 0; start < table.length; start += ROWS_READ) {
    for (const value of readColumn(table, column, start, Math.min(start + ROWS_READ, table.length))) {
      const key = keyOf(value);
      if (!values.has(key)) values.set(key, value);
    }
  }
  return [...values.values()];
}

const ROWS_READ = 1000;

/** What two equal values have in common: themselves, or a text that no string is (strings are keys as they are). */
function keyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return `date ${value.getTime()}\0`;
  const plain = (_: string, part: unknown) => (ArrayBuffer.isView(part) ? Array.from(part as Uint8Array) : part);
  return `${JSON.stringify(value, plain)}\0`;
}
