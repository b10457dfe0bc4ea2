// gelu(x) = x Phi(x), Phi the normal distribution function (Hendrycks & Gimpel 2016); "tanh" approximates it as in GPT-2.
import { unaryForward } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";

/** float32 of any shape; `approximate` as in torch: "none" (default, exact) or "tanh". */
export const gelu: Op<[x: Tensor, approximate?: "none" | "tanh"]> = defineOp({
  name: "gelu",
  // gelu'(x) = Phi(x) + x phi(x), phi the normal density
  forward: (run, x, approximate = "none") =>
    unaryForward(run, approximate === "tanh" ? "gelu_tanh" : "gelu", x, "input"),
  samples: (make) => [{ args: [make.normal([4, 37])] }, { args: [make.normal([5, 3]), "tanh"] }],
});
