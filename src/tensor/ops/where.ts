// a where a condition holds, else b, with broadcasting.
import { ShapeError } from "../../support/errors.js";
import { zeros } from "../create.js";
import { type Operand, operand, sumTo } from "../elementwise.js";
import { defineOp, type Op, type OpRun } from "../op.js";
import { broadcastShapes, broadcastStrides, formatShape, type Shape } from "../shape.js";
import { checkDimensions, stridedValues, withHost } from "../strided.js";
import type { Tensor } from "../tensor.js";

/** condition int32 (holds where it is not 0); a and b of one dtype, or numbers. */
export const where: Op<[condition: Tensor, a: Operand, b: Operand]> = defineOp({
  name: "where",
  forward(run, condition, yes, no) {
    const like = [yes, no].find((value) => typeof value !== "number") ?? zeros([], "float32", run.backend);
    const [a, b] = [operand(run, "where", like, yes), operand(run, "where", like, no)];
    if (condition.dtype !== "int32" || a.dtype !== b.dtype) {
      throw new ShapeError(
        `where: ${condition.dtype} condition, ${a.dtype} ${formatShape(a.shape)} and ${b.dtype} ${formatShape(b.shape)}; ` +
          "the condition must be int32 and the two choices of one dtype",
      );
    }
    const shape = broadcastShapes("where", broadcastShapes("where", a.shape, b.shape), condition.shape);
    checkDimensions("where", shape);
    const saved = run.save(condition);
    const [aShape, bShape] = [a.shape, b.shape];
    return {
      output: choose(run, shape, condition, a, b),
      inputs: [condition, a, b],
      // da = dy where the condition holds, else 0; db the other way round
      gradient: (dy, { wanted }) => {
        const zero = zeros([], "float32", run.backend);
        return [
          undefined,
          wanted(1) ? sumTo(choose(run, shape, saved.tensor, dy, zero), aShape) : undefined,
          wanted(2) ? sumTo(choose(run, shape, saved.tensor, zero, dy), bShape) : undefined,
        ];
      },
    };
  },
  samples: (make) => [
    { args: [make.integers([4, 5], 2), make.normal([4, 5]), make.normal([4, 5])] },
    { args: [make.integers([3, 1], 2), make.normal([4]), make.normal([2, 1, 1])], terms: 12 },
    { args: [make.integers([6], 3), make.normal([6]), -7.5] },
    { args: [make.integers([6], 3), make.integers([6], 9), 7] },
  ],
});

function choose(run: OpRun, shape: Shape, condition: Tensor, a: Tensor, b: Tensor): Tensor {
  const tensors = [condition, a, b];
  const [test, yes, no] = tensors.map((tensor) => broadcastStrides(tensor.shape, shape));
  const out = run.empty(shape, a.dtype);
  run.kernels.where(condition, test, a, yes, b, no, out, shape);
  if (!condition.host || !a.host || !b.host) return out;
  const holds = stridedValues(condition.host, shape, test);
  const [left, right] = [stridedValues(a.host, shape, yes), stridedValues(b.host, shape, no)];
  return withHost(
    out,
    holds.map((value, i) => (value !== 0 ? left[i] : right[i])),
  );
}
