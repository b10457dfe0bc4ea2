// What a table's rows depend on, in a word: its columns by name, type and content, and the rows that were chosen of them.
import type { Table } from "../table.js";
import { digest, fingerprintOfRows } from "./digest.js";

/** The fingerprint of a table; undefined where a column does not know its own, since its content may be any. */
export function fingerprintOfTable(table: Table, names: Iterable<string> = table.columns.keys()): string | undefined {
  const parts: string[] = [];
  for (const name of names) {
    const column = table.columns.get(name);
    if (column?.fingerprint === undefined) return undefined;
    parts.push(name, JSON.stringify(column.feature), column.fingerprint);
  }
  parts.push(String(table.length), table.rows === undefined ? "" : fingerprintOfRows(table.rows));
  return digest(...parts);
}
