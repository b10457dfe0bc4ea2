// The mean over axes.
import { checkFloat32 } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import { type ReduceOptions, reduceAxes, reducedShape, resolveAxes } from "../reduce.js";
import { expand } from "../strided.js";
import type { Tensor } from "../tensor.js";
import { div } from "./div.js";

/** Over one axis, several, or by default all; axes may count from the end. float32. */
export const mean: Op<[x: Tensor, axes?: number | readonly number[], options?: ReduceOptions]> = defineOp({
  name: "mean",
  forward(_run, x, axes, options = {}) {
    checkFloat32("mean", x);
    const reduced = resolveAxes("mean", axes, x.rank);
    const kept = reducedShape(x.shape, reduced, { keepdim: true });
    const { shape } = x;
    const count = reduced.reduce((product, axis) => product * shape[axis], 1);
    return {
      output: reduceAxes("mean", x, reduced).alias(reducedShape(shape, reduced, options)),
      inputs: [x],
      // d mean(x) = sum(dx) / n: every element gets dy / n
      gradient: (dy) => [expand("mean", div(dy, count).alias(kept), shape)],
    };
  },
  samples: (make) => [
    { args: [make.normal([4, 5, 6])], terms: 120 },
    { args: [make.normal([4, 5, 6]), 1], terms: 5 },
    { args: [make.normal([4, 5, 6]), [0, -1], { keepdim: true }], terms: 24 },
    { args: [make.normal([2, 3, 4, 5]), [1, 2]], terms: 12 },
  ],
});
