// Comparisons: int32 ones and zeros, with broadcasting. They have no gradient; a mask of numbers known to the host is
// known to the host.
import type { BinaryOp } from "../../backends/kernels.js";
import { binaryOutput, type Operand, operand } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

type Comparison = Op<[a: Tensor, b: Operand]>;

function comparison(name: BinaryOp): Comparison {
  return defineOp<[a: Tensor, b: Operand]>({
    name,
    forward: (run, a, value) => {
      const b = operand(run, name, a, value);
      return { output: binaryOutput(run, name, a, b), inputs: [a, b] };
    },
    samples: (make) => [
      { args: [make.integers([4, 5], 3), make.integers([5], 3)] },
      { args: [make.integers([2, 1, 6], 3), 1] },
      { args: [make.normal([3, 1]), make.normal([4])] },
    ],
  });
}

/** 1 where a = b, else 0. */
export const eq: Comparison = comparison("eq");

/** 1 where a differs from b, else 0. */
export const ne: Comparison = comparison("ne");

/** 1 where a < b, else 0. */
export const lt: Comparison = comparison("lt");

/** 1 where a <= b, else 0. */
export const le: Comparison = comparison("le");

/** 1 where a > b, else 0. */
export const gt: Comparison = comparison("gt");

/** 1 where a >= b, else 0. */
export const ge: Comparison = comparison("ge");
