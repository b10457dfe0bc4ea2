// Elements picked along an axis: y[..., j, ...] = x[..., index[..., j, ...], ...].
import { zeros } from "../create.js";
import { defineOp, type Op } from "../op.js";
import { aroundAxis, resolveAxis } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { checkAxisIndex } from "./scatterAdd.js";

/**
 * As torch.gather: index int32, of x's shape but for the axis. x of any dtype.
 * Throws ShapeError for an index known to the host that is outside the axis; the kernel reports others.
 */
export const gather: Op<[x: Tensor, axis: number, index: Tensor]> = defineOp({
  name: "gather",
  forward(run, x, axis, index) {
    const at = resolveAxis("gather", axis, x.rank);
    const { outer, size, inner } = aroundAxis(x.shape, at);
    checkAxisIndex("gather", x.shape, at, index);
    const count = index.shape[at];
    const y = run.empty(index.shape, x.dtype);
    run.kernels.gather(x, index, y, outer, size, count, inner);
    const saved = run.save(index);
    const { shape } = x;
    return {
      output: y,
      inputs: [x],
      // dx[..., index[..., j, ...], ...] += dy[..., j, ...]
      gradient: (dy, backward) => {
        const dx = backward.accumulator(0) ?? zeros(shape, "float32", run.backend);
        run.kernels.scatterAdd(dy, saved.tensor, dx, outer, size, count, inner);
        return [dx];
      },
    };
  },
  samples: (make) => [
    { args: [make.normal([4, 5]), 1, make.integers([4, 3], 5)], terms: 3 },
    { args: [make.normal([3, 5, 4]), 1, make.integers([3, 7, 4], 5)], terms: 7 },
    { args: [make.integers([6, 2], 50), 0, make.integers([3, 2], 6)] },
  ],
});
