// a + b, with broadcasting.

import { binaryOutput, type Operand, operand, sumTo } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

export const add: Op<[a: Tensor, b: Operand]> = defineOp({
  name: "add",
  forward(run, a, b) {
    const other = operand(run, a, b);
    return {
      output: binaryOutput(run, "add", a, other),
      inputs: [a, other],
      // d(a + b) = da + db; a broadcast operand gets the sum over what it was repeated along
      gradient: (dy, backward) => [
        backward.wanted(0) ? sumTo(dy, a.shape) : undefined,
        backward.wanted(1) ? sumTo(dy, other.shape) : undefined,
      ],
    };
  },
  samples: (make) => [
    { args: [make.normal([3, 5]), make.normal([3, 5])] },
    { args: [make.normal([4, 1, 3]), make.normal([2, 1])], terms: 12 },
    { args: [make.normal([2, 3]), 1.5] },
  ],
});
