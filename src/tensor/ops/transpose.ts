// Two dimensions exchanged.
import { defineComposite, type Op } from "../op.js";
import { resolveAxis } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { permute } from "./permute.js";

/** Axes may count from the end. Any dtype. */
export const transpose: Op<[x: Tensor, axis0: number, axis1: number]> = defineComposite({
  name: "transpose",
  compute(x, axis0, axis1) {
    const [a, b] = [resolveAxis("transpose", axis0, x.rank), resolveAxis("transpose", axis1, x.rank)];
    const order = x.shape.map((_, axis) => axis);
    return permute(x, order.with(a, b).with(b, a));
  },
  samples: (make) => [{ args: [make.normal([2, 3, 4]), 0, 1] }, { args: [make.normal([2, 3, 4]), -1, -2] }],
});
