// A transformer's feed-forward block, fused: y = act(x W1^T + b1) W2^T + b2. The activation and its derivative are
// computed on each finished tile of the first product, and the derivative is applied to a tile of backward's.
import type { Activation } from "../../backends/kernels.js";
import { activate } from "../activate.js";
import { checkLinear, inputGradient, parameterGradients } from "../linearRules.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";
import { linear } from "./linear.js";

/** x [..., in], w1 [inner, in], b1 [inner], w2 [out, inner], b2 [out] -> [..., out]. */
export const feedForward: Op<[x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, activation?: Activation]> =
  defineOp({
    name: "feedForward",
    forward(run, x, w1, b1, w2, b2, activation = "gelu") {
      checkLinear("feedForward", x, w1, b1);
      const [inner, k] = w1.shape;
      const m = x.size / k;
      const hidden = run.empty([...x.shape.slice(0, -1), inner]);
      const derivative = run.recording ? run.empty(hidden.shape) : undefined;
      run.gemm({
        m,
        n: inner,
        k,
        a: x,
        b: w1,
        bTransposed: true,
        bias: b1,
        activation,
        derivative,
        out: hidden,
      });
      checkLinear("feedForward", hidden, w2, b2);
      const [n] = w2.shape;
      const y = run.empty([...x.shape.slice(0, -1), n]);
      run.gemm({ m, n, k: inner, a: hidden, b: w2, bTransposed: true, bias: b2, out: y });
      const saved = { x: run.save(x), w1: run.save(w1), w2: run.save(w2), hidden: run.save(hidden) };
      const savedDerivative = derivative && run.save(derivative);
      const hiddenShape = hidden.shape;
      return {
        output: y,
        inputs: [x, w1, b1, w2, b2],
        // dh = (dy W2) * act'(h), then both linear layers' rules
        gradient: (dy, backward) => {
          const second = parameterGradients(run, dy, () => saved.hidden.tensor, [n, inner], backward, 3);
          if (!backward.wanted(0) && !backward.wanted(1) && !backward.wanted(2)) {
            return [undefined, undefined, undefined, ...second];
          }
          const dh = inputGradient(run, dy, saved.w2.tensor, hiddenShape, undefined, -1, savedDerivative?.tensor);
          const first = parameterGradients(run, dh, () => saved.x.tensor, [inner, k], backward, 1);
          const dx = backward.wanted(0) ? inputGradient(run, dh, saved.w1.tensor, x.shape, backward, 0) : undefined;
          return [dx, ...first, ...second];
        },
      };
    },
    composition: (x, w1, b1, w2, b2, activation = "gelu") => {
      return linear(activate(activation, linear(x, w1, b1)), w2, b2);
    },
    samples: (make) =>
      (["gelu", "gelu_tanh", "relu", "silu", "tanh"] as const).map((activation) => ({
        args: [
          make.normal([11, 16]),
          make.normal([40, 16]),
          make.normal([40]),
          make.normal([16, 40]),
          make.normal([16]),
          activation,
        ] as const,
        terms: 16 * 40,
      })),
  });
