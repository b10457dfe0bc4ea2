// The largest element over axes.
import { ShapeError } from "../../support/errors.js";
import { checkFloat32 } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import { type ReduceOptions, reduceAxes, reducedShape, resolveAxes } from "../reduce.js";
import { formatShape, sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { cast } from "./cast.js";
import { eq } from "./compare.js";
import { div } from "./div.js";
import { mul } from "./mul.js";

/** As torch.amax: over one axis, several, or by default all; float32. argmax() tells where. */
export const max: Op<[x: Tensor, axes?: number | readonly number[], options?: ReduceOptions]> = defineOp({
  name: "max",
  forward(run, x, axes, options = {}) {
    checkFloat32("max", x);
    const reduced = resolveAxes("max", axes, x.rank);
    if (sizeOf(x.shape) === 0) throw new ShapeError(`max: ${formatShape(x.shape)} holds no element`);
    const y = reduceAxes("max", x, reduced);
    const [savedX, savedY] = [run.save(x), run.save(y)];
    return {
      output: y.alias(reducedShape(x.shape, reduced, options)),
      inputs: [x],
      // the largest gets dy; equals share it evenly, as in torch.amax
      gradient: (dy) => {
        const largest = cast(eq(savedX.tensor, savedY.tensor), "float32");
        const count = reduceAxes("sum", largest, reduced);
        return [mul(largest, div(dy.alias(count.shape), count))];
      },
    };
  },
  samples: (make) => [
    { args: [make.normal([4, 5, 6])] },
    { args: [make.normal([4, 5, 6]), 1] },
    { args: [make.normal([4, 5, 6]), [0, -1], { keepdim: true }] },
  ],
});
