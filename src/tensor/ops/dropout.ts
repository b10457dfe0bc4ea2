// Each element is dropped with a probability, and the others scaled so that the mean stays (Srivastava et al. 2014).
import { checkFloat32 } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import { nextDropout } from "../random.js";
import type { Tensor } from "../tensor.js";

/** Draws the run's next random mask; a probability of 0 draws none. float32. */
export const dropout: Op<[x: Tensor, probability: number]> = defineOp({
  name: "dropout",
  forward(run, x, probability) {
    checkFloat32("dropout", x);
    const mask = nextDropout("dropout", probability);
    if (!mask) return { output: x.alias(x.shape), inputs: [x], gradient: (dy) => [dy] };
    const y = run.empty(x.shape);
    run.kernels.dropout(x, y, x.size, mask);
    return {
      output: y,
      inputs: [x],
      // the same mask and factor on dy: both are drawn again from their counter
      gradient: (dy) => {
        const dx = run.empty(dy.shape);
        run.kernels.dropout(dy, dx, dy.size, mask);
        return [dx];
      },
    };
  },
  samples: (make) => [{ args: [make.normal([7, 50]), 0.3] }, { args: [make.normal([3, 4]), 0] }],
});
