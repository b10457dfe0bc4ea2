// The larger and the smaller of a and b, elementwise, with broadcasting.
import { binaryGradients, binaryOutput, type Operand, operand } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";
import { add } from "./add.js";
import { cast } from "./cast.js";
import { eq, gt, lt } from "./compare.js";
import { mul } from "./mul.js";

type Extremum = Op<[a: Tensor, b: Operand]>;

function extremum(name: "maximum" | "minimum", wins: typeof gt): Extremum {
  /** What x gets of the gradient: all where it wins, half where both are equal, as in PyTorch. */
  const share = (x: Tensor, other: Tensor): Tensor =>
    add(cast(wins(x, other), "float32"), mul(cast(eq(x, other), "float32"), 0.5));
  return defineOp<[a: Tensor, b: Operand]>({
    name,
    forward(run, a, value) {
      const b = operand(run, name, a, value);
      const shapes = [a.shape, b.shape] as const;
      const [savedA, savedB] = [run.save(a), run.save(b)];
      return {
        output: binaryOutput(run, name, a, b),
        inputs: [a, b],
        // d max(a, b) = share(a) da + share(b) db
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
}

/** float32 with float32 or int32 with int32 (or a number); shapes broadcast. */
export const maximum: Extremum = extremum("maximum", gt);

/** float32 with float32 or int32 with int32 (or a number); shapes broadcast. */
export const minimum: Extremum = extremum("minimum", lt);
