// The dimensions in another order; a copy, except where only dimensions of one element move.
import { ShapeError } from "../../support/errors.js";
import { defineOp, type Op } from "../op.js";
import { formatShape, resolveAxis, stridesOf } from "../shape.js";
import { strided } from "../strided.js";
import type { Tensor } from "../tensor.js";

/** Dimension i of the result is dimension order[i] of x. Any dtype. */
export const permute: Op<[x: Tensor, order: readonly number[]]> = defineOp({
  name: "permute",
  forward(_run, x, order) {
    const axes = order.map((axis) => resolveAxis("permute", axis, x.rank));
    if (axes.length !== x.rank || new Set(axes).size !== x.rank) {
      throw new ShapeError(`permute: [${order.join(", ")}] is no order of the dimensions of ${formatShape(x.shape)}`);
    }
    const inverse = axes.map((_, axis) => axes.indexOf(axis));
    return {
      output: permuted(x, axes),
      inputs: [x],
      // the gradient goes back the same way
      gradient: (dy) => [permuted(dy, inverse)],
    };
  },
  samples: (make) => [
    { args: [make.normal([2, 3, 4, 5]), [2, 0, 3, 1]] },
    { args: [make.normal([3, 1, 4]), [1, 0, -1]] },
    { args: [make.integers([3, 7], 20), [1, 0]] },
  ],
});

function permuted(x: Tensor, axes: readonly number[]): Tensor {
  const shape = axes.map((axis) => x.shape[axis]);
  const moving = axes.filter((axis) => x.shape[axis] !== 1);
  if (moving.every((axis, i) => i === 0 || moving[i - 1] < axis)) return x.alias(shape);
  const strides = stridesOf(x.shape);
  return strided(
    "permute",
    x,
    shape,
    axes.map((axis) => strides[axis]),
  );
}
