// softmax(x) = exp(x) / sum of exp(x) along an axis.
import { checkFloat32 } from "../elementwise.js";
import { defineOp, type Forward, type Op, type OpRun } from "../op.js";
import { resolveAxis } from "../shape.js";
import { swapWithLast } from "../strided.js";
import type { Tensor } from "../tensor.js";

/** Along the last axis by default; float32. */
export const softmax: Op<[x: Tensor, axis?: number]> = defineOp({
  name: "softmax",
  // dx = y (dy - sum of dy y)
  forward: (run, x, axis = -1) => softmaxForward(run, "softmax", x, axis),
  samples: (make) => [
    { args: [make.normal([6, 11])], terms: 11 },
    { args: [make.normal([3, 4, 33]), 1], terms: 4 },
    { args: [make.normal([5, 2]), 0], terms: 5 },
  ],
});

/** Both softmax and logSoftmax, whose rules differ in the kernel alone. */
export function softmaxForward(run: OpRun, op: "softmax" | "logSoftmax", x: Tensor, axis: number): Forward {
  checkFloat32(op, x);
  const at = resolveAxis(op, axis, x.rank);
  const log = op === "logSoftmax";
  const width = x.shape[at];
  const rows = width === 0 ? 0 : x.size / width;
  const input = swapWithLast(op, x, at);
  const y = run.empty(input.shape);
  run.kernels.softmax(input, y, rows, width, log);
  const saved = run.save(y);
  return {
    output: swapWithLast(op, y, at),
    inputs: [x],
    gradient: (dy) => {
      const gradient = swapWithLast(op, dy, at);
      const dx = run.empty(gradient.shape);
      run.kernels.softmaxGradient(saved.tensor, gradient, dx, rows, width, log);
      return [swapWithLast(op, dx, at)];
    },
  };
}
