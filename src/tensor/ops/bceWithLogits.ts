// Binary cross-entropy of logits.
import { ShapeError } from "../../support/errors.js";
import { zeros } from "../create.js";
import { defineComposite, type Op } from "../op.js";
import { formatShape, sameShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { add } from "./add.js";
import { concat } from "./concat.js";
import { logSoftmax } from "./logSoftmax.js";
import { mean } from "./mean.js";
import { mul } from "./mul.js";
import { neg } from "./neg.js";
import { reshape } from "./reshape.js";
import { slice } from "./slice.js";

export interface BceWithLogitsOptions {
  /** What the positive part of each loss is multiplied by; its shape broadcasts to the logits'. */
  readonly posWeight?: Tensor;
}

/**
 * Logits and targets (in [0, 1]) float32 of one shape -> [] (a scalar): the mean of
 * -(posWeight y log s(x) + (1 - y) log(1 - s(x))), s the sigmoid, as torch.nn.functional.binary_cross_entropy_with_logits.
 * Throws ShapeError for shapes that differ.
 */
export const bceWithLogits: Op<[logits: Tensor, targets: Tensor, options?: BceWithLogitsOptions]> = defineComposite({
  name: "bceWithLogits",
  compute(logits, targets, { posWeight } = {}) {
    if (!sameShape(logits.shape, targets.shape)) {
      throw new ShapeError(
        `bceWithLogits: logits ${formatShape(logits.shape)} and targets ${formatShape(targets.shape)} must have one shape`,
      );
    }
    // log s(x) and log(1 - s(x)) are the logSoftmax of [x, 0], which neither overflows nor has a kink at x = 0.
    const column = reshape(logits, [logits.size, 1]);
    const logs = logSoftmax(concat([column, zeros(column.shape, "float32", logits.backend)], 1));
    const part = (i: number): Tensor => reshape(slice(logs, 1, i, i + 1), logits.shape);
    const positive = mul(targets, part(0));
    const negative = mul(add(neg(targets), 1), part(1));
    return neg(mean(add(posWeight ? mul(positive, posWeight) : positive, negative)));
  },
  samples: (make) => [
    { args: [make.normal([6, 5]), make.uniform([6, 5], 0, 1)], terms: 30 },
    { args: [make.normal([4, 3]), make.uniform([4, 3], 0, 1), { posWeight: make.uniform([3], 0.5, 3) }], terms: 12 },
  ],
});
