// What elementwise ops of two operands share: numbers as operands, broadcasting forward, and its reverse.
import type { BinaryOp } from "../backends/kernels.js";
import { ShapeError } from "../support/errors.js";
import { full } from "./create.js";
import type { OpRun } from "./op.js";
import { broadcastShapes, broadcastStrides, formatShape, type Shape, sameShape, sizeOf } from "./shape.js";
import { Storage } from "./storage.js";
import { Tensor } from "./tensor.js";

/** A tensor, or a number that stands for a scalar of the other operand's dtype. */
export type Operand = Tensor | number;

export function operand(run: OpRun, like: Tensor, value: Operand): Tensor {
  return typeof value === "number" ? full([], value, like.dtype, run.backend) : value;
}

const comparisons: ReadonlySet<BinaryOp> = new Set<BinaryOp>(["eq", "ne", "lt", "le", "gt", "ge"]);

/** Runs the kernel on broadcast operands into a fresh tensor. Throws ShapeError on shapes or dtypes that do not fit. */
export function binaryOutput(run: OpRun, op: BinaryOp, a: Tensor, b: Tensor): Tensor {
  if (a.dtype !== b.dtype || (a.dtype !== "float32" && a.dtype !== "int32")) {
    throw new ShapeError(
      `${op}: operands are ${a.dtype} ${formatShape(a.shape)} and ${b.dtype} ${formatShape(b.shape)}; cast() them to one of float32 and int32`,
    );
  }
  const shape = broadcastShapes(op, a.shape, b.shape);
  const out = run.empty(shape, comparisons.has(op) ? "int32" : a.dtype);
  run.kernels.binary(op, a, broadcastStrides(a.shape, shape), b, broadcastStrides(b.shape, shape), out, shape);
  return out;
}

/** Sums a gradient over the dimensions along which a tensor of shape `to` was broadcast. */
export function sumTo(dy: Tensor, to: Shape): Tensor {
  if (sameShape(dy.shape, to)) return dy;
  const { kernels } = dy.backend;
  const lead = dy.shape.length - to.length;
  let current = dy;
  let shape = [...dy.shape];
  for (let axis = 0; axis < dy.shape.length; axis++) {
    const kept = axis < lead ? 1 : to[axis - lead];
    if (shape[axis] === kept) continue;
    const outer = sizeOf(shape.slice(0, axis));
    const inner = sizeOf(shape.slice(axis + 1));
    const size = shape[axis];
    shape = shape.with(axis, 1);
    const out = new Tensor(new Storage(dy.backend, "float32", sizeOf(shape)), shape);
    kernels.reduce("sum", current, out, outer, size, inner);
    current = out;
  }
  return current.alias(to);
}
