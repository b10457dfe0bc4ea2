// relu(x) = max(x, 0), elementwise.
import { unaryForward } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

export const relu: Op<[x: Tensor]> = defineOp({
  name: "relu",
  // relu'(x) = 1 for x > 0, else 0 (at 0 too, as in PyTorch)
  forward: (run, x) => unaryForward(run, "relu", x, "input"),
  samples: (make) => [{ args: [make.normal([4, 37])] }],
});
