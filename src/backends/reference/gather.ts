// Kernels that pick and add by index: rows of a table, segments of rows, elements along an axis.
import { DeviceError } from "../../support/errors.js";
import type { View } from "../kernels.js";
import { elements, floats, ints, rounding } from "./memory.js";

function checkIndex(index: number, size: number, position: number, of: string): void {
  if (!(index >= 0 && index < size)) {
    throw new DeviceError(`index ${index} at position ${position} is outside ${of} ${size}`);
  }
}

export function gatherRows(table: View, tableRows: number, ids: View, out: View, rows: number, width: number): void {
  const source = floats(table, tableRows * width);
  const index = ints(ids, rows);
  const target = floats(out, rows * width);
  for (let r = 0; r < rows; r++) {
    const id = index[r];
    checkIndex(id, tableRows, r, "the rows of a table of");
    target.set(source.subarray(id * width, (id + 1) * width), r * width);
  }
}

export function scatterAddRows(x: View, ids: View, out: View, outRows: number, rows: number, width: number): void {
  const source = floats(x, rows * width);
  const index = ints(ids, rows);
  const target = floats(out, outRows * width);
  for (let r = 0; r < rows; r++) {
    checkIndex(index[r], outRows, r, "the rows of an output of");
    const start = index[r] * width;
    for (let j = 0; j < width; j++) target[start + j] += source[r * width + j];
  }
}

export function sumRowSegments(x: View, order: View, starts: View, out: View, segments: number, width: number): void {
  const bounds = ints(starts, segments + 1);
  const rowOf = ints(order, bounds[segments]);
  const target = floats(out, segments * width);
  let rows = 0;
  for (const row of rowOf) rows = Math.max(rows, row + 1);
  const source = floats(x, rows * width);
  const sums = new Float64Array(width);
  for (let s = 0; s < segments; s++) {
    sums.fill(0);
    for (let i = bounds[s]; i < bounds[s + 1]; i++) {
      const start = rowOf[i] * width;
      for (let j = 0; j < width; j++) sums[j] += source[start + j];
    }
    target.set(sums, s * width);
  }
}

export function gather(
  x: View,
  index: View,
  out: View,
  outer: number,
  size: number,
  count: number,
  inner: number,
): void {
  const source = elements(x, outer * size * inner);
  const indices = ints(index, outer * count * inner);
  const target = elements(out, outer * count * inner);
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < count; j++) {
      for (let i = 0; i < inner; i++) {
        const at = (o * count + j) * inner + i;
        checkIndex(indices[at], size, at, "an axis of size");
        target[at] = source[(o * size + indices[at]) * inner + i];
      }
    }
  }
}

export function scatterAdd(
  x: View,
  index: View,
  out: View,
  outer: number,
  size: number,
  count: number,
  inner: number,
): void {
  const source = elements(x, outer * count * inner);
  const indices = ints(index, outer * count * inner);
  const target = elements(out, outer * size * inner);
  const round = rounding(out.buffer.dtype);
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < count; j++) {
      for (let i = 0; i < inner; i++) {
        const at = (o * count + j) * inner + i;
        checkIndex(indices[at], size, at, "an axis of size");
        const to = (o * size + indices[at]) * inner + i;
        const sum = target[to] + source[at];
        target[to] = round ? round(sum) : sum;
      }
    }
  }
}
