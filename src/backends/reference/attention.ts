// Attention over packed sequences of different lengths, and its gradient, as the formulas of the contract read.
import type { Attention, AttentionGradient, AttentionResult, View } from "../kernels.js";
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
  /** Probabilities kept of a query. */
  readonly kept: number;
}

function blocks(call: Attention): Block[] {
  const queryOffsets = ints(call.queryOffsets, call.sequences + 1);
  const keyOffsets = ints(call.keyOffsets, call.sequences + 1);
  const found: Block[] = [];
  let start = 0;
  for (let s = 0; s < call.sequences; s++) {
    const queries = queryOffsets[s + 1] - queryOffsets[s];
    const keys = keyOffsets[s + 1] - keyOffsets[s];
    const kept = call.window ? Math.min(keys, 2 * call.window + 1) : keys;
    for (let head = 0; head < call.heads; head++) {
      found.push({ head, queryRow: queryOffsets[s], queries, keyRow: keyOffsets[s], keys, start, kept });
      start += queries * kept;
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

/** Where the probability of query i and key 0 stands, or would stand if it were kept. */
function probabilityRow(call: Attention, { start, kept, keys }: Block, i: number): number {
  const first = call.window ? Math.max(0, Math.min(i - call.window, keys - kept)) : 0;
  return start + i * kept - first;
}

/** Row of query i and key 0 among what is relative. */
function relativeRow(call: Attention, i: number): number {
  return call.maxQuery - 1 - i;
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
  return last ? last.start + last.queries * last.kept : 0;
}

function relativeRows(call: Attention): number {
  return call.maxQuery + call.maxKey - 1;
}

/** What the scores are made of besides query, key and scale. */
function readTerms(call: Attention) {
  const width = call.heads * call.headDim;
  const relative = (view: View | undefined): FloatArray | undefined =>
    view && floats(view, span(relativeRows(call), width, call.relativeStride ?? width));
  const keyRows = ints(call.keyOffsets, call.sequences + 1)[call.sequences];
  return {
    bias: call.bias && floats(call.bias, biasLength(call)),
    relativeBias: call.relativeBias && floats(call.relativeBias, call.heads * relativeRows(call)),
    relativeKey: relative(call.relativeKey),
    relativeQuery: relative(call.relativeQuery),
    relativeStride: call.relativeStride ?? width,
    keyMask: call.keyMask && ints(call.keyMask, keyRows),
  };
}

export function attention(call: Attention, result: AttentionResult): void {
  const { headDim, scale, queryStride, keyStride, valueStride, dropout } = call;
  const { outStride } = result;
  const query = rows(call.query, call.queryOffsets, queryStride, call);
  const key = rows(call.key, call.keyOffsets, keyStride, call);
  const value = rows(call.value, call.keyOffsets, valueStride, call);
  const out = rows(result.out, call.queryOffsets, outStride, call);
  const { bias, relativeBias, relativeKey, relativeQuery, relativeStride, keyMask } = readTerms(call);
  const all = blocks(call);
  const probabilities = result.probabilities && floats(result.probabilities, probabilityCount(all));
  const scores = new Float64Array(call.maxKey);
  const sums = new Float64Array(headDim);
  for (const block of all) {
    const { head, queryRow, queries, keyRow, keys, start, kept } = block;
    const column = head * headDim;
    for (let i = 0; i < queries; i++) {
      const q = (queryRow + i) * queryStride + column;
      const [first, end] = allowedKeys(call, i, keys);
      const relative = relativeRow(call, i);
      let top = Number.NEGATIVE_INFINITY;
      for (let j = first; j < end; j++) {
        const k = (keyRow + j) * keyStride + column;
        const r = (relative + j) * relativeStride + column;
        let dot = 0;
        for (let d = 0; d < headDim; d++) {
          dot += query[q + d] * key[k + d];
          if (relativeKey) dot += query[q + d] * relativeKey[r + d];
          if (relativeQuery) dot += key[k + d] * relativeQuery[r + d];
        }
        scores[j] = scale * dot;
        if (relativeBias) scores[j] += relativeBias[head * relativeRows(call) + relative + j];
        if (bias) scores[j] += bias[biasStart(call, head, i) + j];
        if (keyMask && keyMask[keyRow + j] === 0) scores[j] = Number.NEGATIVE_INFINITY;
        if (!(scores[j] <= top)) top = scores[j];
      }
      let total = 0;
      for (let j = first; j < end; j++) {
        scores[j] = scores[j] === Number.NEGATIVE_INFINITY ? 0 : Math.exp(scores[j] - top);
        total += scores[j];
      }
      const row = probabilityRow(call, block, i);
      probabilities?.fill(0, start + i * kept, start + (i + 1) * kept);
      sums.fill(0);
      for (let j = first; j < end; j++) {
        let p = total === 0 ? 0 : scores[j] / total; // 0 where no key is allowed
        if (probabilities) probabilities[row + j] = p;
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
 *   dV = (P * D)^T dOut;  dS = P * (dP - rowsum(P * dP));  dBias and dRelativeBias = sums of dS;
 *   dQ = scale dS K + scale (sum over j of dS relativeKey);  dK = scale dS^T Q + scale (sum over i of dS relativeQuery);
 *   dRelativeKey = scale (sum of dS q) and dRelativeQuery = scale (sum of dS k) over the pairs of a row.
 */
export function attentionGradient(call: Attention, gradient: AttentionGradient): void {
  const { headDim, scale, queryStride, keyStride, valueStride, dropout } = call;
  const { dOutStride } = gradient;
  const query = rows(call.query, call.queryOffsets, queryStride, call);
  const key = rows(call.key, call.keyOffsets, keyStride, call);
  const value = rows(call.value, call.keyOffsets, valueStride, call);
  const dOut = rows(gradient.dOut, call.queryOffsets, dOutStride, call);
  const dQuery = rows(gradient.dQuery, call.queryOffsets, gradient.dQueryStride, call);
  const dKey = rows(gradient.dKey, call.keyOffsets, gradient.dKeyStride, call);
  const dValue = rows(gradient.dValue, call.keyOffsets, gradient.dValueStride, call);
  const { relativeKey, relativeQuery, relativeStride } = readTerms(call);
  const width = call.heads * headDim;
  const biasSums = gradient.dBias && new Float64Array(biasLength(call));
  const relativeBiasSums = gradient.dRelativeBias && new Float64Array(call.heads * relativeRows(call));
  const relativeKeySums = gradient.dRelativeKey && new Float64Array(relativeRows(call) * width);
  const relativeQuerySums = gradient.dRelativeQuery && new Float64Array(relativeRows(call) * width);
  const all = blocks(call);
  const probabilities = floats(gradient.probabilities, probabilityCount(all));
  const dP = new Float64Array(call.maxKey);
  const querySums = new Float64Array(headDim);
  const keySums = new Float64Array(call.maxKey * headDim);
  const valueSums = new Float64Array(call.maxKey * headDim);
  for (const block of all) {
    const { head, queryRow, queries, keyRow, keys } = block;
    const column = head * headDim;
    keySums.fill(0, 0, keys * headDim);
    valueSums.fill(0, 0, keys * headDim);
    for (let i = 0; i < queries; i++) {
      const q = (queryRow + i) * queryStride + column;
      const dO = (queryRow + i) * dOutStride + column;
      const row = probabilityRow(call, block, i);
      const relative = relativeRow(call, i);
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
        if (relativeBiasSums) relativeBiasSums[head * relativeRows(call) + relative + j] += dScore;
        const scaled = scale * dScore;
        const k = (keyRow + j) * keyStride + column;
        const r = (relative + j) * relativeStride + column;
        const sums = (relative + j) * width + column;
        for (let d = 0; d < headDim; d++) {
          querySums[d] += scaled * key[k + d];
          keySums[j * headDim + d] += scaled * query[q + d];
          if (relativeKey) querySums[d] += scaled * relativeKey[r + d];
          if (relativeQuery) keySums[j * headDim + d] += scaled * relativeQuery[r + d];
          if (relativeKeySums) relativeKeySums[sums + d] += scaled * query[q + d];
          if (relativeQuerySums) relativeQuerySums[sums + d] += scaled * key[k + d];
        }
      }
      dQuery.set(querySums, (queryRow + i) * gradient.dQueryStride + column);
    }
    for (let j = 0; j < keys; j++) {
      const sums = [j * headDim, (j + 1) * headDim] as const;
      dKey.set(keySums.subarray(...sums), (keyRow + j) * gradient.dKeyStride + column);
      dValue.set(valueSums.subarray(...sums), (keyRow + j) * gradient.dValueStride + column);
    }
  }
  if (gradient.dBias && biasSums) floats(gradient.dBias, biasSums.length).set(biasSums);
  if (gradient.dRelativeBias && relativeBiasSums) {
    floats(gradient.dRelativeBias, relativeBiasSums.length).set(relativeBiasSums);
  }
  const stride = gradient.dRelativeStride ?? width;
  for (const [view, sums] of [
    [gradient.dRelativeKey, relativeKeySums],
    [gradient.dRelativeQuery, relativeQuerySums],
  ] as const) {
    if (!view || !sums) continue;
    const out = floats(view, span(relativeRows(call), width, stride));
    for (let r = 0; r < relativeRows(call); r++) out.set(sums.subarray(r * width, (r + 1) * width), r * stride);
  }
}
