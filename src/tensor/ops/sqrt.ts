// The square root, elementwise.
import { unaryForward } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

export const sqrt: Op<[x: Tensor]> = defineOp({
  name: "sqrt",
  // d sqrt(x) = dx / (2 sqrt(x))
  forward: (run, x) => unaryForward(run, "sqrt", x, "output"),
  samples: (make) => [{ args: [make.uniform([4, 37], 0.1, 3)] }],
});
