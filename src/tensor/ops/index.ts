// The table of operations: the one list that the methods on Tensor and the conformance suite are made from.
import type { Op } from "../op.js";
import { Tensor } from "../tensor.js";
import { add } from "./add.js";
import { argmax } from "./argmax.js";
import { attention } from "./attention.js";
import { bceWithLogits } from "./bceWithLogits.js";
import { cast } from "./cast.js";
import { clamp } from "./clamp.js";
import { eq, ge, gt, le, lt, ne } from "./compare.js";
import { concat } from "./concat.js";
import { crossEntropy } from "./crossEntropy.js";
import { div } from "./div.js";
import { dropout } from "./dropout.js";
import { embedding } from "./embedding.js";
import { exp } from "./exp.js";
import { maximum, minimum } from "./extremum.js";
import { feedForward } from "./feedForward.js";
import { gatedActivation } from "./gatedActivation.js";
import { gather } from "./gather.js";
import { gelu } from "./gelu.js";
import { layerNorm } from "./layerNorm.js";
import { linear } from "./linear.js";
import { log } from "./log.js";
import { logSoftmax } from "./logSoftmax.js";
import { lowRank } from "./lowRank.js";
import { matmul } from "./matmul.js";
import { max } from "./max.js";
import { mean } from "./mean.js";
import { mse } from "./mse.js";
import { mul } from "./mul.js";
import { neg } from "./neg.js";
import { permute } from "./permute.js";
import { pow } from "./pow.js";
import { putRows } from "./putRows.js";
import { relu } from "./relu.js";
import { reshape } from "./reshape.js";
import { rotary } from "./rotary.js";
import { scatterAdd } from "./scatterAdd.js";
import { segmentSum } from "./segmentSum.js";
import { sigmoid } from "./sigmoid.js";
import { silu } from "./silu.js";
import { slice } from "./slice.js";
import { softmax } from "./softmax.js";
import { sqrt } from "./sqrt.js";
import { stackedLinear } from "./stackedLinear.js";
import { sub } from "./sub.js";
import { sum } from "./sum.js";
import { takeRows } from "./takeRows.js";
import { tanh } from "./tanh.js";
import { transpose } from "./transpose.js";
import { where } from "./where.js";

export type { AttentionInputs, AttentionOptions, RelativeTerm, SequenceOffsets } from "./attention.js";
export type { BceWithLogitsOptions } from "./bceWithLogits.js";
export type { CrossEntropyOptions } from "./crossEntropy.js";
export type { LayerNormOptions } from "./layerNorm.js";
export type { LowRankUpdate } from "./lowRank.js";

/** Operations on one tensor and arguments: they are methods of Tensor too. */
export const methods = {
  add,
  sub,
  mul,
  div,
  pow,
  neg,
  exp,
  log,
  sqrt,
  tanh,
  sigmoid,
  relu,
  gelu,
  silu,
  clamp,
  maximum,
  minimum,
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  matmul,
  sum,
  mean,
  max,
  argmax,
  softmax,
  logSoftmax,
  reshape,
  permute,
  transpose,
  slice,
  gather,
  scatterAdd,
  cast,
};

/** Every operation. */
export const ops = {
  ...methods,
  where,
  concat,
  embedding,
  dropout,
  linear,
  stackedLinear,
  lowRank,
  feedForward,
  layerNorm,
  gatedActivation,
  attention,
  rotary,
  segmentSum,
  takeRows,
  putRows,
  crossEntropy,
  mse,
  bceWithLogits,
};

export {
  add,
  argmax,
  attention,
  bceWithLogits,
  cast,
  clamp,
  concat,
  crossEntropy,
  div,
  dropout,
  embedding,
  eq,
  exp,
  feedForward,
  gatedActivation,
  gather,
  ge,
  gelu,
  gt,
  layerNorm,
  le,
  linear,
  log,
  logSoftmax,
  lowRank,
  lt,
  matmul,
  max,
  maximum,
  mean,
  minimum,
  mse,
  mul,
  ne,
  neg,
  permute,
  pow,
  putRows,
  relu,
  reshape,
  rotary,
  scatterAdd,
  segmentSum,
  sigmoid,
  silu,
  slice,
  softmax,
  sqrt,
  stackedLinear,
  sub,
  sum,
  takeRows,
  tanh,
  transpose,
  where,
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
