// The same elements seen in another shape; no copy. One dimension may be -1: whatever is left.
import { ShapeError } from "../../support/errors.js";
import { defineOp, type Op } from "../op.js";
import { formatShape, type Shape, sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";

export const reshape: Op<[x: Tensor, shape: Shape]> = defineOp({
  name: "reshape",
  forward(_run, x, shape) {
    const resolved = resolve(x, shape);
    const from = x.shape;
    return { output: x.alias(resolved), inputs: [x], gradient: (dy) => [dy.alias(from)] };
  },
  samples: (make) => [{ args: [make.normal([4, 6]), [2, 12]] }, { args: [make.normal([4, 6]), [3, -1, 2]] }],
});

function resolve(x: Tensor, shape: Shape): Shape {
  const known = sizeOf(shape.filter((dimension) => dimension !== -1));
  const open = shape.filter((dimension) => dimension === -1).length;
  const resolved = open === 1 && known > 0 ? shape.map((d) => (d === -1 ? x.size / known : d)) : shape;
  if (open > 1 || sizeOf(resolved) !== x.size || !resolved.every((d) => Number.isInteger(d) && d >= 0)) {
    throw new ShapeError(`reshape: ${formatShape(x.shape)} does not fit ${formatShape(shape)}`);
  }
  return resolved;
}
