// The table of operations: the one list that the methods on Tensor and the conformance suite are made from.
import type { Op } from "../op.js";
import { Tensor } from "../tensor.js";
import { add } from "./add.js";
import { attention } from "./attention.js";
import { crossEntropy } from "./crossEntropy.js";
import { embedding } from "./embedding.js";
import { feedForward } from "./feedForward.js";
import { gelu } from "./gelu.js";
import { layerNorm } from "./layerNorm.js";
import { linear } from "./linear.js";
import { putRows } from "./putRows.js";
import { reshape } from "./reshape.js";
import { stackedLinear } from "./stackedLinear.js";
import { takeRows } from "./takeRows.js";

export * from "./add.js";
export * from "./attention.js";
export * from "./crossEntropy.js";
export * from "./embedding.js";
export * from "./feedForward.js";
export * from "./gelu.js";
export * from "./layerNorm.js";
export * from "./linear.js";
export * from "./putRows.js";
export * from "./reshape.js";
export * from "./stackedLinear.js";
export * from "./takeRows.js";

/** Operations on one tensor and arguments: they are methods of Tensor too. */
export const methods = { add, gelu, reshape };

/** Every operation. */
export const ops = {
  ...methods,
  attention,
  crossEntropy,
  embedding,
  feedForward,
  layerNorm,
  linear,
  putRows,
  stackedLinear,
  takeRows,
};

type Method<O> = O extends Op<[first: Tensor, ...rest: infer Rest]> ? (...rest: Rest) => Tensor : never;
type Methods = { [Name in keyof typeof methods]: Method<(typeof methods)[Name]> };

declare module "../tensor.js" {
  interface Tensor extends Methods {}
}

for (const [name, op] of Object.entries(methods)) {
  Object.defineProperty(Tensor.prototype, name, {
    configurable: true,
    value: function (this: Tensor, ...rest: unknown[]): Tensor {
      return (op as (...args: unknown[]) => Tensor)(this, ...rest);
    },
  });
}
