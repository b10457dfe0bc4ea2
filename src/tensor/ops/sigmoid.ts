// sigmoid(x) = 1 / (1 + e^-x), elementwise.
import { unaryForward } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

export const sigmoid: Op<[x: Tensor]> = defineOp({
  name: "sigmoid",
  // d s(x) = s(x) (1 - s(x)) dx
  forward: (run, x) => unaryForward(run, "sigmoid", x, "output"),
  samples: (make) => [{ args: [make.normal([4, 37])] }],
});
