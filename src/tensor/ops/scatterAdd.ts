// Elements added at picked places of an axis: y = x, then y[..., index[..., j, ...], ...] += source[..., j, ...].
import { ShapeError } from "../../support/errors.js";
import { checkFloat32 } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import { aroundAxis, formatShape, resolveAxis, type Shape, sameShape } from "../shape.js";
import type { Tensor } from "../tensor.js";

/**
 * As torch.scatter_add (x itself stays as it is): index int32 and source of one shape, which is x's but for the axis.
 * float32. Repeated places are added in ascending order of j.
 * Throws ShapeError for an index known to the host that is outside the axis; the kernel reports others.
 */
export const scatterAdd: Op<[x: Tensor, axis: number, index: Tensor, source: Tensor]> = defineOp({
  name: "scatterAdd",
  forward(run, x, axis, index, source) {
    checkFloat32("scatterAdd", x, source);
    const at = resolveAxis("scatterAdd", axis, x.rank);
    const { outer, size, inner } = aroundAxis(x.shape, at);
    checkAxisIndex("scatterAdd", x.shape, at, index);
    if (!sameShape(index.shape, source.shape)) {
      throw new ShapeError(
        `scatterAdd: index ${formatShape(index.shape)} and source ${formatShape(source.shape)} must have one shape`,
      );
    }
    const count = index.shape[at];
    const indexShape = index.shape;
    const y = run.empty(x.shape);
    run.kernels.copy(x, [1], y, [1], [x.size]);
    run.kernels.scatterAdd(source, index, y, outer, size, count, inner);
    const saved = run.save(index);
    return {
      output: y,
      inputs: [x, index, source],
      // dx = dy, dsource[..., j, ...] = dy[..., index[..., j, ...], ...]
      gradient: (dy, { wanted }) => {
        if (!wanted(2)) return [dy];
        const dSource = run.empty(indexShape);
        run.kernels.gather(dy, saved.tensor, dSource, outer, size, count, inner);
        return [dy, undefined, dSource];
      },
    };
  },
  samples: (make) => [
    { args: [make.normal([4, 5]), 1, make.integers([4, 7], 5), make.normal([4, 7])], terms: 8 },
    { args: [make.normal([3, 2, 4]), -2, make.integers([3, 5, 4], 2), make.normal([3, 5, 4])], terms: 6 },
  ],
});

/** The index must have the tensor's shape but for the axis, and hold numbers below the axis's size. */
export function checkAxisIndex(op: string, shape: Shape, axis: number, index: Tensor): void {
  const size = shape[axis];
  if (index.dtype !== "int32" || index.rank !== shape.length || !sameShape(index.shape.with(axis, size), shape)) {
    throw new ShapeError(
      `${op}: ${index.dtype} index ${formatShape(index.shape)} for ${formatShape(shape)}; it must be int32 and of that shape ` +
        `but for axis ${axis}`,
    );
  }
  const wrong = index.host?.findIndex((value) => value < 0 || value >= size) ?? -1;
  if (wrong >= 0) {
    throw new ShapeError(
      `${op}: index ${index.host?.[wrong]} at element ${wrong} is outside axis ${axis} of ${formatShape(shape)}`,
    );
  }
}
