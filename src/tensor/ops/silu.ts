// silu(x) = x sigmoid(x), also called swish (Elfwing et al. 2017), elementwise.
import { unaryForward } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

export const silu: Op<[x: Tensor]> = defineOp({
  name: "silu",
  // silu'(x) = s (1 + x (1 - s)), s = sigmoid(x)
  forward: (run, x) => unaryForward(run, "silu", x, "input"),
  samples: (make) => [{ args: [make.normal([4, 37])] }],
});
