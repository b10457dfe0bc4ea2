// y[i] = x[index[i]]: rows by a plan known to the host, such as the real tokens of a padded batch.
import { ShapeError } from "../../support/errors.js";
import { zeros } from "../create.js";
import { checkIds } from "../ids.js";
import { defineOp, type Op } from "../op.js";
import { formatShape } from "../shape.js";
import type { Tensor } from "../tensor.js";

/** x [rows, ...], index int32 [n] -> [n, ...]. */
export const takeRows: Op<[x: Tensor, index: Tensor]> = defineOp({
  name: "takeRows",
  forward(run, x, index) {
    if (x.rank < 1 || index.rank !== 1 || index.dtype !== "int32") {
      throw new ShapeError(
        `takeRows: x ${formatShape(x.shape)} and ${index.dtype} index ${formatShape(index.shape)}; they must be [rows, ...] and int32 [n]`,
      );
    }
    const [rows] = x.shape;
    const width = rows === 0 ? 0 : x.size / rows;
    checkIds("takeRows", index, rows);
    const y = run.empty([index.size, ...x.shape.slice(1)]);
    run.kernels.gatherRows(x, rows, index, y, index.size, width);
    const saved = run.save(index);
    return {
      output: y,
      inputs: [x],
      // dx[index[i]] += dy[i]
      gradient: (dy, backward) => {
        const dx = backward.accumulator(0) ?? zeros(x.shape, "float32", run.backend);
        run.kernels.scatterAddRows(dy, saved.tensor, dx, rows, index.size, width);
        return [dx];
      },
    };
  },
  samples: (make) => [{ args: [make.normal([6, 3, 4]), make.integers([9], 6)], terms: 9 }],
});
