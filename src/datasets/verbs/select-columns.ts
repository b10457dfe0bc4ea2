// selectColumns: the dataset with some of its columns only, in the order in which they are named.
import { columnOf, type Table } from "../table.js";

/** The table with the columns named and no others. Throws DataError where there is no such column. */
export function selectColumns(table: Table, names: string | readonly string[]): Table {
  return { ...table, columns: new Map([names].flat().map((name) => [name, columnOf(table, name)])) };
}
