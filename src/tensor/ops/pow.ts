// a to the power of b, with broadcasting.
import { ShapeError } from "../../support/errors.js";
import { binaryGradients, binaryOutput, type Operand, unaryForward } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";
import { eq } from "./compare.js";
import { log } from "./log.js";
import { mul } from "./mul.js";
import { sub } from "./sub.js";
import { where } from "./where.js";

/** float32; b a tensor whose shape broadcasts with a's, or a number. */
export const pow: Op<[a: Tensor, b: Operand]> = defineOp({
  name: "pow",
  forward(run, a, b) {
    // d a^b = b a^(b-1) da
    if (typeof b === "number") return unaryForward(run, "power", a, "input", b);
    if (b.dtype !== "float32") throw new ShapeError(`pow: an ${b.dtype} exponent; cast() it to float32`);
    const y = binaryOutput(run, "pow", a, b);
    const shapes = [a.shape, b.shape] as const;
    const [savedA, savedB, savedY] = [run.save(a), run.save(b), run.save(y)];
    return {
      output: y,
      inputs: [a, b],
      // d a^b = b a^(b-1) da + a^b log(a) db, where the second is 0 for a = 0
      gradient: (dy, { wanted }) =>
        binaryGradients(
          wanted,
          shapes,
          () => mul(mul(dy, savedB.tensor), pow(savedA.tensor, sub(savedB.tensor, 1))),
          () => mul(dy, where(eq(savedA.tensor, 0), 0, mul(savedY.tensor, log(savedA.tensor)))),
        ),
    };
  },
  samples: (make) => [
    { args: [make.uniform([3, 5], 0.5, 2), make.normal([3, 5])] },
    { args: [make.uniform([4, 1, 3], 0.5, 2), make.normal([2, 1])], terms: 12 },
    { args: [make.normal([2, 3]), 3] },
    { args: [make.uniform([5], 0.5, 2), -0.5] },
  ],
});
