// Arrow files in the making: record batches go to the disk as they come, a new file wherever their layout changes, and in
// the end all files have one layout.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { writeError } from "../support/atomic.js";
import type { ArrayData } from "./arrow/array.js";
import { ArrowFile } from "./arrow/file.js";
import { type ArrowField, type ArrowSchema, sameLayout } from "./arrow/types.js";
import { ArrowWriter, type RecordBatch } from "./arrow/writer.js";
import { inLayout, nullArray } from "./column-builder.js";

const GATHERED = 1 << 20; // small pieces of a batch are written together
const MOST_BYTES = 1 << 26; // of one call: systems end a single write at 2 GiB

/** One Arrow stream on disk that is being written. Errors name the path and the remedy. */
export class ArrowFileWriter {
  readonly path: string;
  readonly #writer: ArrowWriter;
  readonly #descriptor: number;
  /** Small pieces until they are written together. */
  #gathered: Uint8Array | undefined;
  #bytes = 0;

  constructor(path: string, schema: ArrowSchema) {
    this.path = path;
    this.#writer = new ArrowWriter(schema);
    this.#descriptor = this.#try(() => openSync(path, "wx"));
    this.#write(this.#writer.begin());
  }

  /** Bytes of the file so far. */
  get bytes(): number {
    return this.#writer.offset;
  }

  batch(batch: RecordBatch): void {
    this.#write(this.#writer.batch(batch));
  }

  /** Ends the file; with `sync` it is on the disk when the call returns. */
  end(sync: boolean): void {
    this.#write(this.#writer.end());
    this.#flush();
    if (sync) this.#try(() => fsyncSync(this.#descriptor));
    closeSync(this.#descriptor);
  }

  /** Gives up: closes the file, which is not to be used. */
  abandon(): void {
    closeSync(this.#descriptor);
  }

  #write(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      if (this.#bytes + piece.length > GATHERED) this.#flush();
      if (piece.length > GATHERED) this.#put(piece);
      else {
        this.#gathered ??= new Uint8Array(GATHERED);
        this.#gathered.set(piece, this.#bytes);
        this.#bytes += piece.length;
      }
    }
  }

  #flush(): void {
    if (this.#gathered !== undefined) this.#put(this.#gathered.subarray(0, this.#bytes));
    this.#bytes = 0;
  }

  #put(bytes: Uint8Array): void {
    this.#try(() => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#descriptor, bytes, done, Math.min(bytes.length - done, MOST_BYTES));
      }
    });
  }

  #try<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      throw writeError("file", this.path, this.path, error);
    }
  }
}

/** One file of a result: where it is, and the layout of its columns. */
export interface Part {
  readonly path: string;
  readonly fields: readonly ArrowField[];
}

/** Writes batches into files of a folder: part-00000.arrow and so on. */
export class PartWriter {
  readonly #folder: string;
  readonly #prefix: string;
  readonly #parts: Part[] = [];
  #file: ArrowFileWriter | undefined;
  #bytes = 0;

  /** `prefix` begins the files' names. */
  constructor(folder: string, prefix = "part") {
    this.#folder = folder;
    this.#prefix = prefix;
  }

  /** Bytes of all files so far. */
  get bytes(): number {
    return this.#bytes + (this.#file?.bytes ?? 0);
  }

  /** Writes a batch, whose columns are in the layouts of their fields. */
  batch(batch: RecordBatch): void {
    const fields = batch.columns.map(({ field }) => field);
    const current = this.#parts.at(-1);
    if (this.#file === undefined || current === undefined || !sameFields(fields, current.fields)) {
      this.#end();
      const path = join(this.#folder, `${this.#prefix}-${String(this.#parts.length).padStart(5, "0")}.arrow`);
      this.#file = new ArrowFileWriter(path, { fields, metadata: new Map() });
      this.#parts.push({ path, fields });
    }
    this.#file.batch(batch);
  }

  /** Ends the last file. */
  end(): Part[] {
    this.#end();
    return this.#parts;
  }

  /** Closes what is open; the files are not to be used. */
  abandon(): void {
    this.#file?.abandon();
    this.#file = undefined;
  }

  #end(): void {
    this.#file?.end(false);
    this.#bytes += this.#file?.bytes ?? 0;
    this.#file = undefined;
  }
}

/** Gives every part the layout of `fields`: those of another are written anew. */
export function settleParts(parts: readonly Part[], fields: readonly ArrowField[]): void {
  for (const part of parts) {
    if (sameFields(fields, part.fields)) continue;
    const file = new ArrowFile(part.path);
    const settled = new ArrowFileWriter(`${part.path}.settled`, { fields, metadata: new Map() });
    try {
      for (const [batch, length] of file.batchRows.entries()) {
        const columns = fields.map((field, column): ArrayData => {
          if (column >= part.fields.length) return nullArray(field, length); // a column that came later
          return inLayout(file.read(batch, column), field);
        });
        settled.batch({ columns, length });
      }
      settled.end(false);
    } catch (error) {
      settled.abandon();
      throw error;
    } finally {
      file.close();
    }
    rmSync(part.path);
    renameSync(settled.path, part.path);
  }
}

function sameFields(fields: readonly ArrowField[], others: readonly ArrowField[]): boolean {
  if (fields.length !== others.length) return false;
  const metadata = (field: ArrowField): unknown => [[...field.metadata], field.children.map(metadata)];
  return fields.every((field, i) => {
    return sameLayout(field, others[i]) && JSON.stringify(metadata(field)) === JSON.stringify(metadata(others[i]));
  });
}
