// gelu(x) = x Phi(x), Phi the normal distribution function (Hendrycks & Gimpel 2016); "tanh" approximates it as in GPT-2.
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

export const gelu: Op<[x: Tensor, approximate?: "none" | "tanh"]> = defineOp({
  name: "gelu",
  forward(run, x, approximate = "none") {
    const kernel = approximate === "tanh" ? "gelu_tanh" : "gelu";
    const y = run.empty(x.shape);
    run.kernels.unary(kernel, x, y, x.size);
    const saved = run.save(x);
    return {
      output: y,
      inputs: [x],
      // gelu'(x) = Phi(x) + x phi(x), phi the normal density
      gradient: (dy) => {
        const dx = run.empty(dy.shape);
        run.kernels.unaryGradient(kernel, saved.tensor, saved.tensor, dy, dx, dy.size);
        return [dx];
      },
    };
  },
  samples: (make) => [{ args: [make.normal([4, 37])] }, { args: [make.normal([5, 3]), "tanh"] }],
});
