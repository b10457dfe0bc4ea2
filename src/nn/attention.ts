// Attention over a packed batch, and over a padded one where the mask is known to the device only.
import {
  type AttentionInputs,
  attention,
  cast,
  dropout as dropElements,
  matmul,
  permute,
  reshape,
  slice,
  softmax,
  type Tensor,
} from "../tensor/index.js";
import type { Packing } from "./packing.js";

export interface PackedAttentionOptions {
  readonly heads: number;
  /** Probability with which attention weights are dropped. */
  readonly dropout: number;
  /** The queries are the first tokens only: one row a sequence. */
  readonly firstTokenOnly?: boolean;
}

/** See the `attention` op for the inputs. -> [rows of query, width] */
export function packedAttention(inputs: AttentionInputs, packing: Packing, options: PackedAttentionOptions): Tensor {
  const { heads, dropout, firstTokenOnly = false } = options;
  if (packing.deviceMask) return maskedAttention(inputs, packing.deviceMask, packing, options);
  return attention(inputs, {
    heads,
    dropout,
    keyOffsets: packing.offsets,
    queryOffsets: firstTokenOnly ? packing.firstOffsets : packing.offsets,
  });
}

/** The padded form: [batch, heads, queries, keys] scores, masked keys at -1e30. */
function maskedAttention(
  inputs: AttentionInputs,
  mask: Tensor,
  packing: Packing,
  { heads, dropout, firstTokenOnly = false }: PackedAttentionOptions,
): Tensor {
  const { batch, length } = packing;
  const queries = firstTokenOnly ? 1 : length;
  const [query, key, value] = apart(inputs);
  const width = query.shape[1];
  const perHead = (x: Tensor, rows: number): Tensor =>
    permute(reshape(x, [batch, rows, heads, width / heads]), [0, 2, 1, 3]);
  const scores = matmul(perHead(query, queries), permute(perHead(key, length), [0, 1, 3, 2]));
  const closed = reshape(cast(mask, "float32").sub(1).mul(1e30), [batch, 1, 1, length]);
  const weights = softmax(scores.mul(1 / Math.sqrt(width / heads)).add(closed), -1);
  const mixed = matmul(dropout > 0 ? dropElements(weights, dropout) : weights, perHead(value, length));
  return reshape(permute(mixed, [0, 2, 1, 3]), [batch * queries, width]);
}

function apart(inputs: AttentionInputs): readonly [Tensor, Tensor, Tensor] {
  if (inputs.length === 3) return inputs;
  const last = inputs[inputs.length - 1] as Tensor;
  const width = inputs.length === 1 ? last.shape[1] / 3 : last.shape[1] / 2;
  const column = (i: number): Tensor => slice(last, 1, i * width, (i + 1) * width);
  return inputs.length === 1 ? [column(0), column(1), column(2)] : [inputs[0], column(0), column(1)];
}
