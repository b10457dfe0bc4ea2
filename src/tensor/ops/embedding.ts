// Rows of a table by their ids. The table's gradient is sparse: the rows that were looked up, and their sums.
import { ShapeError } from "../../support/errors.js";
import { zeros } from "../create.js";
import { RowsGradient } from "../gradient.js";
import { checkIds } from "../ids.js";
import { defineOp, type Op, type OpRun } from "../op.js";
import { formatShape } from "../shape.js";
import type { Tensor } from "../tensor.js";

/** table [rows, width], ids int32 [...] -> [..., width]. Throws ShapeError for an id outside the table. */
export const embedding: Op<[table: Tensor, ids: Tensor]> = defineOp({
  name: "embedding",
  forward(run, table, ids) {
    if (table.rank !== 2 || ids.dtype !== "int32") {
      throw new ShapeError(
        `embedding: table ${formatShape(table.shape)} and ${ids.dtype} ids; they must be [rows, width] and int32`,
      );
    }
    const [tableRows, width] = table.shape;
    checkIds("embedding", ids, tableRows);
    const y = run.empty([...ids.shape, width]);
    run.kernels.gatherRows(table, tableRows, ids, y, ids.size, width);
    const saved = run.save(ids);
    return {
      output: y,
      inputs: [table],
      // dtable[id] = sum of dy over the positions that looked up id
      gradient: (dy) => {
        const { host } = saved.tensor;
        if (host) return [rowsGradient(run, dy, host, tableRows, width)];
        const dense = zeros([tableRows, width], "float32", run.backend);
        run.kernels.scatterAddRows(dy, saved.tensor, dense, tableRows, ids.size, width);
        return [dense];
      },
    };
  },
  samples: (make) => [
    { args: [make.normal([10, 7]), make.integers([4, 6], 10)], terms: 24 },
    { args: [make.normal([3, 48]), make.integers([50], 3)], terms: 50 },
  ],
});

function rowsGradient(run: OpRun, dy: Tensor, ids: Int32Array, tableRows: number, width: number): RowsGradient {
  // positions by id, ascending and stable: the order of the sums does not depend on anything else
  const keys = new Float64Array(ids.length); // id and position in one exact number: sorted without a call for each pair
  for (let i = 0; i < keys.length; i++) keys[i] = ids[i] * keys.length + i;
  keys.sort();
  const order = new Int32Array(keys.length);
  for (let i = 0; i < order.length; i++) order[i] = keys[i] % keys.length;
  const rows: number[] = [];
  const starts: number[] = [];
  for (let i = 0; i < order.length; i++) {
    const id = ids[order[i]];
    if (i === 0 || id !== rows[rows.length - 1]) {
      rows.push(id);
      starts.push(i);
    }
  }
  starts.push(order.length);
  const values = run.empty([rows.length, width]);
  const index = run.integers(Int32Array.from(rows));
  run.kernels.sumRowSegments(
    dy,
    run.integers(order),
    run.integers(Int32Array.from(starts)),
    values,
    rows.length,
    width,
  );
  return new RowsGradient(index, values, tableRows);
}
