// A sequence as one row: the mean of its real tokens.
import { cast, mul, reshape, segmentSum, type Tensor, tensor } from "../tensor/index.js";
import type { Packing } from "./packing.js";

/** states [tokens, hidden] -> [batch, hidden]. */
export function meanOfTokens(states: Tensor, packing: Packing): Tensor {
  const { offsets, deviceMask, batch } = packing;
  if (deviceMask) {
    const real = reshape(cast(deviceMask, "float32"), [states.shape[0], 1]);
    return segmentSum(mul(states, real), offsets).div(segmentSum(real, offsets));
  }
  const starts = offsets.host ?? new Int32Array(batch + 1);
  const shares = Float32Array.from({ length: batch }, (_, row) => 1 / (starts[row + 1] - starts[row]));
  return mul(segmentSum(states, offsets), tensor(shares, { shape: [batch, 1] }));
}
