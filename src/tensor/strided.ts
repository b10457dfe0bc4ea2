// Elements read in another order or repeatedly: what permute, slice and broadcasting share. Values that the host knows
// are moved on the host as well.
import { ShapeError } from "../support/errors.js";
import { empty } from "./create.js";
import { aroundAxis, broadcastStrides, formatShape, type Shape, sizeOf, stridesOf } from "./shape.js";
import { Tensor } from "./tensor.js";

/** Kernels address tensors in at most this many dimensions. */
const mostDimensions = 8;

export function checkDimensions(op: string, shape: Shape): void {
  if (shape.length > mostDimensions) {
    throw new ShapeError(`${op}: shape ${formatShape(shape)} has more than ${mostDimensions} dimensions`);
  }
}

/** A fresh tensor of `shape` whose element at an index is x's at the sum of index * stride, in elements. */
export function strided(op: string, x: Tensor, shape: Shape, strides: readonly number[], offset = 0): Tensor {
  checkDimensions(op, shape);
  const out = empty(shape, x.dtype, x.backend);
  const from = { buffer: x.buffer, offset: x.offset + offset };
  x.backend.kernels.copy(from, strides, out, stridesOf(shape), shape);
  return x.host ? withHost(out, stridedValues(x.host, shape, strides, offset)) : out;
}

/** The elements start ... start + size - 1 of an axis: x's own memory where they are contiguous there, else a copy. */
export function range(op: string, x: Tensor, axis: number, start: number, size: number): Tensor {
  const shape = x.shape.with(axis, size);
  const strides = stridesOf(x.shape);
  const offset = start * strides[axis];
  return aroundAxis(x.shape, axis).outer === 1 ? x.alias(shape, offset) : strided(op, x, shape, strides, offset);
}

/** x repeated to a shape that its own broadcasts to. */
export function expand(op: string, x: Tensor, shape: Shape): Tensor {
  return strided(op, x, shape, broadcastStrides(x.shape, shape));
}

/** The elements of x with `axis` and the last axis exchanged; x itself where they are the same. */
export function swapWithLast(op: string, x: Tensor, axis: number): Tensor {
  const last = x.rank - 1;
  if (axis === last) return x;
  const swap = (list: readonly number[]): number[] => [...list].with(axis, list[last]).with(last, list[axis]);
  return strided(op, x, swap(x.shape), swap(stridesOf(x.shape)));
}

/** The same memory with values that the host knows. */
export function withHost(tensor: Tensor, host: Int32Array): Tensor {
  return new Tensor(tensor.storage.retain(), tensor.shape, { offset: tensor.offset, host });
}

/** What a strided copy does, on the host. */
export function stridedValues(values: Int32Array, shape: Shape, strides: readonly number[], offset = 0): Int32Array {
  const out = new Int32Array(sizeOf(shape));
  for (let at = 0; at < out.length; at++) {
    let from = offset;
    for (let d = shape.length - 1, rest = at; d >= 0; rest = Math.floor(rest / shape[d]), d--) {
      from += (rest % shape[d]) * strides[d];
    }
    out[at] = values[from];
  }
  return out;
}
