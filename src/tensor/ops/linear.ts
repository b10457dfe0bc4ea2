// y = x W^T + b, with the weight stored [out, in] as in checkpoints.
import { checkLinear, inputGradient, parameterGradients } from "../linearRules.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";
import { add } from "./add.js";
import { matmul } from "./matmul.js";
import { transpose } from "./transpose.js";

/** x [..., in], weight [out, in], bias [out] -> [..., out]. */
export const linear: Op<[x: Tensor, weight: Tensor, bias?: Tensor]> = defineOp({
  name: "linear",
  forward(run, x, weight, bias) {
    checkLinear("linear", x, weight, bias);
    const [n, k] = weight.shape;
    const m = x.size / k;
    const y = run.empty([...x.shape.slice(0, -1), n]);
    run.gemm({ m, n, k, a: x, b: weight, bTransposed: true, bias, out: y });
    const savedX = run.save(x);
    const savedWeight = run.save(weight);
    return {
      output: y,
      inputs: [x, weight, bias],
      // dx = dy W, dW = dy^T x, db = column sums of dy
      gradient: (dy, backward) => [
        backward.wanted(0) ? inputGradient(run, dy, savedWeight.tensor, x.shape, backward, 0) : undefined,
        ...parameterGradients(run, dy, () => savedX.tensor, [n, k], backward, 1),
      ],
    };
  },
  composition: (x, weight, bias) => {
    const product = matmul(x, transpose(weight, 0, 1));
    return bias ? add(product, bias) : product;
  },
  samples: (make) => [
    { args: [make.normal([7, 5]), make.normal([3, 5]), make.normal([3])], terms: 7 },
    { args: [make.normal([2, 9, 33]), make.normal([50, 33])], terms: 50 },
    { args: [make.normal([70, 64]), make.normal([48, 64]), make.normal([48])], terms: 70 },
  ],
});
