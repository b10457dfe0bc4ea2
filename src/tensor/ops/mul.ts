// a * b, with broadcasting.
import { binaryGradients, binaryOutput, type Operand, operand } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

/** float32 with float32 or int32 with int32 (or a number); shapes broadcast. */
export const mul: Op<[a: Tensor, b: Operand]> = defineOp({
  name: "mul",
  forward(run, a, value) {
    const b = operand(run, "mul", a, value);
    const shapes = [a.shape, b.shape] as const;
    const [savedA, savedB] = [run.save(a), run.save(b)];
    return {
      output: binaryOutput(run, "mul", a, b),
      inputs: [a, b],
      // d(a b) = b da + a db
      gradient: (dy, { wanted }) =>
        binaryGradients(
          wanted,
          shapes,
          () => mul(dy, savedB.tensor),
          () => mul(dy, savedA.tensor),
        ),
    };
  },
  samples: (make) => [
    { args: [make.normal([3, 5]), make.normal([3, 5])] },
    { args: [make.normal([4, 1, 3]), make.normal([2, 1])], terms: 12 },
    { args: [make.normal([2, 3]), 1.5] },
    { args: [make.integers([3, 5], 9), make.integers([5], 9)] },
  ],
});
