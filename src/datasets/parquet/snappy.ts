// Decompresses Snappy's raw format, Parquet's usual codec (google/snappy, format_description.txt). It stands in for
// hyparquet's own decoder, which a damaged length can send round in circles.
import { byteRoutines } from "../../backends/native/bytes.js";

/** Up to so many bytes are copied as so many, whatever of them is asked for: a loop's last turn is what takes time. */
const SHORT = 16;

/** Unpacks what fills `output`, which it returns. Throws an Error where the stream is damaged or holds another number of bytes. */
export function unpackSnappy(input: Uint8Array, output: Uint8Array): Uint8Array {
  const routines = byteRoutines();
  if (routines === undefined) output.set(unpacked(input, output.length));
  else if (routines.unpackSnappy(input, output) === 0) throw damaged();
  return output;
}

function unpacked(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length + SHORT);
  const read = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const write = new DataView(output.buffer);
  let from = preambleEnd(input);
  let to = 0;
  while (from < input.length) {
    const tag = input[from++];
    const kind = tag & 3;
    let size = 1 + (tag >>> 2);
    if (kind === 0) {
      // a literal: its size is in the tag, or from 61 on in the next one to four bytes
      if (size > 60) {
        const width = size - 60;
        size = 1 + littleEndian(input, from, width);
        from += width;
      }
      if (!(from + size <= input.length && to + size <= length)) throw damaged();
      if (from + size + SHORT > input.length || size > 64) output.set(input.subarray(from, from + size), to);
      else if (size <= SHORT) copyShort(read, from, write, to, size);
      else for (let i = 0; i < size; i += 4) write.setInt32(to + i, read.getInt32(from + i, true), true);
      from += size;
    } else {
      // a copy of earlier output: size and distance back, in three forms
      let distance: number;
      if (kind === 1) {
        size = 4 + ((tag >>> 2) & 7);
        distance = ((tag >>> 5) << 8) | input[from];
        from += 1;
      } else if (kind === 2) {
        distance = input[from] | (input[from + 1] << 8);
        from += 2;
      } else {
        distance = littleEndian(input, from, 4);
        from += 4;
      }
      if (!(from <= input.length && distance > 0 && distance <= to && to + size <= length)) throw damaged();
      // it may read what it has just written, if not in the same word
      if (distance >= SHORT && size <= SHORT) copyShort(write, to - distance, write, to, size);
      else if (distance < 4) for (let i = 0; i < size; i++) output[to + i] = output[to + i - distance];
      else for (let i = 0; i < size; i += 4) write.setInt32(to + i, write.getInt32(to + i - distance, true), true);
    }
    to += size;
  }
  if (to !== length) throw damaged();
  return output.subarray(0, length);
}

/** Copies `size` bytes, at most SHORT, and what follows them. */
function copyShort(read: DataView, from: number, write: DataView, to: number, size: number): void {
  write.setInt32(to, read.getInt32(from, true), true);
  write.setInt32(to + 4, read.getInt32(from + 4, true), true);
  if (size <= 8) return;
  write.setInt32(to + 8, read.getInt32(from + 8, true), true);
  write.setInt32(to + 12, read.getInt32(from + 12, true), true);
}

/** The position after the uncompressed length, which Parquet's page header states too. */
function preambleEnd(input: Uint8Array): number {
  const last = input.findIndex((byte) => byte < 0x80);
  if (last < 0 || last > 4) throw damaged();
  return last + 1;
}

/** The unsigned number in `width` bytes; NaN where the input ends before them. */
function littleEndian(input: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + input[at + i];
  return value;
}

function damaged(): Error {
  return new Error("its Snappy-compressed data is damaged");
}
