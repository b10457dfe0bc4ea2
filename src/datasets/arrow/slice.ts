// A few rows of a column of a batch, of which only the bytes that they take are read: what random access over a dataset
// larger than memory needs. And rows of an array in memory, without a copy.
import { isUtf8 } from "node:buffer";
import { byteRoutines } from "../../backends/native/bytes.js";
import { type ArrayData, arrayOf, type BatchCursor, isSet, NO_BYTES, widthOf, withoutBuffers } from "./array.js";
import type { ArrowField } from "./types.js";

/** Reads `length` bytes of the batch's body. */
type Read = (offset: number, length: number) => Uint8Array;

/**
 * Rows `start` to `end` - 1 of a column.
 *
 * @throws RangeError or Error, with the reason, where lengths or offsets contradict each other
 */
export function sliceOf(field: ArrowField, cursor: BatchCursor, read: Read, start: number, end: number): ArrayData {
  const { type } = field;
  if ("form" in type && type.form === "view" && field.dictionary === undefined) {
    const { start: from, end: to } = cursor.clone().span(field); // views point anywhere in their data
    const whole = arrayOf(field, cursor, read(from, to - from), from);
    return {
      ...whole,
      length: end - start,
      values: whole.values.subarray(16 * start, 16 * end),
      ...validityOf(whole, start, end),
    };
  }
  const length = end - start;
  const { length: rows, nullCount } = cursor.node();
  if (end > rows) throw new RangeError(`there are ${rows} values where row ${end - 1} is read`);
  const none = withoutBuffers(field, length, 0);
  if (type.kind === "null" && field.dictionary === undefined) return { ...none, nullCount: length };
  const bits = cursor.buffer();
  const base = nullCount > 0 ? { ...none, ...bitsOf(read, bits, start, end) } : none;

  const width = widthOf(field);
  if (width !== undefined) return { ...base, values: part(read, cursor.buffer(), start * width, end * width) };
  switch (type.kind) {
    case "bool":
      return { ...base, values: bitsOf(read, cursor.buffer(), start, end).validity };
    case "utf8":
    case "binary": {
      const { offsets, from, to } = offsetsOf(read, cursor.buffer(), start, end, type.form === "large");
      const values = part(read, cursor.buffer(), from, to);
      if (type.kind === "utf8" && !isUtf8(values)) throw new Error("text that is not UTF-8");
      return { ...base, offsets, values };
    }
    case "list": {
      const { offsets, from, to } = offsetsOf(read, cursor.buffer(), start, end, type.large);
      return { ...base, offsets, children: [sliceOf(field.children[0], cursor, read, from, to)] };
    }
    case "fixedList": {
      const child = sliceOf(field.children[0], cursor, read, start * type.size, end * type.size);
      return { ...base, children: [child] };
    }
    case "struct":
      return { ...base, children: field.children.map((child) => sliceOf(child, cursor, read, start, end)) };
    default:
      throw new Error(`a ${type.kind} cannot be read`);
  }
}

type Place = { readonly offset: number; readonly length: number };

/** Bytes `from` to `to` - 1 of a buffer. */
function part(read: Read, { offset, length }: Place, from: number, to: number): Uint8Array {
  if (to > length) throw new RangeError(`a buffer ends after ${length} bytes, where ${to} are needed`);
  return from === to ? NO_BYTES : read(offset + from, to - from);
}

/** Bits `start` to `end` - 1 of a bitmap, from bit 0 on, and how many of them are 0. */
function bitsOf(read: Read, place: Place, start: number, end: number): { validity: Uint8Array; nullCount: number } {
  const bytes = part(read, place, start >> 3, (end + 7) >> 3);
  return shifted(bytes, start & 7, end - start);
}

function shifted(bytes: Uint8Array, first: number, length: number): { validity: Uint8Array; nullCount: number } {
  const validity = new Uint8Array((length + 7) >> 3);
  let nullCount = 0;
  for (let i = 0; i < length; i++) {
    if (isSet(bytes, first + i)) validity[i >> 3] |= 1 << (i & 7);
    else nullCount++;
  }
  return { validity, nullCount };
}

function validityOf({ validity }: ArrayData, start: number, end: number): Partial<ArrayData> {
  return validity === undefined ? {} : shifted(validity, start, end - start);
}

/** The offsets of rows, from 0 on, and the span that they stand for. */
function offsetsOf(
  read: Read,
  place: Place,
  start: number,
  end: number,
  large: boolean,
): { offsets: Int32Array; from: number; to: number } {
  const count = end - start + 1;
  const bytes = part(read, place, start * (large ? 8 : 4), (end + 1) * (large ? 8 : 4));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offsets = new Int32Array(count);
  let from = 0;
  let to = 0;
  for (let i = 0; i < count; i++) {
    const offset = large ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true);
    if (offset < to) throw new RangeError(`offset ${start + i} is ${offset}, less than the one before`);
    if (i === 0) from = offset;
    offsets[i] = offset - from;
    to = offset;
  }
  return { offsets, from, to };
}

/** Values `start` to `end` - 1 of an array, in its memory; undefined where that is nested, or values are elsewhere. */
export function partOf(array: ArrayData, start: number, end: number): ArrayData | undefined {
  const { field, values, offsets } = array;
  const { type } = field;
  if (field.dictionary !== undefined || type.kind === "null") return undefined;
  const valid = validityOf(array, start, end);
  const part = { ...withoutBuffers(field, end - start, 0), ...valid };
  if (valid.nullCount === 0) part.validity = undefined;
  const width = widthOf(field);
  if (width !== undefined) return { ...part, values: values.subarray(start * width, end * width) };
  if (type.kind === "bool") return { ...part, values: shifted(values, start, end - start).validity };
  if (offsets === undefined || !("form" in type) || type.form === "view") return undefined;
  const ends = rebased(offsets.subarray(start, end + 1));
  return { ...part, offsets: ends, values: values.subarray(offsets[start], offsets[end]) };
}

/** The offsets from 0 on. */
function rebased(offsets: Int32Array): Int32Array {
  if (offsets[0] === 0) return offsets;
  const routines = byteRoutines();
  const based = new Int32Array(offsets.length);
  if (routines !== undefined) routines.rebase(offsets, based);
  else for (let i = 0; i < based.length; i++) based[i] = offsets[i] - offsets[0];
  return based;
}
