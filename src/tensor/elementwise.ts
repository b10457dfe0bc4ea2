// What elementwise ops share: one operand through a kernel and its gradient; of two operands numbers as operands,
// broadcasting forward, and its reverse.
import type { BinaryOp, UnaryOp } from "../backends/kernels.js";
import { ShapeError } from "../support/errors.js";
import { full } from "./create.js";
import type { Forward, OpRun } from "./op.js";
import { reduceAxes } from "./reduce.js";
import { broadcastShapes, broadcastStrides, formatShape, type Shape, sameShape } from "./shape.js";
import { checkDimensions, stridedValues, withHost } from "./strided.js";
import type { Tensor } from "./tensor.js";

/** Throws ShapeError, naming `op`, for a tensor of another dtype than float32. */
export function checkFloat32(op: string, ...tensors: readonly Tensor[]): void {
  for (const { dtype, shape } of tensors) {
    if (dtype !== "float32") {
      throw new ShapeError(`${op}: ${dtype} operand of shape ${formatShape(shape)}; cast() it to float32`);
    }
  }
}

/**
 * y = kernel(x), elementwise, and its gradient.
 * @param keep What the derivative is computed from, and so is kept for backward.
 */
export function unaryForward(
  run: OpRun,
  kernel: UnaryOp,
  x: Tensor,
  keep: "input" | "output" | "nothing",
  p0?: number,
  p1?: number,
): Forward {
  checkFloat32(kernel, x);
  const y = run.empty(x.shape);
  run.kernels.unary(kernel, x, y, x.size, p0, p1);
  const saved = keep === "nothing" ? undefined : run.save(keep === "input" ? x : y);
  return {
    output: y,
    inputs: [x],
    gradient: (dy) => {
      const dx = run.empty(dy.shape);
      const kept = saved ? saved.tensor : dy; // the kernel takes both and reads the one that it needs
      run.kernels.unaryGradient(kernel, kept, kept, dy, dx, dy.size, p0, p1);
      return [dx];
    },
  };
}

/** A tensor, or a number that stands for a scalar of the other operand's dtype. */
export type Operand = Tensor | number;

export function operand(run: OpRun, op: string, like: Tensor, value: Operand): Tensor {
  if (typeof value !== "number") return value;
  if (like.dtype === "int32" && (value | 0) !== value) {
    throw new ShapeError(`${op}: ${value} is no int32, as the other operand is; cast() that to float32`);
  }
  return full([], value, like.dtype, run.backend);
}

/** On int32, as the kernels do it: what the host knows of both operands, it knows of the result. */
const integerFunctions: Partial<Record<BinaryOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: Math.imul,
  maximum: Math.max,
  minimum: Math.min,
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  gt: (a, b) => Number(a > b),
  ge: (a, b) => Number(a >= b),
};

const comparisons: ReadonlySet<BinaryOp> = new Set<BinaryOp>(["eq", "ne", "lt", "le", "gt", "ge"]);

/** Runs the kernel on broadcast operands into a fresh tensor. Throws ShapeError on shapes or dtypes that do not fit. */
export function binaryOutput(run: OpRun, op: BinaryOp, a: Tensor, b: Tensor): Tensor {
  const fits = a.dtype === "float32" || (a.dtype === "int32" && op in integerFunctions);
  if (a.dtype !== b.dtype || !fits) {
    throw new ShapeError(
      `${op}: operands are ${a.dtype} ${formatShape(a.shape)} and ${b.dtype} ${formatShape(b.shape)}; ` +
        `cast() them to ${op in integerFunctions ? "one of float32 and int32" : "float32"}`,
    );
  }
  const shape = broadcastShapes(op, a.shape, b.shape);
  checkDimensions(op, shape);
  const [aStrides, bStrides] = [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)];
  const out = run.empty(shape, comparisons.has(op) ? "int32" : a.dtype);
  run.kernels.binary(op, a, aStrides, b, bStrides, out, shape);
  const f = integerFunctions[op];
  if (!a.host || !b.host || !f) return out;
  const [left, right] = [stridedValues(a.host, shape, aStrides), stridedValues(b.host, shape, bStrides)];
  return withHost(
    out,
    left.map((value, i) => f(value, right[i])),
  );
}

/** The gradients of both operands, summed over what each was repeated along; the rules run only for what is wanted. */
export function binaryGradients(
  wanted: (input: number) => boolean,
  [a, b]: readonly [Shape, Shape],
  da: () => Tensor,
  db: () => Tensor,
): [Tensor | undefined, Tensor | undefined] {
  return [wanted(0) ? sumTo(da(), a) : undefined, wanted(1) ? sumTo(db(), b) : undefined];
}

/** Sums a gradient over the dimensions along which a tensor of shape `to` was broadcast. */
export function sumTo(dy: Tensor, to: Shape): Tensor {
  if (sameShape(dy.shape, to)) return dy;
  const lead = dy.rank - to.length;
  const repeated = dy.shape.flatMap((size, axis) => (axis < lead || to[axis - lead] !== size ? [axis] : []));
  return reduceAxes("sum", dy, repeated).alias(to);
}
