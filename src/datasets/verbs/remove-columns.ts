// removeColumns: the dataset without some of its columns.
import { columnOf, type Table } from "../table.js";

/** The table without the columns named. Throws DataError where there is no such column. */
export function removeColumns(table: Table, names: string | readonly string[]): Table {
  const removed = new Set([names].flat());
  for (const name of removed) columnOf(table, name);
  return { ...table, columns: new Map([...table.columns].filter(([name]) => !removed.has(name))) };
}
