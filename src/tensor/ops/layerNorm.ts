// Layer normalization (Ba et al. 2016) over the last dimension, alone or fused with what comes before it in a transformer
// block: y = LayerNorm(dropout(x) + residual).
import { ShapeError } from "../../support/errors.js";
import { defineOp, type Op } from "../op.js";
import { nextDropout } from "../random.js";
import { formatShape, sameShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { add } from "./add.js";
import { dropout } from "./dropout.js";

export interface LayerNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
  /** Default: none. Same shape as x. */
  readonly residual?: Tensor;
  /** Probability with which elements of x (not of the residual) are dropped. Default 0. */
  readonly dropout?: number;
}

/** x [..., width], gamma and beta [width] -> [..., width]. */
export const layerNorm: Op<[x: Tensor, gamma: Tensor, beta: Tensor | undefined, options?: LayerNormOptions]> = defineOp(
  {
    name: "layerNorm",
    forward(run, x, gamma, beta, options = {}) {
      const { epsilon = 1e-5, residual } = options;
      const width = x.shape[x.rank - 1];
      if (gamma.size !== width || (beta && beta.size !== width) || (residual && !sameShape(residual.shape, x.shape))) {
        throw new ShapeError(
          `layerNorm: input ${formatShape(x.shape)}, gamma ${formatShape(gamma.shape)}` +
            `${beta ? `, beta ${formatShape(beta.shape)}` : ""}${residual ? `, residual ${formatShape(residual.shape)}` : ""} do not fit`,
        );
      }
      const rows = x.size / width;
      const mask = nextDropout("layerNorm", options.dropout ?? 0);
      const y = run.empty(x.shape);
      const normalized = run.recording ? run.empty(x.shape) : undefined;
      const rstd = run.recording ? run.empty([rows]) : undefined;
      run.kernels.layerNorm({
        rows,
        width,
        epsilon,
        x,
        residual,
        dropout: mask,
        gamma,
        beta,
        out: y,
        normalized,
        rstd,
      });
      const savedNormalized = normalized && run.save(normalized);
      const savedRstd = rstd && run.save(rstd);
      const savedGamma = run.save(gamma);
      return {
        output: y,
        inputs: [x, gamma, beta, residual],
        // With n the normalized sum: dgamma = sum dy n, dbeta = sum dy,
        // dsum = rstd (dy gamma - mean(dy gamma) - n mean(dy gamma n)); the residual gets dsum, x gets dropout(dsum)
        gradient: (dy, backward) => {
          if (!savedNormalized || !savedRstd) return [];
          const dSum = run.empty(dy.shape);
          const dX = mask && backward.wanted(0) ? run.empty(dy.shape) : undefined;
          const dGamma = backward.wanted(1) ? run.empty([width]) : undefined;
          const dBeta = backward.wanted(2) ? run.empty([width]) : undefined;
          run.kernels.layerNormGradient({
            rows,
            width,
            dOut: dy,
            normalized: savedNormalized.tensor,
            rstd: savedRstd.tensor,
            gamma: savedGamma.tensor,
            dropout: mask,
            dSum,
            dX,
            dGamma,
            dBeta,
          });
          return [dX ?? dSum, dGamma, dBeta, dSum];
        },
      };
    },
    composition: (x, gamma, beta, options = {}) => {
      const dropped = dropout(x, options.dropout ?? 0);
      const sum = options.residual ? add(dropped, options.residual) : dropped;
      return layerNorm(sum, gamma, beta, { epsilon: options.epsilon });
    },
    samples: (make) => [
      { args: [make.normal([3, 5, 20]), make.normal([20]), make.normal([20])], terms: 20 },
      { args: [make.normal([6, 33]), make.normal([33]), undefined, { epsilon: 1e-12 }], terms: 33 },
      {
        args: [
          make.normal([40, 64]),
          make.normal([64]),
          make.normal([64]),
          { residual: make.normal([40, 64]), dropout: 0.3 },
        ],
        terms: 64,
      },
    ],
  },
);
