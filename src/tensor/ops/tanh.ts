// The hyperbolic tangent, elementwise.
import { unaryForward } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

export const tanh: Op<[x: Tensor]> = defineOp({
  name: "tanh",
  // d tanh(x) = (1 - tanh(x)^2) dx
  forward: (run, x) => unaryForward(run, "tanh", x, "output"),
  samples: (make) => [{ args: [make.normal([4, 37])] }],
});
