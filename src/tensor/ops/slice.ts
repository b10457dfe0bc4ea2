// A range of one axis. Where it is contiguous (the first axis, say) it shares x's memory, else it is a copy.
import { ShapeError } from "../../support/errors.js";
import { zeros } from "../create.js";
import { defineOp, type Op } from "../op.js";
import { aroundAxis, formatShape, resolveAxis, type Shape, stridesOf } from "../shape.js";
import { range } from "../strided.js";
import type { Tensor } from "../tensor.js";

/** Elements start ... end - 1 of an axis; both may count from the end, end is the axis's size by default. Any dtype. */
export const slice: Op<[x: Tensor, axis: number, start: number, end?: number]> = defineOp({
  name: "slice",
  forward(run, x, axis, start, end) {
    const at = resolveAxis("slice", axis, x.rank);
    const { size, inner } = aroundAxis(x.shape, at);
    const from = start < 0 ? start + size : start;
    const to = end === undefined ? size : end < 0 ? end + size : end;
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= size)) {
      throw new ShapeError(
        `slice: ${start} to ${end ?? "the end"} of axis ${axis} is outside the shape ${formatShape(x.shape)}`,
      );
    }
    const shape = x.shape.with(at, to - from);
    const offset = from * inner;
    const whole: Shape = x.shape;
    return {
      output: range("slice", x, at, from, to - from),
      inputs: [x],
      // dx is dy in its place, zero elsewhere
      gradient: (dy, backward) => {
        const dx = backward.accumulator(0) ?? zeros(whole, "float32", run.backend);
        const place = { buffer: dx.buffer, offset: dx.offset + offset };
        run.kernels.copy(dy, stridesOf(shape), place, stridesOf(whole), shape, true);
        return [dx];
      },
    };
  },
  samples: (make) => [
    { args: [make.normal([5, 6]), 0, 1, 4] },
    { args: [make.normal([3, 8, 4]), 1, 2, -1] },
    { args: [make.normal([3, 8]), -1, -3] },
    { args: [make.integers([4, 6], 9), 1, 0, 2] },
  ],
});
