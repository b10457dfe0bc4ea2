// a / b, with broadcasting.
import { binaryGradients, binaryOutput, type Operand, operand } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";
import { mul } from "./mul.js";
import { neg } from "./neg.js";

/** float32 (or a number as divisor); shapes broadcast. */
export const div: Op<[a: Tensor, b: Operand]> = defineOp({
  name: "div",
  forward(run, a, value) {
    const b = operand(run, "div", a, value);
    const shapes = [a.shape, b.shape] as const;
    const [savedA, savedB] = [run.save(a), run.save(b)];
    return {
      output: binaryOutput(run, "div", a, b),
      inputs: [a, b],
      // d(a / b) = da / b - a db / b^2
      gradient: (dy, { wanted }) =>
        binaryGradients(
          wanted,
          shapes,
          () => div(dy, savedB.tensor),
          () => neg(div(mul(dy, savedA.tensor), mul(savedB.tensor, savedB.tensor))),
        ),
    };
  },
  samples: (make) => [
    { args: [make.normal([3, 5]), make.uniform([3, 5], 0.5, 2)] },
    { args: [make.normal([4, 1, 3]), make.uniform([2, 1], 0.5, 2)], terms: 12 },
    { args: [make.normal([2, 3]), 1.5] },
  ],
});
