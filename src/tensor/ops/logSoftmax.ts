// logSoftmax(x) = x - log(sum of exp(x)) along an axis, without the overflow that computing it so has.
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";
import { softmaxForward } from "./softmax.js";

/** Along the last axis by default; float32. */
export const logSoftmax: Op<[x: Tensor, axis?: number]> = defineOp({
  name: "logSoftmax",
  // dx = dy - exp(y) sum of dy
  forward: (run, x, axis = -1) => softmaxForward(run, "logSoftmax", x, axis),
  samples: (make) => [
    { args: [make.normal([6, 11])], terms: 11 },
    { args: [make.normal([3, 4, 33]), 1], terms: 4 },
    { args: [make.normal([5, 2]), 0], terms: 5 },
  ],
});
