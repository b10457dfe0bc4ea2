// Rotary position embedding (Su et al. 2021): each pair of a head's columns (e, e + half) is turned by an angle that grows
// with the row's position, so that products of queries and keys depend on the distance of their positions.
import { ShapeError } from "../../support/errors.js";
import { checkIds } from "../ids.js";
import { defineOp, type Op } from "../op.js";
import { formatShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { add } from "./add.js";
import { concat } from "./concat.js";
import { mul } from "./mul.js";
import { neg } from "./neg.js";
import { slice } from "./slice.js";
import { takeRows } from "./takeRows.js";

/**
 * x [rows, width], whose first `heads` blocks of columns are turned and whose other columns are kept; positions int32
 * [rows]; table [positions, head width]: the cosines of half a head's angles, then their sines. -> [rows, width]
 */
export const rotary: Op<[x: Tensor, positions: Tensor, table: Tensor, heads: number]> = defineOp({
  name: "rotary",
  forward(run, x, positions, table, heads) {
    const [rows, width] = x.shape;
    const [tableRows, headDim] = table.shape;
    const fits =
      x.rank === 2 &&
      table.rank === 2 &&
      headDim % 2 === 0 &&
      heads * headDim <= width &&
      positions.dtype === "int32" &&
      positions.size === rows;
    if (!fits) {
      throw new ShapeError(
        `rotary: x ${formatShape(x.shape)}, ${positions.dtype} positions ${formatShape(positions.shape)} and table ` +
          `${formatShape(table.shape)} with ${heads} heads; expected [rows, width], int32 [rows], [positions, even head width]`,
      );
    }
    checkIds("rotary", positions, tableRows);
    const out = run.empty(x.shape);
    const plan = { rows, width, heads, headDim, tableRows };
    run.kernels.rotary({ ...plan, x, out, positions, table });
    const saved = { positions: run.save(positions), table: run.save(table) };
    return {
      output: out,
      inputs: [x],
      // the transpose of a rotation turns the other way
      gradient: (dy) => {
        const dx = run.empty(dy.shape);
        const { positions, table } = saved;
        run.kernels.rotary({
          ...plan,
          x: dy,
          out: dx,
          positions: positions.tensor,
          table: table.tensor,
          inverse: true,
        });
        return [dx];
      },
    };
  },
  composition: (x, positions, table, heads) => {
    const headDim = table.shape[1];
    const angles = takeRows(table, positions);
    const [cosine, sine] = [slice(angles, 1, 0, headDim / 2), slice(angles, 1, headDim / 2, headDim)];
    const columns: Tensor[] = [];
    for (let h = 0; h < heads; h++) {
      const middle = h * headDim + headDim / 2;
      const [a, b] = [slice(x, 1, h * headDim, middle), slice(x, 1, middle, (h + 1) * headDim)];
      columns.push(add(mul(a, cosine), neg(mul(b, sine))), add(mul(b, cosine), mul(a, sine)));
    }
    if (heads * headDim < x.shape[1]) columns.push(slice(x, 1, heads * headDim, x.shape[1]));
    return concat(columns, 1);
  },
  samples: (make) => [
    { args: [make.normal([7, 24]), make.integers([7], 9), make.normal([9, 8]).detach(), 2], terms: 2 },
    { args: [make.normal([5, 64]), make.integers([5], 6), make.normal([6, 32]).detach(), 2], terms: 2 },
  ],
});
