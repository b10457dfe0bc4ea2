// A text as one row of numbers: what becomes of the states of its tokens (sentence-transformers: models/Pooling.py).
import { meanOfTokens, type Packing } from "../nn/index.js";
import { ConfigError } from "../support/errors.js";
import { div, max, maximum, mul, putRows, reshape, sqrt, sum, type Tensor, takeRows, tensor } from "../tensor/index.js";

/** The mean of the tokens' states, the first token's, or of each column the largest. */
export type PoolingMode = (typeof POOLING_MODES)[number];
export const POOLING_MODES = ["mean", "cls", "max"] as const;

/** states [tokens, hidden] of a packed batch -> [batch, hidden]. @throws ConfigError where a mask is known to the device only */
export function pool(states: Tensor, packing: Packing, mode: PoolingMode): Tensor {
  if (mode === "mean") return meanOfTokens(states, packing);
  if (mode === "cls") return takeRows(states, packing.first);
  return maxOfTokens(states, packing);
}

const LOWEST = -1e9; // what stands at padding, below any state

function maxOfTokens(states: Tensor, { batch, length, index, deviceMask }: Packing): Tensor {
  if (deviceMask || !index.host) throw new ConfigError("max pooling needs an attention mask made from numbers");
  const [, width] = states.shape;
  const penalty = new Float32Array(batch * length).fill(LOWEST);
  for (const at of index.host) penalty[at] = 0;
  const padded = putRows(states, index, batch * length).add(tensor(penalty, { shape: [batch * length, 1] }));
  const columns = reshape(padded, [batch, length, width]);
  return max(columns, 1);
}

/** Shorter rows are taken for this long, as in torch.nn.functional.normalize. */
const EPSILON = 1e-12;

/** Rows [n, width] divided by their lengths. */
export function normalized(rows: Tensor): Tensor {
  const squares = sum(mul(rows, rows), 1, { keepdim: true });
  return div(rows, maximum(sqrt(maximum(squares, EPSILON ** 2)), EPSILON));
}
