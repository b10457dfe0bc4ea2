// Where the largest element over an axis stands.
import { ShapeError } from "../../support/errors.js";
import { checkFloat32 } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import { type ReduceOptions, reducedShape } from "../reduce.js";
import { aroundAxis, formatShape, resolveAxis } from "../shape.js";
import type { Tensor } from "../tensor.js";

/** int32: the index of the first largest element over one axis, or by default among all elements. No gradient. */
export const argmax: Op<[x: Tensor, axis?: number, options?: ReduceOptions]> = defineOp({
  name: "argmax",
  forward(run, x, axis, options = {}) {
    checkFloat32("argmax", x);
    const at = axis === undefined ? undefined : resolveAxis("argmax", axis, x.rank);
    const { outer, size, inner } = at === undefined ? { outer: 1, size: x.size, inner: 1 } : aroundAxis(x.shape, at);
    if (size === 0) throw new ShapeError(`argmax: ${formatShape(x.shape)} holds no element along its axis`);
    const axes = at === undefined ? x.shape.map((_, i) => i) : [at];
    const y = run.empty(reducedShape(x.shape, axes, options), "int32");
    run.kernels.argmax(x, y, outer, size, inner);
    return { output: y, inputs: [x] };
  },
  samples: (make) => [
    { args: [make.normal([4, 5, 6])] },
    { args: [make.normal([4, 5, 6]), 1] },
    { args: [make.normal([4, 35]), -1, { keepdim: true }] },
  ],
});
