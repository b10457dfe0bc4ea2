// The natural logarithm, elementwise.
import { unaryForward } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

export const log: Op<[x: Tensor]> = defineOp({
  name: "log",
  // d log(x) = dx / x
  forward: (run, x) => unaryForward(run, "log", x, "input"),
  samples: (make) => [{ args: [make.uniform([4, 37], 0.1, 3)] }],
});
