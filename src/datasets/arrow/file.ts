// An Arrow file on disk, in the stream or the file format, read by positions: opening finds where its batches stand, and
// a column of a batch is read when it is asked for. Nothing of the file stays in memory but that table of places.
import { close, closeSync, fstatSync, openSync, readSync } from "node:fs";
import { FileFormatError } from "../../support/errors.js";
import { type ArrayData, arrayOf, type BatchCursor } from "./array.js";
import { TableReader } from "./flatbuffers.js";
import { cursorOf, FILE_MAGIC, type Message, PREFIX_BYTES, readFooter, readMessage, rowsOf } from "./messages.js";
import { readSchema } from "./schema.js";
import { sliceOf } from "./slice.js";
import type { ArrowSchema } from "./types.js";

/** Files that nobody can reach any more are closed, in another thread: where one was removed, its space is freed only then. */
const unreachable = new FinalizationRegistry<number>((descriptor) => close(descriptor, () => undefined));

/** Most headers are shorter: one read finds where a batch stands and what it holds. */
const HEAD_BYTES = 1024;

/** Memory for headers and single rows, which are looked at once: the next read of either overwrites it. */
const passing = Buffer.allocUnsafeSlow(64 * 1024).buffer;

/** Where the columns of a batch stand: what its header says of each, and its body. */
interface Layout {
  readonly cursors: readonly BatchCursor[];
  readonly bodyStart: number;
  readonly bodyLength: number;
}

export class ArrowFile {
  readonly path: string;
  readonly schema: ArrowSchema;
  /** Rows of each batch. */
  readonly batchRows: readonly number[];
  readonly #descriptor: number;
  readonly #size: number;
  /** Where the message of each batch begins. */
  readonly #batches: Float64Array;
  readonly #layouts = new Map<number, Layout>();
  /** The values of dictionaries by their number. */
  readonly #dictionaries = new Map<number, ArrayData>();

  /**
   * Opens a file and finds its batches.
   *
   * @throws FileFormatError where there is no file, it is not Arrow's, is cut off, compressed, or has columns of types that
   * are not supported
   */
  constructor(path: string) {
    this.path = path;
    this.#descriptor = openFile(path);
    unreachable.register(this, this.#descriptor, this);
    try {
      this.#size = fstatSync(this.#descriptor).size;
      const { schema, batches, rows } = this.#scan();
      this.schema = schema;
      this.batchRows = rows;
      this.#batches = Float64Array.from(batches);
    } catch (error) {
      unreachable.unregister(this);
      closeSync(this.#descriptor);
      throw this.#unreadable(error);
    }
  }

  /** Column `column` of batch `batch`, read from the disk. Throws FileFormatError where it is damaged. */
  read(batch: number, column: number): ArrayData {
    try {
      const { cursors, bodyStart, bodyLength } = this.#layoutOf(batch);
      return this.#column(column, cursors[column].clone(), bodyStart, bodyLength, this.batchRows[batch]);
    } catch (error) {
      throw this.#unreadable(error, this.schema.fields[column].name);
    }
  }

  /**
   * Row `row` of a column of a batch alone, as an array of one value: a few bytes are read, whatever the batch's size. The
   * array is good until the next row is read, of any file: its memory is used again.
   */
  readRow(batch: number, column: number, row: number): ArrayData {
    const field = this.schema.fields[column];
    try {
      const { cursors, bodyStart, bodyLength } = this.#layoutOf(batch);
      let used = 0;
      const read = (offset: number, length: number): Uint8Array => {
        if (offset + length > bodyLength) throw new RangeError("a buffer leads outside of its batch");
        if (used + length > passing.byteLength) return this.#bytes(bodyStart + offset, length);
        const bytes = new Uint8Array(passing, used, length);
        used += (length + 7) & ~7; // the next begins where an array of 8-byte elements may
        return this.#fill(bytes, bodyStart + offset);
      };
      return this.#withDictionary(sliceOf(field, cursors[column].clone(), read, row, row + 1));
    } catch (error) {
      throw this.#unreadable(error, field.name);
    }
  }

  /** Closes the file, which is not to be read any more. Files that nobody closes are closed when nobody can reach them. */
  close(): void {
    unreachable.unregister(this);
    closeSync(this.#descriptor);
  }

  #column(column: number, cursor: BatchCursor, bodyStart: number, bodyLength: number, rows: number): ArrayData {
    const field = this.schema.fields[column];
    const { start, end } = cursor.clone().span(field);
    if (end > bodyLength) throw new RangeError("a buffer leads outside of its batch");
    const array = arrayOf(field, cursor, this.#bytes(bodyStart + start, end - start), start);
    if (array.length !== rows)
      throw new RangeError(`there are ${array.length} values where ${rows} rows are said to be`);
    return this.#withDictionary(array);
  }

  #withDictionary(array: ArrayData): ArrayData {
    const { dictionary: needed } = array.field;
    if (needed === undefined) return array;
    const dictionary = this.#dictionaries.get(needed.id);
    if (dictionary === undefined) throw new Error(`it has no dictionary ${needed.id}`);
    return { ...array, dictionary };
  }

  /** Where the columns of a batch stand, read from its header once. */
  #layoutOf(batch: number): Layout {
    let layout = this.#layouts.get(batch);
    if (layout === undefined) {
      const { message, bodyStart } = this.#messageAt(this.#batches[batch]);
      const cursor = cursorOf(message.header);
      const cursors = this.schema.fields.map((field) => {
        const at = cursor.clone();
        cursor.skip(field);
        return at;
      });
      layout = { cursors, bodyStart, bodyLength: message.bodyLength };
      this.#layouts.set(batch, layout);
    }
    return layout;
  }

  #scan(): { schema: ArrowSchema; batches: number[]; rows: number[] } {
    const magic = new TextDecoder().decode(this.#bytes(0, Math.min(this.#size, FILE_MAGIC.length)));
    return magic === FILE_MAGIC ? this.#scanFile() : this.#scanStream();
  }

  #scanStream(): { schema: ArrowSchema; batches: number[]; rows: number[] } {
    const batches: number[] = [];
    const rows: number[] = [];
    let schema: ArrowSchema | undefined;
    for (let at = 0; at < this.#size; ) {
      if (this.#isEnd(at)) break;
      const { message, bodyStart } = this.#messageAt(at);
      if (bodyStart + message.bodyLength > this.#size) throw this.#cutOff();
      if (message.kind === "schema") {
        if (schema !== undefined) throw new Error("it has two schemas");
        schema = readSchema(message.header);
      } else if (schema === undefined) {
        throw new Error("it does not begin with a schema");
      } else if (message.kind === "dictionary") {
        this.#readDictionary(schema, message, bodyStart);
      } else {
        batches.push(at);
        rows.push(rowsOf(message.header));
      }
      at = bodyStart + message.bodyLength;
    }
    if (schema === undefined) throw new Error("it does not begin with a schema");
    return { schema, batches, rows };
  }

  #scanFile(): { schema: ArrowSchema; batches: number[]; rows: number[] } {
    const tail = FILE_MAGIC.length + 4;
    if (this.#size < 2 * tail) throw this.#cutOff();
    const end = this.#bytes(this.#size - tail, tail);
    const length = new DataView(end.buffer, end.byteOffset).getInt32(0, true);
    const isWhole = new TextDecoder().decode(end.subarray(4)) === FILE_MAGIC;
    if (!isWhole || length < 0 || length > this.#size - 2 * tail) throw this.#cutOff();
    const footer = this.#bytes(this.#size - tail - length, length);
    const places = readFooter(footer);
    const table = TableReader.root(footer).table(1);
    if (table === undefined) throw new Error("its footer has no schema");
    const schema = readSchema(table);
    const message = (at: number) => {
      const found = this.#messageAt(at);
      if (found.bodyStart + found.message.bodyLength > this.#size) throw this.#cutOff();
      return found;
    };
    for (const [offset] of places.dictionaries) {
      const found = message(offset);
      this.#readDictionary(schema, found.message, found.bodyStart);
    }
    const batches = places.batches.map(([offset]) => offset);
    return { schema, batches, rows: batches.map((offset) => rowsOf(message(offset).message.header)) };
  }

  #readDictionary(schema: ArrowSchema, { header, bodyLength }: Message, bodyStart: number): void {
    const id = header.size(0);
    const batch = header.table(1);
    const field = schema.fields.find((each) => each.dictionary?.id === id);
    if (field === undefined || batch === undefined) {
      throw new Error("it has a dictionary within a list or struct, which is not supported: decode it before writing");
    }
    if (header.bool(2) || this.#dictionaries.has(id)) {
      throw new Error(`the dictionary of column "${field.name}" changes between batches, which is not supported`);
    }
    rowsOf(batch); // refuses what cannot be read
    const { dictionary: _, ...values } = field;
    const bytes = this.#bytes(bodyStart, bodyLength);
    this.#dictionaries.set(id, arrayOf(values, cursorOf(batch), bytes, 0));
  }

  /** True where a stream says that it ends; some writers end it with the file alone. */
  #isEnd(at: number): boolean {
    if (this.#size - at < PREFIX_BYTES) throw this.#cutOff();
    const prefix = new Int32Array(this.#bytes(at, PREFIX_BYTES).slice().buffer);
    return prefix[0] === 0 || (prefix[0] === -1 && prefix[1] === 0);
  }

  #messageAt(at: number): { message: Message; bodyStart: number } {
    if (at < 0 || at + PREFIX_BYTES > this.#size) throw this.#cutOff();
    let head = this.#fill(new Uint8Array(passing, 0, Math.min(HEAD_BYTES, this.#size - at)), at);
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    const isFramed = view.getUint32(0, true) === 0xffffffff; // before Arrow 0.15 the length stood alone
    const prefix = isFramed ? PREFIX_BYTES : 4;
    const length = view.getInt32(prefix - 4, true);
    if (length <= 0) throw new Error("it holds no messages of Arrow's");
    if (at + prefix + length > this.#size) throw this.#cutOff();
    if (prefix + length > head.length) head = this.#bytes(at, prefix + length);
    return { message: readMessage(head.subarray(prefix, prefix + length)), bodyStart: at + prefix + length };
  }

  #bytes(at: number, length: number): Uint8Array {
    // Its own memory, aligned, and not filled with zeros first; no Buffer, whose slices would share it.
    return this.#fill(new Uint8Array(Buffer.allocUnsafeSlow(length).buffer), at);
  }

  /** Reads as many bytes as `bytes` holds, from `at` on. */
  #fill(bytes: Uint8Array, at: number): Uint8Array {
    const { length } = bytes;
    for (let done = 0; done < length; ) {
      const read = readSync(this.#descriptor, bytes, done, length - done, at + done);
      if (read === 0) throw this.#cutOff();
      done += read;
    }
    return bytes;
  }

  #cutOff(): Error {
    return new Error(`it is cut off: it ends after ${this.#size} bytes, in the middle of what it holds`);
  }

  #unreadable(error: unknown, column?: string): FileFormatError {
    const part = column === undefined ? "" : ` (column "${column}")`;
    const reason = error instanceof Error ? error.message : String(error);
    return new FileFormatError(
      `cannot read ${this.path}${part} as Arrow: ${reason}. If the file is damaged or incomplete, write or fetch it again`,
      { cause: error },
    );
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? `there is no file ${path}` : `cannot open ${path}: ${message}`;
    throw new FileFormatError(reason, { cause: error });
  }
}
