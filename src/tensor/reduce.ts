// What reductions share: which axes, in which order, and the shape that is left.
import type { ReduceOp } from "../backends/kernels.js";
import { ShapeError } from "../support/errors.js";
import { empty } from "./create.js";
import { resolveAxis, type Shape, sizeOf } from "./shape.js";
import type { Tensor } from "./tensor.js";

export interface ReduceOptions {
  /** Leave the reduced axes in the shape, with size 1. Default false. */
  readonly keepdim?: boolean;
}

/** The axes as ascending numbers from 0; all of them by default. Throws ShapeError naming `op`. */
export function resolveAxes(op: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const resolved = (typeof axes === "number" ? [axes] : axes).map((axis) => resolveAxis(op, axis, rank));
  if (new Set(resolved).size !== resolved.length) throw new ShapeError(`${op}: an axis occurs twice in [${axes}]`);
  return resolved.sort((a, b) => a - b);
}

/** Reduces ascending axes, which stay with size 1. */
export function reduceAxes(op: ReduceOp, x: Tensor, axes: readonly number[]): Tensor {
  const shape = [...x.shape];
  let current = x;
  for (let end = axes.length; end > 0; ) {
    // neighbours are one axis
    let start = end - 1;
    while (start > 0 && axes[start - 1] === axes[start] - 1) start--;
    const [first, last] = [axes[start], axes[end - 1]];
    const outer = sizeOf(shape.slice(0, first));
    const size = sizeOf(shape.slice(first, last + 1));
    const inner = sizeOf(shape.slice(last + 1));
    shape.fill(1, first, last + 1);
    const out = empty([...shape], "float32", x.backend);
    x.backend.kernels.reduce(op, current, out, outer, size, inner);
    current = out;
    end = start;
  }
  return current;
}

/** The shape without the reduced axes, or with them as 1. */
export function reducedShape(shape: Shape, axes: readonly number[], { keepdim = false }: ReduceOptions): number[] {
  if (keepdim) return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return shape.filter((_, axis) => !axes.includes(axis));
}
