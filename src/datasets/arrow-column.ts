// Columns in Arrow's layout: chunks of rows, in memory or in files on disk, read when a value of theirs is asked for.
import { DataError } from "../support/errors.js";
import { type ArrayData, sizeOf } from "./arrow/array.js";
import type { ArrayEncoder } from "./arrow/encoder-base.js";
import type { ArrowFile } from "./arrow/file.js";
import { type ArrowField, sameLayout } from "./arrow/types.js";
import { type ValueReader, valueReader } from "./arrow/values.js";
import { type CachedChunk, keepChunk, touchChunk } from "./chunk-cache.js";
import type { Column } from "./column.js";
import { ClassLabel, type Feature } from "./features.js";

/** Where a column's rows are: arrays of one layout, one after another. */
export interface ChunkSource {
  readonly field: ArrowField;
  /** The first row of each chunk, and behind them the number of all rows. */
  readonly starts: Float64Array;
  /** True where chunks are in memory anyway, so that none is kept beside. */
  readonly isResident: boolean;
  /** What a change of the values would change too; undefined where nothing tells. */
  readonly fingerprint: string | undefined;
  load(chunk: number): ArrayData;
  /** One row of a chunk as an array of one value, where that is less work than the whole chunk. */
  loadRow?(chunk: number, row: number): ArrayData;
  /** The file of a chunk; undefined for memory. */
  fileOf(chunk: number): string | undefined;
}

/** The first row of each chunk of these lengths, and the number of all rows. */
export function startsOf(lengths: readonly number[]): Float64Array {
  const starts = new Float64Array(lengths.length + 1);
  for (let i = 0; i < lengths.length; i++) starts[i + 1] = starts[i] + lengths[i];
  return starts;
}

/** Chunks in memory. */
export class MemoryChunks implements ChunkSource {
  readonly field: ArrowField;
  readonly starts: Float64Array;
  readonly isResident = true;
  readonly fingerprint = undefined;
  readonly #chunks: readonly ArrayData[];

  /** Takes `chunks` over, which are all in the layout of `field`. */
  constructor(field: ArrowField, chunks: readonly ArrayData[]) {
    this.field = field;
    this.#chunks = chunks;
    this.starts = startsOf(chunks.map(({ length }) => length));
  }

  load(chunk: number): ArrayData {
    return this.#chunks[chunk];
  }

  fileOf(): undefined {}
}

/** The batches of files that stand one after another, with what all columns of them share. */
export class FileBatches {
  readonly files: readonly ArrowFile[];
  readonly starts: Float64Array;
  readonly #file: Uint32Array; // of each chunk
  readonly #batch: Uint32Array; // within its file

  constructor(files: readonly ArrowFile[]) {
    this.files = files;
    const chunks = files.reduce((sum, { batchRows }) => sum + batchRows.length, 0);
    this.starts = new Float64Array(chunks + 1);
    this.#file = new Uint32Array(chunks);
    this.#batch = new Uint32Array(chunks);
    let chunk = 0;
    for (const [file, { batchRows }] of files.entries()) {
      for (let batch = 0; batch < batchRows.length; batch++, chunk++) {
        this.#file[chunk] = file;
        this.#batch[chunk] = batch;
        this.starts[chunk + 1] = this.starts[chunk] + batchRows[batch];
      }
    }
  }

  place(chunk: number): { file: ArrowFile; batch: number } {
    return { file: this.files[this.#file[chunk]], batch: this.#batch[chunk] };
  }
}

/** One column of files. */
export class FileChunks implements ChunkSource {
  readonly field: ArrowField;
  readonly isResident = false;
  readonly fingerprint: string | undefined;
  readonly batches: FileBatches;
  /** The column's number in the files. */
  readonly column: number;

  constructor(batches: FileBatches, column: number, fingerprint: string | undefined) {
    this.batches = batches;
    this.column = column;
    this.field = batches.files[0].schema.fields[column];
    this.fingerprint = fingerprint;
  }

  get starts(): Float64Array {
    return this.batches.starts;
  }

  load(chunk: number): ArrayData {
    const { file, batch } = this.batches.place(chunk);
    return file.read(batch, this.column);
  }

  loadRow(chunk: number, row: number): ArrayData {
    const { file, batch } = this.batches.place(chunk);
    return file.readRow(batch, this.column, row);
  }

  fileOf(chunk: number): string {
    return this.batches.place(chunk).file.path;
  }
}

/** How many chunks are remembered of which a single row was read: a second one soon after brings all of a chunk. */
const LATELY = 64;

/** A column whose values are read from chunks. */
export class ArrowColumn implements Column {
  readonly feature: Feature;
  readonly length: number;
  readonly chunks: ChunkSource;
  readonly #name: string;
  readonly #cached = new Map<number, CachedChunk>();
  readonly #resident: ValueReader[] = [];
  /** The chunks of which single rows were read last. */
  readonly #lately: number[] = [];
  #latest = 0;
  // The chunk that was read last: most reads are near the one before.
  #reader: ValueReader | undefined;
  #start = 0;
  #end = 0;

  constructor(name: string, feature: Feature, chunks: ChunkSource) {
    this.#name = name;
    this.feature = feature;
    this.chunks = chunks;
    this.length = chunks.starts[chunks.starts.length - 1];
  }

  get fingerprint(): string | undefined {
    return this.chunks.fingerprint;
  }

  get(row: number): unknown {
    if (this.#reader !== undefined && row >= this.#start && row < this.#end) return this.#reader.get(row - this.#start);
    const alone = this.#rowAlone(row);
    if (alone !== undefined) return alone.get(0);
    return this.#readerAt(row).get(row - this.#start);
  }

  range(start: number, end: number): unknown[] {
    const values = new Array<unknown>(end - start);
    for (let row = start; row < end; ) {
      const reader = this.#readerAt(row);
      const first = this.#start;
      const last = Math.min(end, this.#end);
      for (; row < last; row++) values[row - start] = reader.get(row - first);
    }
    return values;
  }

  gather(rows: Uint32Array): unknown[] {
    const values = new Array<unknown>(rows.length);
    for (let i = 0; i < rows.length; i++) {
      values[i] = this.get(rows[i]);
    }
    return values;
  }

  /**
   * Appends rows `start` to `end` - 1, or of `rows` those from `start` to `end` - 1, without a detour over JavaScript's
   * values. False, and nothing appended, where the encoder's layout is another.
   */
  copy(encoder: ArrayEncoder, start: number, end: number, rows?: Uint32Array): boolean {
    const { field } = this.chunks;
    if (field.dictionary !== undefined || !sameLayout(field, encoder.field)) return false;
    let chunk = -1;
    let array: ArrayData | undefined;
    for (let i = start; i < end; ) {
      const row = rows === undefined ? i : rows[i];
      if (array === undefined || row < this.chunks.starts[chunk] || row >= this.chunks.starts[chunk + 1]) {
        chunk = this.#chunkOf(row);
        array = this.#load(chunk);
      }
      const from = row - this.chunks.starts[chunk];
      const to = rows === undefined ? Math.min(from + end - i, array.length) : from + 1;
      encoder.appendRange(array, from, to);
      i += to - from;
    }
    return true;
  }

  /**
   * A reader of one row of a chunk that is not in memory and was not asked for lately: rows at random of a dataset that is
   * larger than the cache are read without their neighbours. Undefined where the chunk is, or is worth being, in memory.
   */
  #rowAlone(row: number): ValueReader | undefined {
    if (this.chunks.isResident || this.chunks.loadRow === undefined) return undefined;
    const chunk = this.#chunkOf(row);
    if (this.#cached.has(chunk) || this.#lately.includes(chunk)) return undefined;
    this.#lately[this.#latest++ % LATELY] = chunk;
    const array = this.chunks.loadRow(chunk, row - this.chunks.starts[chunk]);
    if (this.feature instanceof ClassLabel) this.#checkLabels(array, this.feature, chunk, row);
    return this.#read(chunk, array);
  }

  #readerAt(row: number): ValueReader {
    if (this.#reader !== undefined && row >= this.#start && row < this.#end) return this.#reader;
    const chunk = this.#chunkOf(row);
    const reader = this.#chunk(chunk);
    this.#reader = reader;
    this.#start = this.chunks.starts[chunk];
    this.#end = this.chunks.starts[chunk + 1];
    return reader;
  }

  #chunk(chunk: number): ValueReader {
    if (this.chunks.isResident) {
      this.#resident[chunk] ??= this.#read(chunk, this.#load(chunk));
      return this.#resident[chunk];
    }
    const cached = this.#cached.get(chunk);
    if (cached !== undefined) {
      touchChunk(cached);
      return cached.reader;
    }
    const array = this.#load(chunk);
    const reader = this.#read(chunk, array);
    this.#cached.set(
      chunk,
      keepChunk(reader, sizeOf(array), () => this.#cached.delete(chunk)),
    );
    return reader;
  }

  #load(chunk: number): ArrayData {
    const array = this.chunks.load(chunk);
    if (this.feature instanceof ClassLabel && !this.chunks.isResident)
      this.#checkLabels(array, this.feature, chunk, this.chunks.starts[chunk]);
    return array;
  }

  #read(chunk: number, array: ArrayData): ValueReader {
    return valueReader(array, (reason) => this.#refuse(chunk, reason));
  }

  /** `first` is the row of the array's first value. */
  #checkLabels(array: ArrayData, { numClasses }: ClassLabel, chunk: number, first: number): void {
    const reader = this.#read(chunk, array);
    for (let i = 0; i < array.length; i++) {
      const label = reader.get(i) as number | null;
      if (label === null || (label >= -1 && label < numClasses)) continue;
      this.#refuse(chunk, `the label ${label} at row ${first + i}, outside its ${numClasses} classes`);
    }
  }

  #refuse(chunk: number, reason: string): never {
    const { starts } = this.chunks;
    const file = this.chunks.fileOf(chunk);
    const rows = `rows ${starts[chunk]} to ${starts[chunk + 1] - 1}`;
    throw new DataError(`${file === undefined ? "" : `${file}: `}column "${this.#name}" holds ${reason}, in ${rows}`);
  }

  /** The chunk that holds `row`. */
  #chunkOf(row: number): number {
    const { starts } = this.chunks;
    let low = 0;
    let high = starts.length - 2;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
