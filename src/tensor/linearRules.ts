// What the ops made of linear layers share: the shape rule, and the gradients of y = x W^T + b.
import { ShapeError } from "../support/errors.js";
import type { Backward } from "./graph.js";
import type { OpRun } from "./op.js";
import { formatShape } from "./shape.js";
import type { Tensor } from "./tensor.js";

export function checkLinear(op: string, x: Tensor, weight: Tensor, bias: Tensor | undefined): void {
  const fits =
    weight.rank === 2 &&
    x.rank >= 1 &&
    x.shape[x.rank - 1] === weight.shape[1] &&
    (!bias || (bias.rank === 1 && bias.shape[0] === weight.shape[0]));
  if (!fits) {
    throw new ShapeError(
      `${op}: input ${formatShape(x.shape)}, weight ${formatShape(weight.shape)}` +
        `${bias ? ` and bias ${formatShape(bias.shape)}` : ""} do not fit: [..., in], [out, in], [out]`,
    );
  }
  for (const tensor of [x, weight, bias]) {
    if (tensor && tensor.dtype !== "float32")
      throw new ShapeError(`${op}: ${tensor.dtype} operand; cast() it to float32`);
  }
}

/** dx = dy W (times `multiply`, elementwise), added onto what another consumer of x left, where it may. */
export function inputGradient(
  run: OpRun,
  dy: Tensor,
  weight: Tensor,
  shape: readonly number[],
  backward: Backward | undefined,
  input: number,
  multiply?: Tensor,
): Tensor {
  const [n, k] = weight.shape;
  const target = multiply ? undefined : backward?.accumulator(input);
  const dx = target ?? run.empty(shape);
  run.gemm({
    m: dy.size / n,
    n: k,
    k: n,
    a: dy,
    b: weight,
    out: dx,
    accumulate: target !== undefined,
    multiply,
  });
  return dx;
}

/** dW = dy^T x and, by the way, db = column sums of dy; `input` is W's place among the op's inputs, b's follows. */
export function parameterGradients(
  run: OpRun,
  dy: Tensor,
  x: () => Tensor,
  [n, k]: readonly number[],
  backward: Backward,
  input: number,
): [Tensor | undefined, Tensor | undefined] {
  const rows = dy.size / n;
  const db = backward.wanted(input + 1) ? run.empty([n]) : undefined;
  if (!backward.wanted(input)) {
    if (db) run.kernels.reduce("sum", dy, db, 1, rows, n);
    return [undefined, db];
  }
  const target = backward.accumulator(input);
  const dw = target ?? run.empty([n, k]);
  run.gemm({
    m: n,
    n: k,
    k: rows,
    a: dy,
    aTransposed: true,
    b: x(),
    out: dw,
    accumulate: target !== undefined,
    aRowSums: db,
  });
  return [dw, db];
}
