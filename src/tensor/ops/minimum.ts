// The smaller of a and b, elementwise, with broadcasting.
import { binaryGradients, binaryOutput, type Operand, operand } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";
import { add } from "./add.js";
import { cast } from "./cast.js";
import { eq, lt } from "./compare.js";
import { mul } from "./mul.js";

/** float32 with float32 or int32 with int32 (or a number); shapes broadcast. */
export const minimum: Op<[a: Tensor, b: Operand]> = defineOp({
  name: "minimum",
  forward(run, a, value) {
    const b = operand(run, "minimum", a, value);
    const shapes = [a.shape, b.shape] as const;
    const [savedA, savedB] = [run.save(a), run.save(b)];
    return {
      output: binaryOutput(run, "minimum", a, b),
      inputs: [a, b],
      // the gradient goes to the smaller; equals share it, as in PyTorch
      gradient: (dy, { wanted }) =>
        binaryGradients(
          wanted,
          shapes,
          () => mul(dy, share(savedA.tensor, savedB.tensor)),
          () => mul(dy, share(savedB.tensor, savedA.tensor)),
        ),
    };
  },
  samples: (make) => [
    { args: [make.normal([3, 5]), make.normal([3, 5])] },
    { args: [make.normal([4, 1, 3]), make.normal([2, 1])], terms: 12 },
    { args: [make.normal([2, 3]), 0.2] },
    { args: [make.integers([3, 5], 9), make.integers([5], 9)] },
  ],
});

function share(x: Tensor, other: Tensor): Tensor {
  return add(cast(lt(x, other), "float32"), mul(cast(eq(x, other), "float32"), 0.5));
}
