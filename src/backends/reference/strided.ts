// Walking several strided tensors of one shape at once, a row (the innermost dimension) at a time.

/** Strides of a contiguous tensor, in elements. */
export function contiguous(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}

/** Elements that a strided tensor spans in its buffer. */
export function stridedSpan(shape: readonly number[], strides: readonly number[]): number {
  let last = 0;
  for (let d = 0; d < shape.length; d++) {
    if (shape[d] === 0) return 0;
    last += (shape[d] - 1) * strides[d];
  }
  return last + 1;
}

/**
 * Calls `row(starts, width, steps)` for every innermost row, in row-major order: operand t's elements are at
 * starts[t] + i * steps[t] for i < width. Both arrays are reused from call to call.
 */
export function forEachRow(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  row: (starts: readonly number[], width: number, steps: readonly number[]) => void,
): void {
  if (shape.includes(0)) return;
  const outer = Math.max(shape.length - 1, 0); // dimensions that the odometer turns
  const width = shape.length === 0 ? 1 : shape[outer];
  const steps = strides.map((s) => (shape.length === 0 ? 0 : s[outer]));
  const starts = strides.map(() => 0);
  const index = new Array<number>(outer).fill(0);
  for (;;) {
    row(starts, width, steps);
    let d = outer - 1;
    for (; d >= 0; d--) {
      index[d]++;
      for (let t = 0; t < strides.length; t++) starts[t] += strides[t][d];
      if (index[d] < shape[d]) break;
      for (let t = 0; t < strides.length; t++) starts[t] -= shape[d] * strides[t][d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}
