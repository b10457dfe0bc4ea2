// Gated linear units (Shazeer 2020; GeGLU with gelu): y = activation(a) * b, where x = [a, b] side by side.
import type { Activation } from "../../backends/kernels.js";
import { ShapeError } from "../../support/errors.js";
import { activate } from "../activate.js";
import { checkFloat32 } from "../elementwise.js";
import { defineOp, type Op } from "../op.js";
import { formatShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { mul } from "./mul.js";
import { slice } from "./slice.js";

/** x [..., 2 * width] -> [..., width]; activation default gelu. */
export const gatedActivation: Op<[x: Tensor, activation?: Activation]> = defineOp({
  name: "gatedActivation",
  forward(run, x, activation = "gelu") {
    checkFloat32("gatedActivation", x);
    const width = x.shape[x.rank - 1] / 2;
    if (x.rank < 1 || !Number.isInteger(width)) {
      throw new ShapeError(`gatedActivation: x ${formatShape(x.shape)} must have an even number of columns`);
    }
    const rows = width === 0 ? 0 : x.size / (2 * width);
    const y = run.empty([...x.shape.slice(0, -1), width]);
    run.kernels.gatedActivation(activation, x, y, rows, width);
    const saved = run.save(x);
    return {
      output: y,
      inputs: [x],
      // da = dy b activation'(a), db = dy activation(a)
      gradient: (dy) => {
        const dx = run.empty(saved.tensor.shape);
        run.kernels.gatedActivationGradient(activation, saved.tensor, dy, dx, rows, width);
        return [dx];
      },
    };
  },
  composition: (x, activation = "gelu") => {
    const width = x.shape[x.rank - 1] / 2;
    return mul(activate(activation, slice(x, -1, 0, width)), slice(x, -1, width, 2 * width));
  },
  samples: (make) => [
    { args: [make.normal([2, 3, 8])] },
    { args: [make.normal([5, 38]), "gelu"] },
    { args: [make.normal([5, 38]), "gelu_tanh"] },
    { args: [make.normal([5, 38]), "relu"] },
    { args: [make.normal([5, 38]), "silu"] },
    { args: [make.normal([5, 38]), "tanh"] },
  ],
});
