// Parquet's hybrid of runs (Encodings.md): repeated values and bit-packed ones in turn, for levels and for indices into
// dictionaries.
import { byteRoutines } from "../../backends/native/bytes.js";
import { damagedPage } from "./pages.js";

const MOST_BITS = 24; // of a value that is read together with what is left of the byte before

/**
 * Decodes the first `count` values of `width` bits each into `out`.
 *
 * @throws Error where the runs end before them
 */
export function decodeRuns(bytes: Uint8Array, width: number, count: number, out: Int32Array | Uint8Array): void {
  const routines = width <= MOST_BITS && out instanceof Int32Array ? byteRoutines() : undefined;
  if (routines !== undefined && out instanceof Int32Array) {
    if (routines.takeRuns(bytes, width, out.subarray(0, count)) === 0) throw damagedPage();
    return;
  }
  let at = 0;
  for (let seen = 0; seen < count; ) {
    const header = varInt(bytes, at);
    at = header.end;
    if ((header.value & 1) === 1) {
      const packed = (header.value >>> 1) * 8;
      const taken = Math.min(packed, count - seen);
      if (at + Math.ceil((taken * width) / 8) > bytes.length) throw damagedPage();
      unpackBits(bytes, at, width, out, seen, taken);
      at += (packed / 8) * width;
      seen += taken;
      if (taken === 0) continue;
    } else {
      const run = Math.min(header.value >>> 1, count - seen);
      let value = 0;
      for (let shift = 0; shift < width; shift += 8) value |= bytes[at++] << shift;
      if (at > bytes.length) throw damagedPage();
      out.fill(value, seen, seen + run);
      seen += run;
    }
  }
}

/** Whether the first run alone says that all of `count` values, of one bit each, are 1: the common case, told fast. */
export function areAllOnes(bytes: Uint8Array, count: number): boolean {
  if (bytes.length === 0) return false;
  const { value, end } = varInt(bytes, 0);
  return (value & 1) === 0 && value >>> 1 >= count && bytes[end] === 1;
}

function varInt(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start, shift = 0; shift < 35; at++, shift += 7) {
    if (at >= bytes.length) throw damagedPage();
    value |= (bytes[at] & 0x7f) << shift;
    if (bytes[at] < 0x80) return { value, end: at + 1 };
  }
  throw damagedPage();
}

/** Values that stand bit behind bit, the lowest first. */
function unpackBits(
  bytes: Uint8Array,
  start: number,
  width: number,
  out: Int32Array | Uint8Array,
  from: number,
  count: number,
): void {
  if (width > MOST_BITS) {
    for (let i = 0; i < count; i++) out[from + i] = wideValue(bytes, 8 * start + i * width, width);
    return;
  }
  const mask = 2 ** width - 1;
  let at = start;
  let bits = 0; // those read and not yet used
  let held = 0; // how many they are
  for (let i = from; i < from + count; i++) {
    for (; held < width; held += 8) bits |= bytes[at++] << held;
    out[i] = bits & mask;
    bits >>>= width;
    held -= width;
  }
}

/** The value of more bits than an integer of JavaScript holds beside what is left of the byte before. */
function wideValue(bytes: Uint8Array, firstBit: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) {
    const bit = firstBit + i;
    value |= ((bytes[bit >> 3] >> (bit & 7)) & 1) << i;
  }
  return value;
}
