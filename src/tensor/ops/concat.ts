// Tensors one after another along an axis.
import { ShapeError } from "../../support/errors.js";
import { defineOp, type Op } from "../op.js";
import { formatShape, resolveAxis, stridesOf } from "../shape.js";
import { checkDimensions, range, withHost } from "../strided.js";
import type { Tensor } from "../tensor.js";

/** All of one dtype, with the same sizes except along the axis (0 by default). */
export const concat: Op<[parts: readonly Tensor[], axis?: number]> = defineOp({
  name: "concat",
  forward(run, parts, axis = 0) {
    if (parts.length === 0) throw new ShapeError("concat: there is nothing to put together");
    const [first] = parts;
    const at = resolveAxis("concat", axis, first.rank);
    for (const part of parts) {
      const fits = part.rank === first.rank && part.shape.every((size, i) => i === at || size === first.shape[i]);
      if (!fits || part.dtype !== first.dtype) {
        throw new ShapeError(
          `concat: ${first.dtype} ${formatShape(first.shape)} and ${part.dtype} ${formatShape(part.shape)} ` +
            `do not fit along axis ${axis}`,
        );
      }
    }
    let total = 0;
    const starts = parts.map((part) => {
      total += part.shape[at];
      return total - part.shape[at];
    });
    const shape = first.shape.with(at, total);
    checkDimensions("concat", shape);
    const strides = stridesOf(shape);
    const out = run.empty(shape, first.dtype);
    const host = parts.every((part) => part.host) ? new Int32Array(out.size) : undefined;
    parts.forEach((part, i) => {
      const offset = starts[i] * strides[at];
      run.kernels.copy(part, stridesOf(part.shape), { buffer: out.buffer, offset }, strides, part.shape);
      if (host && part.host) place(part.host, host, offset, part.shape[at] * strides[at], total * strides[at]);
    });
    const shapes = parts.map((part) => part.shape);
    return {
      output: host ? withHost(out, host) : out,
      inputs: parts,
      // each part gets its range of dy
      gradient: (dy, { wanted }) =>
        shapes.map((part, i) => (wanted(i) ? range("concat", dy, at, starts[i], part[at]) : undefined)),
    };
  },
  samples: (make) => [
    { args: [[make.normal([2, 3]), make.normal([4, 3]), make.normal([1, 3])]] },
    { args: [[make.normal([2, 3, 4]), make.normal([2, 5, 4])], 1] },
    { args: [[make.normal([6, 2]), make.normal([6, 1])], -1] },
    { args: [[make.integers([2, 2], 9), make.integers([2, 3], 9)], -1] },
  ],
});

/** Copies runs of `length` values to every `step`-th place from `offset` on. */
function place(values: Int32Array, out: Int32Array, offset: number, length: number, step: number): void {
  for (let from = 0, to = offset; from < values.length; from += length, to += step) {
    out.set(values.subarray(from, from + length), to);
  }
}
