// x held between two bounds, elementwise.
import { ShapeError } from "../../support/errors.js";
import { unaryForward } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

/** min(max(x, lower), upper); either bound may be left out. Throws ShapeError if lower > upper. */
export const clamp: Op<[x: Tensor, lower?: number, upper?: number]> = defineOp({
  name: "clamp",
  // clamp'(x) = 1 for lower < x < upper, else 0 (at the bounds too, as in PyTorch)
  forward(run, x, lower = Number.NEGATIVE_INFINITY, upper = Number.POSITIVE_INFINITY) {
    if (!(lower <= upper))
      throw new ShapeError(`clamp: the lower bound ${lower} is not below the upper bound ${upper}`);
    return unaryForward(run, "clamp", x, "input", lower, upper);
  },
  samples: (make) => [
    { args: [make.normal([4, 9]), -0.5, 0.75] },
    { args: [make.normal([7]), 0.1] },
    { args: [make.normal([7]), undefined, 0.1] },
  ],
});
