// -x, elementwise.
import { unaryForward } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

export const neg: Op<[x: Tensor]> = defineOp({
  name: "neg",
  // d(-x) = -dx
  forward: (run, x) => unaryForward(run, "neg", x, "nothing"),
  samples: (make) => [{ args: [make.normal([4, 37])] }],
});
