// Softmax cross-entropy, as torch.nn.functional.cross_entropy with reduction "mean".
import { ShapeError } from "../../support/errors.js";
import { full } from "../create.js";
import { defineOp, type Op } from "../op.js";
import { formatShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { add } from "./add.js";
import { cast } from "./cast.js";
import { ne } from "./compare.js";
import { div } from "./div.js";
import { embedding } from "./embedding.js";
import { gather } from "./gather.js";
import { logSoftmax } from "./logSoftmax.js";
import { mul } from "./mul.js";
import { reshape } from "./reshape.js";
import { sum } from "./sum.js";
import { where } from "./where.js";

export interface CrossEntropyOptions {
  /** Rows with this label do not count. Default -100. */
  readonly ignoreIndex?: number;
  /** In [0, 1): that share of the target is spread evenly over all classes. Default 0. */
  readonly labelSmoothing?: number;
  /** A weight per class, without gradient. [classes] */
  readonly weight?: Tensor;
}

/**
 * logits [n, classes], labels int32 [n] -> [] (a scalar): sum of w[y] nll / sum of w[y] over the rows that count.
 * Throws ShapeError for a label known to the host that is outside [0, classes) and not ignoreIndex.
 */
export const crossEntropy: Op<[logits: Tensor, labels: Tensor, options?: CrossEntropyOptions]> = defineOp({
  name: "crossEntropy",
  forward(run, logits, labels, options = {}) {
    const { ignoreIndex = -100, labelSmoothing = 0, weight } = options;
    if (logits.rank !== 2 || labels.dtype !== "int32" || labels.size !== logits.shape[0]) {
      throw new ShapeError(
        `crossEntropy: logits ${formatShape(logits.shape)} and ${labels.dtype} labels ${formatShape(labels.shape)}; ` +
          "they must be [n, classes] and int32 [n]",
      );
    }
    const [rows, classes] = logits.shape;
    labels.host?.forEach((label, i) => {
      if ((label < 0 || label >= classes) && label !== ignoreIndex) {
        throw new ShapeError(
          `crossEntropy: label ${label} at row ${i} is outside the ${classes} classes 0 ... ${classes - 1}`,
        );
      }
    });
    if (weight && weight.size !== classes) {
      throw new ShapeError(`crossEntropy: weight ${formatShape(weight.shape)} for ${classes} classes`);
    }
    const loss = run.empty([]);
    const logSumExp = run.empty([rows]);
    const normalizer = run.empty([1]);
    const plan = { rows, classes, ignoreIndex, labelSmoothing };
    run.kernels.crossEntropy({ ...plan, logits, labels, weight, logSumExp, normalizer, loss });
    const saved = {
      logits: run.save(logits),
      labels: run.save(labels),
      logSumExp: run.save(logSumExp),
      normalizer: run.save(normalizer),
      weight: weight && run.save(weight),
    };
    return {
      output: loss,
      inputs: [logits],
      // dlogits_ic = dloss / (sum of w[y]) * ((1-e) w[y_i] (p_ic - [c = y_i]) + e/classes (p_ic sum(w) - w_c))
      gradient: (dy) => {
        const dLogits = run.empty([rows, classes]);
        run.kernels.crossEntropyGradient({
          ...plan,
          logits: saved.logits.tensor,
          labels: saved.labels.tensor,
          weight: saved.weight?.tensor,
          logSumExp: saved.logSumExp.tensor,
          normalizer: saved.normalizer.tensor,
          dLoss: dy,
          dLogits,
        });
        return [dLogits];
      },
    };
  },
  composition: (logits, labels, { ignoreIndex = -100, labelSmoothing = 0, weight } = {}) => {
    const [rows, classes] = logits.shape;
    const counted = ne(labels, ignoreIndex);
    const label = reshape(where(counted, labels, 0), [rows, 1]);
    const perClass = weight ?? full([classes], 1, "float32", logits.backend);
    const rowWeight = mul(reshape(embedding(reshape(perClass, [classes, 1]), label), [rows]), cast(counted, "float32"));
    const logProbabilities = logSoftmax(logits);
    const labelled = mul(reshape(gather(logProbabilities, 1, label), [rows]), rowWeight);
    const spread = mul(sum(mul(logProbabilities, perClass), 1), cast(counted, "float32"));
    const total = add(mul(labelled, labelSmoothing - 1), mul(spread, -labelSmoothing / classes));
    return div(sum(total), sum(rowWeight));
  },
  samples: (make) => [
    { args: [make.normal([6, 5]), make.integers([6], 5)], terms: 30 },
    { args: [make.normal([7, 40]), make.integers([7], 40), { labelSmoothing: 0.2 }], terms: 280 },
    {
      args: [
        make.normal([9, 3]),
        make.integers([9], 3),
        { labelSmoothing: 0.1, ignoreIndex: 2, weight: make.uniform([3], 0.5, 2).detach() },
      ],
      terms: 27,
    },
  ],
});
