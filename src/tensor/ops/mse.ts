// The mean squared error.
import { ShapeError } from "../../support/errors.js";
import { defineComposite, type Op } from "../op.js";
import { formatShape, sameShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { mean } from "./mean.js";
import { mul } from "./mul.js";
import { sub } from "./sub.js";

/**
 * Predictions and targets float32 of one shape -> [] (a scalar), as torch.nn.functional.mse_loss.
 * Throws ShapeError for shapes that differ: broadcasting [n, 1] with [n] would compare each with all.
 */
export const mse: Op<[predictions: Tensor, targets: Tensor]> = defineComposite({
  name: "mse",
  compute(predictions, targets) {
    if (!sameShape(predictions.shape, targets.shape)) {
      throw new ShapeError(
        `mse: predictions ${formatShape(predictions.shape)} and targets ${formatShape(targets.shape)} must have one shape`,
      );
    }
    const difference = sub(predictions, targets);
    return mean(mul(difference, difference));
  },
  samples: (make) => [{ args: [make.normal([6, 5]), make.normal([6, 5])], terms: 30 }],
});
