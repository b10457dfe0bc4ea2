// Attention over packed sequences of different lengths, and its gradient, as the formulas of the contract read.
import type { Attention, AttentionForward, AttentionGradient, View } from "../kernels.js";
import { dropoutFactor } from "./dropout.js";
import { type FloatArray, floats, ints, span } from "./memory.js";

/** One head of one sequence: where its rows and its probabilities stand. */
interface Block {
  readonly head: number;
  /** First row and number of rows. */
  readonly queryRow: number;
  readonly queries: number;
  readonly keyRow: number;
  readonly keys: number;
  /** Of the first probability. */
  readonly start: number;
}

function blocks(call: Attention): Block[] {
  const queryOffsets = ints(call.queryOffsets, call.sequences + 1);
  const keyOffsets = ints(call.keyOffsets, call.sequences + 1);
  const found: Block[] = [];
  let start = 0;
  for (let s = 0; s < call.sequences; s++) {
    const queries = queryOffsets[s + 1] - queryOffsets[s];
    const keys = keyOffsets[s + 1] - keyOffsets[s];
    for (let head = 0; head < call.heads; head++) {
      found.push({ head, queryRow: queryOffsets[s], queries, keyRow: keyOffsets[s], keys, start });
      start += queries * keys;
    }
  }
  return found;
}

/** The keys that query i may see: from the first to before the second. */
function allowedKeys(call: Attention, i: number, keys: number): [number, number] {
  const window = call.window ?? 0;
  const first = window > 0 ? Math.max(0, i - window) : 0;
  let end = keys;
  if (window > 0) end = Math.min(end, i + window + 1);
  if (call.causal) end = Math.min(end, i + 1);
  return [Math.min(first, end), end];
}

/** Where the biases of query i of a head start, if there are biases. */
function biasStart(call: Attention, head: number, i: number): number {
  const biasHead = call.biasHeads === 1 || call.biasHeads === undefined ? 0 : head;
  return (biasHead * call.maxQuery + i) * call.maxKey;
}

function rows(view: View, offsets: View, stride: number, call: Attention): FloatArray {
  const count = ints(offsets, call.sequences + 1)[call.sequences];
  return floats(view, span(count, call.heads * call.headDim, stride));
}

function biasLength(call: Attention): number {
  return (call.biasHeads ?? 1) * call.maxQuery * call.maxKey;
}

function probabilityCount(all: readonly Block[]): number {
  const last = all.at(-1);
  return last ? last.start + last.queries * last.keys : 0;
}

export function attention(call: AttentionForward): void {
  const { headDim, scale, queryStride, keyStride, valueStride, outStride, dropout } = call;
  const query = rows(call.query, call.queryOffsets, queryStride, call);
  const key = rows(call.key, call.keyOffsets, keyStride, call);
  const value = rows(call.value, call.keyOffsets, valueStride, call);
  const out = rows(call.out, call.queryOffsets, outStride, call);
  const bias = call.bias && floats(call.bias, biasLength(call));
  const all = blocks(call);
  const probabilities = floats(call.probabilities, probabilityCount(all));
  const scores = new Float64Array(call.maxKey);
  const sums = new Float64Array(headDim);
  for (const { head, queryRow, queries, keyRow, keys, start } of all) {
    const column = head * headDim;
    for (let i = 0; i < queries; i++) {
      const q = (queryRow + i) * queryStride + column;
      const [first, end] = allowedKeys(call, i, keys);
      let top = Number.NEGATIVE_INFINITY;
      for (let j = first; j < end; j++) {
        const k = (keyRow + j) * keyStride + column;
        let dot = 0;
        for (let d = 0; d < headDim; d++) dot += query[q + d] * key[k + d];
        scores[j] = scale * dot + (bias ? bias[biasStart(call, head, i) + j] : 0);
        if (!(scores[j] <= top)) top = scores[j];
      }
      let total = 0;
      for (let j = first; j < end; j++) {
        scores[j] = Math.exp(scores[j] - top);
        total += scores[j];
      }
      const row = start + i * keys;
      probabilities.fill(0, row, row + keys);
      sums.fill(0);
      for (let j = first; j < end; j++) {
        let p = scores[j] / total;
        probabilities[row + j] = p;
        if (dropout) p *= dropoutFactor(dropout, row + j);
        const v = (keyRow + j) * valueStride + column;
        for (let d = 0; d < headDim; d++) sums[d] += p * value[v + d];
      }
      out.set(sums, (queryRow + i) * outStride + column);
    }
  }
}

/**
 * With P the probabilities, D what dropout multiplies them by and dP = D * (dOut V^T):
 *   dV = (P * D)^T dOut;  dS = P * (dP - rowsum(P * dP));  dQ = scale dS K;  dK = scale dS^T Q;  dBias = sum of dS.
 */
export function attentionGradient(call: AttentionGradient): void {
  const { headDim, scale, queryStride, keyStride, valueStride, dOutStride, dropout } = call;
  const query = rows(call.query, call.queryOffsets, queryStride, call);
  const key = rows(call.key, call.keyOffsets, keyStride, call);
  const value = rows(call.value, call.keyOffsets, valueStride, call);
  const dOut = rows(call.dOut, call.queryOffsets, dOutStride, call);
  const dQuery = rows(call.dQuery, call.queryOffsets, call.dQueryStride, call);
  const dKey = rows(call.dKey, call.keyOffsets, call.dKeyStride, call);
  const dValue = rows(call.dValue, call.keyOffsets, call.dValueStride, call);
  const biasSums = call.dBias && new Float64Array(biasLength(call));
  const all = blocks(call);
  const probabilities = floats(call.probabilities, probabilityCount(all));
  const dP = new Float64Array(call.maxKey);
  const querySums = new Float64Array(headDim);
  const keySums = new Float64Array(call.maxKey * headDim);
  const valueSums = new Float64Array(call.maxKey * headDim);
  for (const { head, queryRow, queries, keyRow, keys, start } of all) {
    const column = head * headDim;
    keySums.fill(0, 0, keys * headDim);
    valueSums.fill(0, 0, keys * headDim);
    for (let i = 0; i < queries; i++) {
      const q = (queryRow + i) * queryStride + column;
      const dO = (queryRow + i) * dOutStride + column;
      const row = start + i * keys;
      const [first, end] = allowedKeys(call, i, keys);
      let mean = 0;
      for (let j = first; j < end; j++) {
        const p = probabilities[row + j];
        const factor = dropout ? dropoutFactor(dropout, row + j) : 1;
        const v = (keyRow + j) * valueStride + column;
        let dot = 0;
        for (let d = 0; d < headDim; d++) {
          dot += dOut[dO + d] * value[v + d];
          valueSums[j * headDim + d] += p * factor * dOut[dO + d];
        }
        dP[j] = dot * factor;
        mean += p * dP[j];
      }
      querySums.fill(0);
      for (let j = first; j < end; j++) {
        const dScore = probabilities[row + j] * (dP[j] - mean);
        if (biasSums) biasSums[biasStart(call, head, i) + j] += dScore;
        const scaled = scale * dScore;
        const k = (keyRow + j) * keyStride + column;
        for (let d = 0; d < headDim; d++) {
          querySums[d] += scaled * key[k + d];
          keySums[j * headDim + d] += scaled * query[q + d];
        }
      }
      dQuery.set(querySums, (queryRow + i) * call.dQueryStride + column);
    }
    for (let j = 0; j < keys; j++) {
      const sums = [j * headDim, (j + 1) * headDim] as const;
      dKey.set(keySums.subarray(...sums), (keyRow + j) * call.dKeyStride + column);
      dValue.set(valueSums.subarray(...sums), (keyRow + j) * call.dValueStride + column);
    }
  }
  if (call.dBias && biasSums) floats(call.dBias, biasSums.length).set(biasSums);
}
