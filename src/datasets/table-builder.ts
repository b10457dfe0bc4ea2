// Gathers rows into a new table: what file readers and map write into. Rows stay in memory, in Arrow's layout, while they
// are few; beyond that, or where a folder is given, they go to Arrow files on disk, so that memory stays flat.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../support/errors.js";
import { type ArrayData, sizeOf } from "./arrow/array.js";
import { encoderOf } from "./arrow/encoder.js";
import type { ArrayEncoder } from "./arrow/encoder-base.js";
import { ArrowFile } from "./arrow/file.js";
import { partOf } from "./arrow/slice.js";
import type { ArrowField } from "./arrow/types.js";
import type { RecordBatch } from "./arrow/writer.js";
import { ArrowColumn, FileBatches, FileChunks, MemoryChunks } from "./arrow-column.js";
import type { Column } from "./column.js";
import { CHUNK_ROWS, ColumnBuilder, inLayout, nullArray } from "./column-builder.js";
import type { Feature } from "./features.js";
import { type Part, PartWriter, settleParts } from "./part-writer.js";
import { type Table, tableOf } from "./table.js";

/** Bytes of rows that stay in memory where no folder is given. */
const MOST_IN_MEMORY = 64 * 2 ** 20;

export interface TableBuilderOptions {
  /** Columns that are there whether rows have them or not, before others. */
  readonly names?: readonly string[];
  /** Features that columns are to have where their values fit; other columns have inferred ones. */
  readonly wished?: Readonly<Record<string, Feature | undefined>>;
  /** Throw DataError at a value that does not fit the wished feature of its column. Default false. */
  readonly strict?: boolean;
  /** An existing folder for the files. Default: memory, and where that grows large unnamed files of the system's. */
  readonly folder?: string;
  /** The beginning of the files' names. */
  readonly prefix?: string;
  /** Rows of a record batch. Default 1000. */
  readonly batchRows?: number;
}

/** Rows on disk: the files in the order of their rows, and what stands in them. */
export interface WrittenTable {
  readonly parts: readonly Part[];
  readonly features: Readonly<Record<string, Feature>>;
  readonly length: number;
}

/** A table in the making. All columns grow together. */
export class TableBuilder {
  readonly #options: TableBuilderOptions;
  readonly #batchRows: number;
  readonly #columns = new Map<string, ColumnBuilder>();
  #batches: RecordBatch[] = [];
  #bytes = 0;
  #disk: PartWriter | undefined;
  #scratch: string | undefined;
  #length = 0;
  /** Of each column the batch in the making, where rows come in Arrow's layout. */
  #encoders: ArrayEncoder[] | undefined;

  constructor(options: TableBuilderOptions = {}) {
    this.#options = options;
    this.#batchRows = options.batchRows ?? CHUNK_ROWS;
    for (const name of options.names ?? []) this.#addColumn(name);
    if (options.folder !== undefined) this.#disk = new PartWriter(options.folder, options.prefix);
  }

  /** Rows so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Appends `length` rows as columns; a column that is not among them, or was not before, is null there. `where(i)` names
   * the i-th row in errors.
   *
   * @throws DataError where a value does not fit those before it; AttuneError where the disk takes no more
   */
  append(columns: ReadonlyMap<string, ArrayLike<unknown>>, length: number, where: (i: number) => string): void {
    for (const name of columns.keys()) {
      if (!this.#columns.has(name)) this.#addColumn(name);
    }
    for (const [name, builder] of this.#columns) builder.append(columns.get(name) ?? nulls(length), where);
    this.#length += length;
    this.#collect();
  }

  /**
   * Appends `length` rows that are in Arrow's layout already: for each column arrays of its wished feature, one behind the
   * other. For builders that are given rows in no other way.
   */
  appendArrays(columns: readonly (readonly ArrayData[])[], length: number): void {
    this.#length += length;
    if (columns.length === 0) return;
    this.#encoders ??= this.#fields().map(encoderOf);
    const isBatch = length === this.#batchRows && this.#encoders[0].length === 0;
    if (isBatch && columns.every((arrays) => arrays.length === 1)) {
      this.#store({ columns: columns.map(([array]) => array), length });
      return;
    }
    const places = columns.map(() => ({ array: 0, row: 0 }));
    for (let left = length; left > 0; ) {
      const rows = Math.min(left, this.#batchRows - this.#encoders[0].length);
      left -= rows;
      if (rows === this.#batchRows) {
        const whole = this.#encoders.map((encoder, i) => takeRows(columns[i], places[i], rows, encoder));
        this.#store({ columns: whole, length: rows });
        continue;
      }
      for (const [i, encoder] of this.#encoders.entries()) copyRows(columns[i], places[i], rows, encoder);
      if (this.#encoders[0].length === this.#batchRows) this.#endBatch(this.#encoders);
    }
  }

  #endBatch(encoders: readonly ArrayEncoder[]): void {
    const { length } = encoders[0];
    this.#store({ columns: encoders.map((encoder) => encoder.finish()), length });
  }

  /** A column that is null in the rows so far; those that are on their way to a batch have to be filled. */
  #addColumn(name: string): void {
    const { wished = {}, strict } = this.#options;
    const builder = new ColumnBuilder(name, { wished: wished[name], strict, chunkRows: this.#batchRows });
    builder.append(nulls(this.#length % this.#batchRows), () => "");
    this.#columns.set(name, builder);
  }

  /** The table. The builder is not to be used afterwards. */
  finish(): Table {
    this.#flush();
    if (this.#disk === undefined) return this.#inMemory();
    const { parts, features } = this.#settle(this.#disk);
    const table = tableOfParts(parts, features, this.#length);
    // What is open stays readable without its name, and nobody has to remove it: not on Windows, where it goes at exit.
    if (this.#scratch !== undefined) removeScratch(this.#scratch);
    return table;
  }

  /** Ends the files and gives them one layout; for builders with a folder. The builder is not to be used afterwards. */
  finishFiles(): WrittenTable {
    this.#flush();
    if (this.#disk === undefined) throw new ConfigError("a table without a folder has no files");
    return { ...this.#settle(this.#disk), length: this.#length };
  }

  /** Gives up: closes what is open, and removes what nobody else knows. */
  abandon(): void {
    this.#disk?.abandon();
    if (this.#scratch !== undefined) removeScratch(this.#scratch);
  }

  #flush(): void {
    for (const builder of this.#columns.values()) builder.flush();
    this.#collect();
    if (this.#encoders !== undefined && this.#encoders[0].length > 0) this.#endBatch(this.#encoders);
  }

  /** Takes complete chunks from the columns; all columns complete theirs at the same rows. */
  #collect(): void {
    const drained = Array.from(this.#columns.values(), (builder) => builder.drain());
    for (const [i, first] of (drained[0] ?? []).entries()) {
      this.#store({ columns: drained.map((chunks) => chunks[i]), length: first.length });
    }
  }

  #store(batch: RecordBatch): void {
    if (this.#disk !== undefined) this.#disk.batch(batch);
    else this.#keep(batch);
  }

  #keep(batch: RecordBatch): void {
    this.#batches.push(batch);
    this.#bytes += batch.columns.reduce((sum, column) => sum + sizeOf(column), 0);
    if (this.#bytes <= MOST_IN_MEMORY) return;
    this.#scratch = mkdtempSync(join(tmpdir(), "attune-"));
    this.#disk = new PartWriter(this.#scratch);
    for (const each of this.#batches) this.#disk.batch(each);
    this.#batches = [];
  }

  #fields(): ArrowField[] {
    return Array.from(this.#columns.values(), ({ field }) => field);
  }

  #features(): Record<string, Feature> {
    return Object.fromEntries(Array.from(this.#columns, ([name, { feature }]) => [name, feature]));
  }

  #settle(disk: PartWriter): { parts: Part[]; features: Record<string, Feature> } {
    const parts = disk.end();
    const fields = this.#fields();
    settleParts(parts, fields);
    return { parts: parts.map(({ path }) => ({ path, fields })), features: this.#features() };
  }

  #inMemory(): Table {
    const columns = Array.from(this.#columns, ([name, { feature, field }], i): [string, Column] => {
      const chunks = this.#batches.map((batch) => {
        return batch.columns.length > i ? inLayout(batch.columns[i], field) : nullArray(field, batch.length);
      });
      return [name, new ArrowColumn(name, feature, new MemoryChunks(field, chunks))];
    });
    return tableOf(new Map(columns), this.#length);
  }
}

/** Where the next row stands in arrays that stand one behind the other. */
interface Place {
  array: number;
  row: number;
}

/** The next `rows` rows as one array: where they stand in one, in its memory, else copied by the encoder, which is empty. */
function takeRows(arrays: readonly ArrayData[], place: Place, rows: number, encoder: ArrayEncoder): ArrayData {
  const array = arrays[place.array];
  const end = place.row + rows;
  const part = end <= array.length ? partOf(array, place.row, end) : undefined;
  if (part === undefined) {
    copyRows(arrays, place, rows, encoder);
    return encoder.finish();
  }
  move(arrays, place, end);
  return part;
}

function move(arrays: readonly ArrayData[], place: Place, row: number): void {
  place.row = row;
  if (row < arrays[place.array].length) return;
  place.array++;
  place.row = 0;
}

/** Copies the next `rows` rows of arrays that stand one behind the other, from `place` on, which is moved behind them. */
function copyRows(arrays: readonly ArrayData[], place: Place, rows: number, encoder: ArrayEncoder): void {
  for (let left = rows; left > 0; ) {
    const array = arrays[place.array];
    const end = Math.min(array.length, place.row + left);
    encoder.appendRange(array, place.row, end);
    left -= end - place.row;
    move(arrays, place, end);
  }
}

function nulls(length: number): ArrayLike<null> {
  return new Array<null>(length).fill(null);
}

/** The table that stands in files of one layout. */
export function tableOfParts(
  parts: readonly { readonly path: string }[],
  features: Readonly<Record<string, Feature>>,
  length: number,
  fingerprintOf: (column: string) => string | undefined = () => undefined,
): Table {
  const names = Object.keys(features);
  if (parts.length === 0) {
    return tableOf(new Map(names.map((name) => [name, new ColumnBuilder(name).build(features[name])])), 0);
  }
  const batches = new FileBatches(parts.map(({ path }) => new ArrowFile(path)));
  return tableOf(
    new Map(
      names.map((name, i) => [
        name,
        new ArrowColumn(name, features[name], new FileChunks(batches, i, fingerprintOf(name))),
      ]),
    ),
    length,
  );
}

const leftAtExit = new Set<string>();

function removeScratch(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    if (leftAtExit.size === 0) process.once("exit", () => leftAtExit.forEach(removeAtExit));
    leftAtExit.add(folder);
  }
}

function removeAtExit(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // still open somewhere: the system clears its temporary folder
  }
}
