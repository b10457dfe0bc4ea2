// The matrix product, over batches with broadcasting.
import { ShapeError } from "../../support/errors.js";
import { checkFloat32, sumTo } from "../elementwise.js";
import { defineOp, type Op, type OpRun } from "../op.js";
import { broadcastShapes, formatShape, type Shape, sizeOf } from "../shape.js";
import { expand } from "../strided.js";
import type { Tensor } from "../tensor.js";

/**
 * a [..., m, k], b [..., k, n] -> [..., m, n], where what stands before the last two dimensions broadcasts. As in NumPy a
 * vector is a row on the left and a column on the right, and that dimension is not part of the result.
 */
export const matmul: Op<[a: Tensor, b: Tensor]> = defineOp({
  name: "matmul",
  forward(run, a, b) {
    checkFloat32("matmul", a, b);
    const aShape = a.rank === 1 ? [1, ...a.shape] : a.shape;
    const bShape = b.rank === 1 ? [...b.shape, 1] : b.shape;
    const [m, k] = aShape.slice(-2);
    const [inner, n] = bShape.slice(-2);
    if (a.rank < 1 || b.rank < 1 || k !== inner) {
      throw new ShapeError(
        `matmul: ${formatShape(a.shape)} and ${formatShape(b.shape)} do not fit: [..., m, k], [..., k, n]`,
      );
    }
    const batch = broadcastShapes("matmul", aShape.slice(0, -2), bShape.slice(0, -2));
    const y = product(run, batch, { x: a, shape: aShape }, { x: b, shape: bShape }, [m, n, k]);
    const [savedA, savedB] = [run.save(a), run.save(b)];
    const shapes = [a.shape, b.shape] as const;
    const dyShape = [...batch, m, n];
    return {
      output: y.alias([...batch, ...(a.rank === 1 ? [] : [m]), ...(b.rank === 1 ? [] : [n])]),
      inputs: [a, b],
      // dA = dY B^T, dB = A^T dY, each summed over the batches that repeat it
      gradient: (dy, { wanted }) => {
        const d: Factor = { x: dy, shape: dyShape };
        const right: Factor = { x: savedB.tensor, shape: bShape, transposed: true };
        const left: Factor = { x: savedA.tensor, shape: aShape, transposed: true };
        return [
          wanted(0) ? sumTo(product(run, batch, d, right, [m, k, n]), aShape).alias(shapes[0]) : undefined,
          wanted(1) ? rightGradient(run, batch, left, d, [k, n, m], bShape).alias(shapes[1]) : undefined,
        ];
      },
    };
  },
  samples: (make) => [
    { args: [make.normal([7, 5]), make.normal([5, 3])], terms: 7 },
    { args: [make.normal([2, 3, 4, 6]), make.normal([2, 3, 6, 5])], terms: 6 },
    { args: [make.normal([2, 1, 4, 6]), make.normal([3, 6, 5])], terms: 15 },
    { args: [make.normal([3, 4, 6]), make.normal([6, 5])], terms: 12 },
    { args: [make.normal([4, 6]), make.normal([3, 6, 5])], terms: 15 },
    { args: [make.normal([6]), make.normal([3, 6, 5])], terms: 15 },
    { args: [make.normal([3, 4, 6]), make.normal([6])], terms: 12 },
    { args: [make.normal([6]), make.normal([6])], terms: 6 },
  ],
});

/** A tensor, the shape to see it as, and whether its last two dimensions are exchanged in the product. */
interface Factor {
  readonly x: Tensor;
  readonly shape: Shape;
  readonly transposed?: boolean;
}

/** [batch, m, n] = [batch, m, k] [batch, k, n], factors broadcast over the batch. */
function product(run: OpRun, batch: Shape, a: Factor, b: Factor, [m, n, k]: readonly number[]): Tensor {
  const out = run.empty([...batch, m, n]);
  const common = { k, aTransposed: a.transposed, bTransposed: b.transposed, out };
  const count = sizeOf(batch);
  if (sizeOf(b.shape.slice(0, -2)) === 1 && sizeOf(a.shape.slice(0, -2)) === count && !a.transposed) {
    // one matrix on the right: the batches on the left are rows like others
    run.gemm({ ...common, m: count * m, n, a: a.x, b: b.x });
    return out;
  }
  const [left, right] = [repeated(a, batch), repeated(b, batch)];
  run.gemm({
    ...common,
    m,
    n,
    a: left.x,
    b: right.x,
    batch: { count, strideA: left.stride, strideB: right.stride, strideC: m * n },
  });
  return out;
}

/** A factor's memory and its distance from batch to batch; a copy only where some batch dimensions repeat it and others do not. */
function repeated({ x, shape }: Factor, batch: Shape): { x: Tensor; stride: number } {
  const own = shape.slice(0, -2);
  const matrix = shape.slice(-2);
  if (sizeOf(own) === 1) return { x, stride: 0 };
  const stride = sizeOf(matrix);
  if (sizeOf(own) === sizeOf(batch)) return { x, stride };
  return { x: expand("matmul", x.alias(shape), [...batch, ...matrix]), stride };
}

/** dB: where B is one matrix for all batches, the sum over them is the product's own. */
function rightGradient(
  run: OpRun,
  batch: Shape,
  a: Factor,
  dy: Factor,
  [k, n, m]: readonly number[],
  bShape: Shape,
): Tensor {
  if (sizeOf(bShape.slice(0, -2)) > 1 || sizeOf(a.shape.slice(0, -2)) !== sizeOf(batch)) {
    return sumTo(product(run, batch, a, dy, [k, n, m]), bShape);
  }
  const out = run.empty([k, n]);
  run.gemm({ m: k, n, k: sizeOf(batch) * m, a: a.x, aTransposed: true, b: dy.x, out });
  return out;
}
