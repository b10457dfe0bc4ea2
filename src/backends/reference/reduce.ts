// Reductions over the middle axis of [outer, size, inner], and softmax over rows.
import type { ReduceOp, View } from "../kernels.js";
import { type FloatArray, floats, ints } from "./memory.js";

/** Largest of `size` numbers `step` apart, and where it first stands; a NaN counts as larger than any number. */
function largest(x: FloatArray, start: number, size: number, step: number): [number, number] {
  let best = x[start];
  let at = 0;
  for (let j = 1; j < size && !Number.isNaN(best); j++) {
    const value = x[start + j * step];
    if (!(value <= best)) {
      best = value;
      at = j;
    }
  }
  return [best, at];
}

export function reduce(op: ReduceOp, x: View, out: View, outer: number, size: number, inner: number): void {
  const source = floats(x, outer * size * inner);
  const target = floats(out, outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const start = o * size * inner + i;
      if (op === "max") {
        target[o * inner + i] = largest(source, start, size, inner)[0];
      } else {
        let sum = 0;
        for (let j = 0; j < size; j++) sum += source[start + j * inner];
        target[o * inner + i] = op === "mean" ? sum / size : sum;
      }
    }
  }
}

export function argmax(x: View, out: View, outer: number, size: number, inner: number): void {
  const source = floats(x, outer * size * inner);
  const target = ints(out, outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      target[o * inner + i] = largest(source, o * size * inner + i, size, inner)[1];
    }
  }
}

/** A row's largest element m and the sum of exp(x - m), in which nothing overflows: logSumExp = m + log(sum). */
export function exponentialSum(x: FloatArray, start: number, width: number): { top: number; sum: number } {
  const [top] = largest(x, start, width, 1);
  let sum = 0;
  for (let j = 0; j < width; j++) sum += Math.exp(x[start + j] - top);
  return { top, sum };
}

export function softmax(x: View, out: View, rows: number, width: number, log: boolean): void {
  const source = floats(x, rows * width);
  const target = floats(out, rows * width);
  for (let start = 0; start < rows * width; start += width) {
    const { top, sum } = exponentialSum(source, start, width);
    const logSum = Math.log(sum);
    for (let j = start; j < start + width; j++) {
      target[j] = log ? source[j] - top - logSum : Math.exp(source[j] - top) / sum;
    }
  }
}

/** softmax: dx = y * (dy - sum(dy * y)); logSoftmax: dx = dy - exp(y) * sum(dy). */
export function softmaxGradient(y: View, dy: View, dx: View, rows: number, width: number, log: boolean): void {
  const output = floats(y, rows * width);
  const gradient = floats(dy, rows * width);
  const target = floats(dx, rows * width);
  for (let start = 0; start < rows * width; start += width) {
    let sum = 0;
    for (let j = start; j < start + width; j++) sum += log ? gradient[j] : gradient[j] * output[j];
    for (let j = start; j < start + width; j++) {
      target[j] = log ? gradient[j] - Math.exp(output[j]) * sum : output[j] * (gradient[j] - sum);
    }
  }
}
