// Low-rank updates of linear layers' outputs (Hu et al. 2021): y + sum of scale * (x down^T) up^T, each in columns of its
// own. What the layers themselves compute is not repeated: an update reads their input and adds onto their output.
import { ShapeError } from "../../support/errors.js";
import { inputGradient } from "../linearRules.js";
import { defineOp, type Op, type OpRun } from "../op.js";
import { formatShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { add } from "./add.js";
import { concat } from "./concat.js";
import { linear } from "./linear.js";
import { mul } from "./mul.js";
import { slice } from "./slice.js";

export interface LowRankUpdate {
  /** [..., in], as many rows as y. */
  readonly x: Tensor;
  /** [rank, in] */
  readonly down: Tensor;
  /** [out, rank] */
  readonly up: Tensor;
  /** What the update is multiplied by. */
  readonly scale: number;
  /** The first of the `out` columns of y that it is added to. Default 0. */
  readonly column?: number;
}

/** y [..., width], updates -> [..., width]. */
export const lowRank: Op<[y: Tensor, updates: readonly LowRankUpdate[]]> = defineOp({
  name: "lowRank",
  forward(run, y, updates) {
    const width = y.shape[y.rank - 1];
    const rows = y.size / width;
    for (const update of updates) check(y, update);
    const out = run.empty(y.shape);
    run.kernels.copy(y, [1], out, [1], [y.size]);
    const steps = updates.map(({ x, down, up, scale, column = 0 }) => {
      const [rank, k] = down.shape;
      const [n] = up.shape;
      const inner = scaled(run, product(run, { m: rows, n: rank, k }, x, down), scale);
      const target = { buffer: out.buffer, offset: out.offset + column };
      const size = { m: rows, n, k: rank };
      run.gemm({ ...size, a: inner, b: up, bTransposed: true, out: target, ldc: width, accumulate: true });
      const saved = { x: run.save(x), down: run.save(down), up: run.save(up), inner: run.save(inner) };
      return { ...saved, scale, column, shape: x.shape, n, rank, k };
    });
    return {
      output: out,
      inputs: [y, ...updates.flatMap(({ x, down, up }) => [x, down, up])],
      // With z = scale x down^T and dy' the update's columns of dy: dup = dy'^T z, dz = scale dy' up, and down's and x's as
      // those of a linear layer: ddown = dz^T x, dx = dz down
      gradient: (dy, backward) => [
        backward.wanted(0) ? dy : undefined,
        ...steps.flatMap(({ x, down, up, inner, scale, column, shape, n, rank, k }, i) => {
          const [ofX, ofDown, ofUp] = [1, 2, 3].map((place) => 3 * i + place);
          const own = { buffer: dy.buffer, offset: dy.offset + column };
          let dUp: Tensor | undefined;
          if (backward.wanted(ofUp)) {
            dUp = run.empty([n, rank]);
            const size = { m: n, n: rank, k: rows };
            run.gemm({ ...size, a: own, aTransposed: true, lda: width, b: inner.tensor, out: dUp });
          }
          if (!backward.wanted(ofX) && !backward.wanted(ofDown)) return [undefined, undefined, dUp];
          const dz = run.empty([rows, rank]);
          run.gemm({ m: rows, n: rank, k: n, a: own, lda: width, b: up.tensor, out: dz });
          const dInner = scaled(run, dz, scale);
          let dDown: Tensor | undefined;
          if (backward.wanted(ofDown)) {
            dDown = run.empty([rank, k]);
            run.gemm({ m: rank, n: k, k: rows, a: dInner, aTransposed: true, b: x.tensor, out: dDown });
          }
          // several updates of one x each return their own: backward adds them up
          const dx = backward.wanted(ofX) ? inputGradient(run, dInner, down.tensor, shape, undefined, ofX) : undefined;
          return [dx, dDown, dUp];
        }),
      ],
    };
  },
  composition: (y, updates) =>
    updates.reduce((sum, { x, down, up, scale, column = 0 }) => {
      const end = column + up.shape[0];
      const width = sum.shape[sum.rank - 1];
      const changed = add(slice(sum, -1, column, end), mul(linear(linear(x, down), up), scale));
      const parts = [slice(sum, -1, 0, column), changed, slice(sum, -1, end, width)];
      return concat(
        parts.filter((part) => part.size > 0),
        -1,
      );
    }, y),
  samples: (make) => {
    const x = make.normal([9, 8]);
    return [
      {
        args: [make.normal([9, 6]), [{ x, down: make.normal([2, 8]), up: make.normal([6, 2]), scale: 0.5 }]],
        terms: 9 * 8,
      },
      {
        args: [
          make.normal([9, 20]),
          [
            { x, down: make.normal([3, 8]), up: make.normal([5, 3]), scale: 2 },
            { x: make.normal([9, 7]), down: make.normal([4, 7]), up: make.normal([6, 4]), scale: 0.25, column: 14 },
            { x, down: make.normal([1, 8]), up: make.normal([4, 1]), scale: -1, column: 10 },
          ],
        ],
        terms: 9 * 8 * 3,
      },
      {
        args: [
          make.normal([2, 3, 6]),
          [{ x: make.normal([2, 3, 5]), down: make.normal([2, 5]), up: make.normal([4, 2]), scale: 1, column: 2 }],
        ],
        terms: 6 * 5,
      },
    ];
  },
});

function check(y: Tensor, { x, down, up, column = 0 }: LowRankUpdate): void {
  const fits =
    [y, x, down, up].every((tensor) => tensor.dtype === "float32") &&
    down.rank === 2 &&
    up.rank === 2 &&
    x.rank >= 1 &&
    down.shape[1] === x.shape[x.rank - 1] &&
    up.shape[1] === down.shape[0] &&
    x.size * y.shape[y.rank - 1] === y.size * x.shape[x.rank - 1] &&
    column >= 0 &&
    column + up.shape[0] <= y.shape[y.rank - 1];
  if (fits) return;
  throw new ShapeError(
    `lowRank: y ${formatShape(y.shape)}, x ${formatShape(x.shape)}, down ${formatShape(down.shape)}, up ${formatShape(up.shape)} ` +
      `at column ${column} do not fit: float32 [..., width], [..., in], [rank, in], [out, rank], out columns within width`,
  );
}

/** a [m, k] times b [n, k] transposed. */
function product(run: OpRun, size: { m: number; n: number; k: number }, a: Tensor, b: Tensor): Tensor {
  const out = run.empty([size.m, size.n]);
  run.gemm({ ...size, a, b, bTransposed: true, out });
  return out;
}

/** The tensor times a number, in place: it is the op's own, and small. */
function scaled(run: OpRun, tensor: Tensor, factor: number): Tensor {
  if (factor !== 1) run.kernels.unary("affine", tensor, tensor, tensor.size, factor, 0);
  return tensor;
}
