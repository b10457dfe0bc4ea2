// y[s] = sum of x[i] over offsets[s] <= i < offsets[s + 1]: sums of packed sequences.
import { ShapeError } from "../../support/errors.js";
import { defineOp, type Op } from "../op.js";
import { formatShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import type { SequenceOffsets } from "./attention.js";
import { concat } from "./concat.js";
import { slice } from "./slice.js";
import { sum } from "./sum.js";

/** x [rows, width], offsets int32 [segments + 1], ascending from 0 to rows, known to the host -> [segments, width]. */
export const segmentSum: Op<[x: Tensor, offsets: SequenceOffsets]> = defineOp({
  name: "segmentSum",
  forward(run, x, offsets) {
    const starts = offsets.host;
    const fits =
      starts && x.rank === 2 && starts[0] === 0 && starts[starts.length - 1] === x.shape[0] && isAscending(starts);
    if (!fits) {
      throw new ShapeError(
        `segmentSum: x ${formatShape(x.shape)} and offsets ${formatShape(offsets.shape)}; expected [rows, width], and int32 ` +
          "[segments + 1] from 0 to rows, ascending and made from numbers",
      );
    }
    const [rows, width] = x.shape;
    const segments = starts.length - 1;
    const y = run.empty([segments, width]);
    run.kernels.sumRowSegments(
      x,
      run.integers(Int32Array.from({ length: rows }, (_, i) => i)),
      offsets,
      y,
      segments,
      width,
    );
    return {
      output: y,
      inputs: [x],
      // dx[i] = dy[the segment of i]
      gradient: (dy) => {
        const segmentOf = new Int32Array(rows);
        for (let s = 0; s < segments; s++) segmentOf.fill(s, starts[s], starts[s + 1]);
        const dx = run.empty([rows, width]);
        run.kernels.gatherRows(dy, segments, run.integers(segmentOf), dx, rows, width);
        return [dx];
      },
    };
  },
  composition: (x, offsets) => {
    const starts = Array.from(offsets.host ?? []);
    return concat(
      starts.slice(1).map((end, s) => sum(slice(x, 0, starts[s], end), 0, { keepdim: true })),
      0,
    );
  },
  samples: (make) => [{ args: [make.normal([14, 5]), make.offsets([3, 1, 10])], terms: 10 }],
});

function isAscending(starts: Int32Array): boolean {
  return starts.every((start, s) => s === 0 || start >= starts[s - 1]);
}
