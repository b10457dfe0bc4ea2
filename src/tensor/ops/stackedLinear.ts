// Several linear layers on one input as one product: y = [x W1^T + b1, x W2^T + b2, ...]. Where the weights lie one after
// another in memory (see nn's stack), they are used in place; otherwise they are copied together first.
import { ShapeError } from "../../support/errors.js";
import { inputGradient } from "../linearRules.js";
import { defineOp, type Op, type OpRun } from "../op.js";
import { formatShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { concat } from "./concat.js";
import { linear } from "./linear.js";

/** x [..., in], weights [out_i, in], biases [out_i] -> [..., sum of out_i]. */
export const stackedLinear: Op<[x: Tensor, weights: readonly Tensor[], biases: readonly Tensor[]]> = defineOp({
  name: "stackedLinear",
  forward(run, x, weights, biases) {
    check(x, weights, biases);
    const k = x.shape[x.rank - 1];
    const widths = weights.map((weight) => weight.shape[0]);
    const n = widths.reduce((sum, width) => sum + width, 0);
    const weight = together(run, weights, [n, k]);
    const y = run.empty([...x.shape.slice(0, -1), n]);
    run.gemm({
      m: x.size / k,
      n,
      k,
      a: x,
      b: weight,
      bTransposed: true,
      bias: together(run, biases, [n]),
      out: y,
    });
    const savedX = run.save(x);
    const savedWeight = run.save(weight);
    return {
      output: y,
      inputs: [x, ...weights, ...biases],
      // as linear's, the parameters' gradients cut apart again
      gradient: (dy, backward) => {
        const dx = backward.wanted(0) ? inputGradient(run, dy, savedWeight.tensor, x.shape, backward, 0) : undefined;
        const wanted = (first: number) => weights.some((_, i) => backward.wanted(first + i));
        const [weightsWanted, biasesWanted] = [wanted(1), wanted(1 + weights.length)];
        if (!weightsWanted && !biasesWanted) return [dx];
        const db = run.empty([n]);
        const rows = dy.size / n;
        if (!weightsWanted) run.kernels.reduce("sum", dy, db, 1, rows, n);
        const dw = weightsWanted ? run.empty([n, k]) : undefined;
        if (dw) {
          run.gemm({ m: n, n: k, k: rows, a: dy, aTransposed: true, b: savedX.tensor, out: dw, aRowSums: db });
        }
        let row = 0;
        const starts = widths.map((width) => {
          row += width;
          return row - width;
        });
        return [
          dx,
          ...widths.map((width, i) => dw?.alias([width, k], starts[i] * k)),
          ...widths.map((width, i) => db.alias([width], starts[i])),
        ];
      },
    };
  },
  composition: (x, weights, biases) =>
    concat(
      weights.map((weight, i) => linear(x, weight, biases[i])),
      -1,
    ),
  samples: (make) => [
    {
      args: [
        make.normal([9, 8]),
        [make.normal([6, 8]), make.normal([6, 8]), make.normal([4, 8])],
        [make.normal([6]), make.normal([6]), make.normal([4])],
      ],
      terms: 16,
    },
  ],
});

function check(x: Tensor, weights: readonly Tensor[], biases: readonly Tensor[]): void {
  const k = x.shape[x.rank - 1];
  const fits =
    weights.length > 0 &&
    weights.length === biases.length &&
    weights.every((weight, i) => weight.rank === 2 && weight.shape[1] === k && biases[i].size === weight.shape[0]);
  if (!fits) {
    throw new ShapeError(
      `stackedLinear: input ${formatShape(x.shape)}, weights ${weights.map((w) => formatShape(w.shape)).join(" ")} and ` +
        `biases ${biases.map((b) => formatShape(b.shape)).join(" ")} do not fit: [..., in], [out, in] each, [out] each`,
    );
  }
}

/** The tensors as one, without a copy where they are neighbours in one storage. */
function together(run: OpRun, parts: readonly Tensor[], shape: readonly number[]): Tensor {
  let end = parts[0].offset;
  const neighbours = parts.every((part) => {
    const follows = part.storage === parts[0].storage && part.offset === end;
    end += part.size;
    return follows;
  });
  if (neighbours) return parts[0].alias(shape);
  const out = run.empty(shape);
  let offset = 0;
  for (const part of parts) {
    run.kernels.copy(part, [1], { buffer: out.buffer, offset: out.offset + offset }, [1], [part.size]);
    offset += part.size;
  }
  return out;
}
