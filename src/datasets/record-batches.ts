// A table as Arrow's record batches: what saving, exporting and handing to worker threads have in common. Columns that are
// in Arrow's layout already are copied as bytes; others pass through JavaScript's values.
import { encoderOf } from "./arrow/encoder.js";
import type { ArrayEncoder } from "./arrow/encoder-base.js";
import { fieldOf, schemaOf } from "./arrow/features.js";
import { type ArrowField, type ArrowSchema, sameLayout } from "./arrow/types.js";
import { TYPED_LIST } from "./arrow/values.js";
import type { RecordBatch } from "./arrow/writer.js";
import { ArrowColumn } from "./arrow-column.js";
import { type Column, SelectedColumn } from "./column.js";
import { CHUNK_ROWS } from "./column-builder.js";
import type { Feature } from "./features.js";
import { readColumn, type Table } from "./table.js";

/** The features of a table's columns. */
export function featuresOfTable(table: Table): Record<string, Feature> {
  return Object.fromEntries([...table.columns].map(([name, { feature }]) => [name, feature]));
}

/** The schema in which a table is written: the layouts of its features, with the metadata that Python's datasets reads. */
export function schemaOfTable(table: Table): ArrowSchema {
  const fields = Array.from(table.columns, ([name, column]) => fieldOfColumn(name, column));
  return schemaOf(fields, featuresOfTable(table));
}

/** The field of the column's feature; where it is stored in that layout, as it is stored, which knows typed arrays. */
function fieldOfColumn(name: string, column: Column): ArrowField {
  const field = fieldOf(name, column.feature);
  const stored = column instanceof SelectedColumn ? column.column : column;
  if (!(stored instanceof ArrowColumn) || !sameLayout(stored.chunks.field, field)) return field;
  return storedAs(stored.chunks.field, field);
}

/** `wanted`, with what is only known of values that are stored: which lists are of typed arrays. */
function storedAs(stored: ArrowField, wanted: ArrowField): ArrowField {
  const typed = stored.metadata.get(TYPED_LIST);
  const metadata = typed === undefined ? wanted.metadata : new Map([...wanted.metadata, [TYPED_LIST, typed]]);
  const children = wanted.children.map((child, i) => storedAs(stored.children[i], child));
  return { ...wanted, metadata, children };
}

/** Rows `start` to `end` - 1 as batches of `rows` rows each, the last one shorter. */
export function* recordBatches(
  table: Table,
  { fields }: ArrowSchema,
  start = 0,
  end = table.length,
  rows = CHUNK_ROWS,
): Generator<RecordBatch, void, void> {
  const encoders = fields.map(encoderOf);
  for (let from = start; from < end; from += rows) {
    const to = Math.min(from + rows, end);
    const columns = Array.from(table.columns.values(), (column, i) => {
      encode(table, column, encoders[i], from, to);
      return encoders[i].finish();
    });
    yield { columns, length: to - from };
  }
}

function encode(table: Table, column: Column, encoder: ArrayEncoder, from: number, to: number): void {
  if (column instanceof ArrowColumn && column.copy(encoder, from, to, table.rows)) return;
  if (column instanceof SelectedColumn && column.column instanceof ArrowColumn) {
    const rows = table.rows === undefined ? column.rows.subarray(from, to) : pick(column.rows, table.rows, from, to);
    if (column.column.copy(encoder, 0, rows.length, rows)) return;
  }
  for (const value of readColumn(table, column, from, to)) encoder.append(value);
}

function pick(rows: Uint32Array, chosen: Uint32Array, from: number, to: number): Uint32Array {
  return chosen.subarray(from, to).map((row) => rows[row]);
}
