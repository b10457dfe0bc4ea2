// e to the power of x, elementwise.
import { unaryForward } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

export const exp: Op<[x: Tensor]> = defineOp({
  name: "exp",
  // d exp(x) = exp(x) dx
  forward: (run, x) => unaryForward(run, "exp", x, "output"),
  samples: (make) => [{ args: [make.normal([4, 37])] }],
});
