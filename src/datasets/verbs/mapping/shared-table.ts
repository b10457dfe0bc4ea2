// A table as another thread opens it: paths of files, columns in them and the rows that were chosen, but no values.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ArrowFile } from "../../arrow/file.js";
import { ArrowColumn, FileBatches, FileChunks } from "../../arrow-column.js";
import { placeOf } from "../../cache/entries.js";
import type { Column } from "../../column.js";
import type { StructFeature } from "../../features.js";
import { ArrowFileWriter } from "../../part-writer.js";
import { featureFromJson } from "../../read-features.js";
import { recordBatches, schemaOfTable } from "../../record-batches.js";
import type { Table } from "../../table.js";

/** What can be sent to a thread in place of a table. */
export interface SharedTable {
  /** Files that stand one after another, by group; columns of one group have the same rows. */
  readonly groups: readonly (readonly string[])[];
  readonly columns: readonly { readonly name: string; readonly group: number; readonly column: number }[];
  /** Features in their JSON form, by column. */
  readonly features: string;
  /** The rows chosen, in memory that threads share. */
  readonly rows: Uint32Array | undefined;
  readonly length: number;
}

/** Some columns of a table, to be opened by threads. Those that are not in files are written to one in `folder`. */
export function shareTable(table: Table, names: readonly string[], folder: string): SharedTable {
  const chosen: Table = { ...table, columns: new Map(names.map((name) => [name, table.columns.get(name) as Column])) };
  const features = JSON.stringify(
    Object.fromEntries([...chosen.columns].map(([name, { feature }]) => [name, feature])),
  );
  const inFiles = [...chosen.columns.values()].map(filesOf);
  if (inFiles.every((each) => each !== undefined)) {
    const groups = [...new Set(inFiles.map(({ paths }) => paths.join("\n")))];
    const columns = names.map((name, i) => ({
      name,
      group: groups.indexOf(inFiles[i].paths.join("\n")),
      column: inFiles[i].column,
    }));
    return {
      groups: groups.map((paths) => paths.split("\n")),
      columns,
      features,
      rows: shared(table.rows),
      length: table.length,
    };
  }
  const path = join(folder, "input.arrow");
  const schema = schemaOfTable(chosen);
  const writer = new ArrowFileWriter(path, schema);
  for (const batch of recordBatches(chosen, schema)) writer.batch(batch);
  writer.end(false);
  const columns = names.map((name, column) => ({ name, group: 0, column }));
  return { groups: [[path]], columns, features, rows: undefined, length: table.length };
}

function filesOf(column: Column): { paths: string[]; column: number } | undefined {
  if (!(column instanceof ArrowColumn) || !(column.chunks instanceof FileChunks)) return undefined;
  const paths = column.chunks.batches.files.map(({ path }) => placeOf(path));
  return paths.every((path) => existsSync(path)) ? { paths, column: column.chunks.column } : undefined;
}

function shared(rows: Uint32Array | undefined): Uint32Array | undefined {
  if (rows === undefined) return undefined;
  const copy = new Uint32Array(new SharedArrayBuffer(rows.byteLength));
  copy.set(rows);
  return copy;
}

/** Opens the table of another thread. */
export function openShared({ groups, columns, features, rows, length }: SharedTable): Table {
  const opened = new Map<string, ArrowFile>();
  const file = (path: string): ArrowFile => {
    const found = opened.get(path) ?? new ArrowFile(path);
    opened.set(path, found);
    return found;
  };
  const batches = groups.map((paths) => new FileBatches(paths.map(file)));
  const types = featureFromJson(JSON.parse(features)) as StructFeature;
  return {
    columns: new Map(
      columns.map(({ name, group, column }) => {
        return [name, new ArrowColumn(name, types[name], new FileChunks(batches[group], column, undefined))];
      }),
    ),
    rows,
    length,
  };
}
