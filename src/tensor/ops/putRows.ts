// y[index[i]] += x[i] into `rows` rows of zeros: back from packed tokens to a padded batch.
import { ShapeError } from "../../support/errors.js";
import { zeros } from "../create.js";
import { checkIds } from "../ids.js";
import { defineOp, type Op } from "../op.js";
import { formatShape } from "../shape.js";
import type { Tensor } from "../tensor.js";

/** x [n, ...], index int32 [n] -> [rows, ...]. */
export const putRows: Op<[x: Tensor, index: Tensor, rows: number]> = defineOp({
  name: "putRows",
  forward(run, x, index, rows) {
    if (x.rank < 1 || index.rank !== 1 || index.size !== x.shape[0] || index.dtype !== "int32") {
      throw new ShapeError(
        `putRows: x ${formatShape(x.shape)} and ${index.dtype} index ${formatShape(index.shape)}; they must be [n, ...] and int32 [n]`,
      );
    }
    checkIds("putRows", index, rows);
    const count = index.size;
    const width = x.size / count;
    const y = zeros([rows, ...x.shape.slice(1)], "float32", run.backend);
    run.kernels.scatterAddRows(x, index, y, rows, count, width);
    const saved = run.save(index);
    const { shape } = x;
    return {
      output: y,
      inputs: [x],
      // dx[i] = dy[index[i]]
      gradient: (dy) => {
        const dx = run.empty(shape);
        run.kernels.gatherRows(dy, rows, saved.tensor, dx, count, width);
        return [dx];
      },
    };
  },
  samples: (make) => [{ args: [make.normal([5, 4]), make.integers([5], 7), 7], terms: 5 }],
});
