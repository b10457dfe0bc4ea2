// Arrays as Arrow lays them out: a length, a bitmap of what is not null, and buffers by the type. Those of a batch's body
// are made here, with every length and offset checked, so that whoever reads values needs no checks.
import { isUtf8 } from "node:buffer";
import type { ArrowField } from "./types.js";

/** Values of one field in Arrow's layout. */
export interface ArrayData {
  readonly field: ArrowField;
  readonly length: number;
  readonly nullCount: number;
  /** A bit for each value, 0 for null; undefined where none is null. */
  readonly validity: Uint8Array | undefined;
  /** Where each value begins in `values` or in the child, and where the last ends; of lists and of text and bytes. */
  readonly offsets: Int32Array | undefined;
  /** The values, or the bytes that offsets or views point into, aligned to 8; views are the values of a view array. */
  readonly values: Uint8Array;
  /** The bytes that views point into. */
  readonly data: readonly Uint8Array[];
  readonly children: readonly ArrayData[];
  /** What the values, which are indices, point into; of columns written with a dictionary. */
  readonly dictionary?: ArrayData;
}

/** A column of `length` rows before its buffers are known. */
export function withoutBuffers(field: ArrowField, length: number, nullCount: number): ArrayData {
  return {
    ...{ field, length, nullCount },
    ...{ validity: undefined, offsets: undefined, values: NO_BYTES, data: [], children: [] },
  };
}

export const NO_BYTES = new Uint8Array(0);

/** The parts of a record batch's header that describe one column, to be taken one after another. */
export class BatchCursor {
  readonly #nodes: Float64Array; // [length, null count] of each array
  readonly #buffers: Float64Array; // [offset, length] of each buffer
  readonly #viewBuffers: Float64Array; // the number of data buffers of each view array
  #node = 0;
  #buffer = 0;
  #view = 0;

  constructor(nodes: Float64Array, buffers: Float64Array, viewBuffers: Float64Array) {
    this.#nodes = nodes;
    this.#buffers = buffers;
    this.#viewBuffers = viewBuffers;
  }

  node(): { length: number; nullCount: number } {
    const at = 2 * this.#node++;
    if (at >= this.#nodes.length) throw new RangeError("a batch has fewer arrays than the schema has");
    return { length: this.#nodes[at], nullCount: this.#nodes[at + 1] };
  }

  buffer(): { offset: number; length: number } {
    const at = 2 * this.#buffer++;
    if (at >= this.#buffers.length) throw new RangeError("a batch has fewer buffers than the schema asks for");
    return { offset: this.#buffers[at], length: this.#buffers[at + 1] };
  }

  viewBufferCount(): number {
    return this.#viewBuffers[this.#view++] ?? 0;
  }

  /** Passes over a column that is not read. */
  skip(field: ArrowField): void {
    walkBuffers(field, this, () => undefined);
  }

  /** The span of the body in which all buffers of `field` stand. The cursor passes over the column. */
  span(field: ArrowField): { start: number; end: number } {
    let start = Number.POSITIVE_INFINITY;
    let end = 0;
    walkBuffers(field, this, ({ offset, length }) => {
      if (length === 0) return;
      start = Math.min(start, offset);
      end = Math.max(end, offset + length);
    });
    return start > end ? { start: 0, end: 0 } : { start, end };
  }

  clone(): BatchCursor {
    const copy = new BatchCursor(this.#nodes, this.#buffers, this.#viewBuffers);
    copy.#node = this.#node;
    copy.#buffer = this.#buffer;
    copy.#view = this.#view;
    return copy;
  }
}

type Visit = (buffer: { offset: number; length: number }) => void;

/** Visits the buffers of a field and its children in their order. */
function walkBuffers(field: ArrowField, cursor: BatchCursor, visit: Visit): void {
  cursor.node();
  if (field.dictionary !== undefined) {
    visit(cursor.buffer());
    visit(cursor.buffer());
    return;
  }
  const { type } = field;
  if (type.kind === "null") return;
  visit(cursor.buffer()); // validity
  if (type.kind === "utf8" || type.kind === "binary") {
    visit(cursor.buffer());
    const data = type.form === "view" ? cursor.viewBufferCount() : 1;
    for (let i = 0; i < data; i++) visit(cursor.buffer());
  } else if (type.kind !== "struct" && type.kind !== "fixedList") {
    visit(cursor.buffer());
  }
  for (const child of field.children) walkBuffers(child, cursor, visit);
}

/** Bytes of one value of a type of fixed width; undefined for other types. */
export function widthOf({ type, dictionary }: ArrowField): number | undefined {
  const scalar = dictionary?.index ?? type;
  switch (scalar.kind) {
    case "int":
    case "float":
    case "decimal":
    case "date":
    case "time":
      return scalar.bits / 8;
    case "timestamp":
    case "duration":
      return 8;
    case "fixedBinary":
      return scalar.bytes;
    default:
      return undefined;
  }
}

/**
 * One column of a batch; `bytes` are the body's, of which the column's span begins at `start`.
 *
 * @throws RangeError or Error, with the reason, where lengths or offsets contradict each other or text is not UTF-8
 */
export function arrayOf(field: ArrowField, cursor: BatchCursor, bytes: Uint8Array, start: number): ArrayData {
  const take = ({ offset, length }: { offset: number; length: number }): Uint8Array => {
    const from = offset - start;
    if (length === 0) return NO_BYTES;
    if (from < 0 || from + length > bytes.length) throw new RangeError("a buffer leads outside of its batch");
    return aligned(bytes.subarray(from, from + length));
  };
  const { length, nullCount } = cursor.node();
  const { type } = field;
  const none = withoutBuffers(field, length, nullCount);
  if (type.kind === "null" && field.dictionary === undefined) return { ...none, nullCount: length };
  const bits = take(cursor.buffer());
  if (nullCount > length) throw new RangeError(`${nullCount} of ${length} values are said to be null`);
  const validity = nullCount > 0 ? atLeast(bits, Math.ceil(length / 8), "the bitmap of nulls") : undefined;
  const base = { ...none, validity };

  const width = widthOf(field);
  if (width !== undefined) return { ...base, values: atLeast(take(cursor.buffer()), length * width, "the values") };
  switch (type.kind) {
    case "bool":
      return { ...base, values: atLeast(take(cursor.buffer()), Math.ceil(length / 8), "the values") };
    case "utf8":
    case "binary": {
      const first = take(cursor.buffer());
      if (type.form === "view") {
        const data = Array.from({ length: cursor.viewBufferCount() }, () => take(cursor.buffer()));
        return checkViews({ ...base, values: atLeast(first, 16 * length, "the views"), data });
      }
      const values = take(cursor.buffer());
      const offsets = offsetsOf(first, length, type.form === "large", values.length);
      if (type.kind === "utf8") checkText(values.subarray(offsets[0], offsets[length]), offsets);
      return { ...base, offsets, values };
    }
    case "list": {
      const bytesOfOffsets = take(cursor.buffer());
      const child = arrayOf(field.children[0], cursor, bytes, start);
      return { ...base, offsets: offsetsOf(bytesOfOffsets, length, type.large, child.length), children: [child] };
    }
    case "fixedList": {
      const child = arrayOf(field.children[0], cursor, bytes, start);
      if (child.length < length * type.size) throw new RangeError("a list of fixed size has too few elements");
      return { ...base, children: [child] };
    }
    case "struct": {
      const children = field.children.map((each) => arrayOf(each, cursor, bytes, start));
      if (children.some((child) => child.length < length))
        throw new RangeError("a struct's fields have too few values");
      return { ...base, children };
    }
    default:
      throw new Error(`a ${type.kind} cannot be read`);
  }
}

/** Bytes that begin where an array of 8-byte elements may: those of foreign writers may not. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
}

function atLeast(bytes: Uint8Array, length: number, what: string): Uint8Array {
  if (bytes.length >= length) return bytes;
  throw new RangeError(`${what} take ${bytes.length} bytes, where ${length} are needed`);
}

/** Offsets as 32-bit integers, which ascend and stay within `limit`. */
function offsetsOf(bytes: Uint8Array, length: number, large: boolean, limit: number): Int32Array {
  if (length === 0 && bytes.length === 0) return new Int32Array(1);
  atLeast(bytes, (length + 1) * (large ? 8 : 4), "the offsets");
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, (length + 1) * (large ? 2 : 1));
  const offsets = large ? Int32Array.from({ length: length + 1 }, (_, i) => words[2 * i]) : words;
  let before = 0;
  for (let i = 0; i <= length; i++) {
    const offset = offsets[i];
    if (offset < before || offset > limit || (large && words[2 * i + 1] !== 0)) {
      throw new RangeError(`offset ${i} is ${offset}, outside of ${before} to ${limit}`);
    }
    before = offset;
  }
  return offsets;
}

/** Text is UTF-8, and no offset points into the middle of a character. */
function checkText(text: Uint8Array, offsets: Int32Array): void {
  if (!isUtf8(text)) throw new Error("text that is not UTF-8");
  for (let i = 0; i < offsets.length - 1; i++) {
    const byte = text[offsets[i] - offsets[0]];
    if ((byte & 0xc0) === 0x80) throw new Error("text that is cut within a character");
  }
}

function checkViews(array: ArrayData): ArrayData {
  const { values, data, length, validity, field } = array;
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  for (let i = 0; i < length; i++) {
    if (validity !== undefined && !isSet(validity, i)) continue;
    const bytes = bytesOfView(view, data, i);
    if (bytes === undefined) throw new RangeError(`view ${i} leads outside of its data`);
    if (field.type.kind === "utf8" && !isUtf8(bytes)) throw new Error("text that is not UTF-8");
  }
  return array;
}

/** The bytes that view `i` stands for; undefined where it leads outside of its data. */
export function bytesOfView(views: DataView, data: readonly Uint8Array[], i: number): Uint8Array | undefined {
  const at = 16 * i;
  const length = views.getInt32(at, true);
  if (length < 0) return undefined;
  if (length <= 12) return new Uint8Array(views.buffer, views.byteOffset + at + 4, length); // the value itself
  const buffer = data[views.getInt32(at + 8, true)];
  const offset = views.getInt32(at + 12, true);
  if (buffer === undefined || offset < 0 || offset + length > buffer.length) return undefined;
  return buffer.subarray(offset, offset + length);
}

/** Bit `i` of a bitmap. */
export function isSet(bits: Uint8Array, i: number): boolean {
  return ((bits[i >> 3] >> (i & 7)) & 1) === 1;
}

/** True where value `i` is null. */
export function isNull({ validity, field, nullCount, length }: ArrayData, i: number): boolean {
  if (validity !== undefined) return !isSet(validity, i);
  return field.type.kind === "null" && nullCount === length;
}

/** Bytes that an array takes in memory, roughly: what a cache counts. */
export function sizeOf(array: ArrayData): number {
  const own = array.values.length + (array.offsets?.byteLength ?? 0) + (array.validity?.length ?? 0);
  return (
    own +
    array.data.reduce((sum, bytes) => sum + bytes.length, 0) +
    array.children.reduce((sum, child) => sum + sizeOf(child), 0)
  );
}
