// toTable: the rows as an Arrow table in memory, as Flechette makes them: the door to DuckDB, Arquero, Plot and others.
import { type Table as ArrowTable, tableFromIPC } from "@uwdata/flechette";
import { arrowBytes } from "../arrow/writer.js";
import { recordBatches, schemaOfTable } from "../record-batches.js";
import type { Table } from "../table.js";

export type { ArrowTable };

/** The rows in Arrow's IPC format, `tableFromIPC` of any Arrow library reads it. */
export function toArrowBytes(table: Table, format?: "stream" | "file"): Uint8Array {
  const schema = schemaOfTable(table);
  const pieces = [...arrowBytes(schema, recordBatches(table, schema), format)];
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The rows as an Arrow table. */
export function toTable(table: Table): ArrowTable {
  return tableFromIPC(toArrowBytes(table));
}
