// The same numbers in another dtype: to 16-bit floats rounded to nearest even, to int32 toward zero.
import type { DType } from "../../backends/kernels.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

/** Between any two dtypes; shares memory where x has the dtype already. Only float32 has gradients. */
export const cast: Op<[x: Tensor, dtype: DType]> = defineOp({
  name: "cast",
  forward(run, x, dtype) {
    if (x.dtype === dtype) return { output: x.alias(x.shape), inputs: [x], gradient: (dy) => [dy] };
    const y = run.empty(x.shape, dtype);
    run.kernels.cast(x, y, x.size);
    return { output: y, inputs: [x] };
  },
  samples: (make) => [
    { args: [make.normal([3, 5]), "float32"] },
    { args: [make.normal([3, 5]).detach(), "bfloat16"] },
    { args: [make.normal([3, 5]).detach(), "float16"] },
    { args: [make.uniform([3, 5], -9, 9).detach(), "int32"] },
    { args: [make.integers([3, 5], 9), "float32"] },
    { args: [make.integers([3, 5], 9), "bfloat16"] },
  ],
});
