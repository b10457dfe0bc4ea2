// Attention of the native engine over sequences of several blocks of queries, with everything switched on, against the
// dense formulas in double precision; for every instruction set.
import { afterAll, describe, it } from "vitest";
import type { Dropout } from "../../src/backends/kernels.js";
import { createNativeBackend, nativeAvailability } from "../../src/backends/native/index.js";
import { empty, expectWithin, floats, ints, numbers } from "./work.js";

interface Setup {
  lengths: number[];
  /** Queries of each sequence, where they are fewer than the keys. */
  queries?: number[];
  heads: number;
  headDim: number;
  causal?: boolean;
  window?: number;
  biasHeads?: number;
  /** Relative keys and queries, and a bias by distance. */
  relative?: boolean;
  dropout?: Dropout;
}

/** The contract's counter: whether dropout keeps element `index`. */
function keeps(index: number, { probability, key0, key1 }: Dropout): boolean {
  let x = (Math.imul(index, 0x9e3779b1) + key0) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) >>> 0;
  x = ((x ^ (x >>> 13)) + key1) >>> 0;
  x = Math.imul(x, 0xc2b2ae35) >>> 0;
  x = (x ^ (x >>> 16)) >>> 0;
  return x >>> 8 >= Math.floor(probability * 2 ** 24);
}

function starts(lengths: readonly number[]): number[] {
  const list = [0];
  for (const length of lengths) list.push(list[list.length - 1] + length);
  return list;
}

const dropout = { probability: 0.1, key0: 0x12345678, key1: 0x9abcdef0 };
const setups: Setup[] = [
  { lengths: [150, 67, 3], heads: 2, headDim: 32, dropout },
  { lengths: [150, 64], heads: 4, headDim: 8, causal: true, dropout },
  { lengths: [200, 65], heads: 2, headDim: 16, window: 20, dropout },
  { lengths: [140, 130], heads: 2, headDim: 20, window: 70, causal: true, biasHeads: 2, dropout },
  { lengths: [100, 129], heads: 3, headDim: 64, biasHeads: 1 },
  { lengths: [150, 67], queries: [1, 1], heads: 4, headDim: 32, dropout },
  { lengths: [50, 59, 47, 67, 59, 50, 62, 32], heads: 2, headDim: 8, dropout },
  { lengths: [150, 67, 3, 70, 20], heads: 2, headDim: 32, relative: true, dropout },
  { lengths: [150, 67], queries: [1, 1], heads: 4, headDim: 20, relative: true, dropout },
  { lengths: [140, 90], heads: 2, headDim: 64, window: 33, relative: true, dropout },
];

for (const isa of nativeAvailability().isas) {
  describe(isa, () => {
    const backend = createNativeBackend({ isa, threads: 2 });
    afterAll(() => backend.close());

    it.each(setups.map((setup) => [JSON.stringify(setup), setup] as const))("%s", async (_, setup) => {
      const { lengths: keys, queries = keys, heads, headDim, causal = false, window = 0, biasHeads } = setup;
      const width = heads * headDim;
      const scale = 1 / Math.sqrt(headDim);
      const [queryStarts, keyStarts] = [starts(queries), starts(keys)];
      const [queryRows, keyRows] = [queryStarts[queries.length], keyStarts[keys.length]];
      const [maxQuery, maxKey] = [Math.max(...queries), Math.max(...keys)];
      const query = numbers(queryRows * width, 1).map((x) => 2 * x);
      const keyValue = numbers(keyRows * 2 * width, 2); // key and value side by side
      const dOut = numbers(queryRows * width, 3);
      const bias = numbers((biasHeads ?? 1) * maxQuery * maxKey, 4);
      const kept = (s: number): number => (window > 0 ? Math.min(keys[s], 2 * window + 1) : keys[s]);
      const count = queries.reduce((total, length, s) => total + heads * length * kept(s), 0);
      const distances = maxQuery + maxKey - 1;
      const relativeBias = numbers(heads * distances, 5);
      const rows = numbers(distances * 2 * width, 6); // relative keys and queries side by side

      const probabilities = new Float64Array(count);
      const out = new Float64Array(queryRows * width);
      const dQuery = new Float64Array(query.length);
      const dKeyValue = new Float64Array(keyValue.length);
      const dBias = new Float64Array(bias.length);
      const dRelativeBias = new Float64Array(relativeBias.length);
      const dRows = new Float64Array(rows.length);
      let position = 0;
      for (let s = 0; s < queries.length; s++) {
        for (let h = 0; h < heads; h++) {
          for (let i = 0; i < queries[s]; i++) {
            const q = (queryStarts[s] + i) * width + h * headDim;
            const k = (j: number): number => (keyStarts[s] + j) * 2 * width + h * headDim;
            const b = (j: number): number => ((biasHeads === heads ? h : 0) * maxQuery + i) * maxKey + j;
            const distance = (j: number): number => j - i + maxQuery - 1;
            const r = (j: number): number => distance(j) * 2 * width + h * headDim;
            const start = window > 0 ? Math.max(0, Math.min(i - window, keys[s] - kept(s))) : 0;
            const scores = Array.from({ length: keys[s] }, (_, j) => {
              if ((causal && j > i) || (window > 0 && Math.abs(i - j) > window)) return Number.NEGATIVE_INFINITY;
              let dot = 0;
              for (let d = 0; d < headDim; d++) {
                dot += query[q + d] * keyValue[k(j) + d];
                if (setup.relative) dot += query[q + d] * rows[r(j) + d] + keyValue[k(j) + d] * rows[r(j) + width + d];
              }
              const added = setup.relative ? relativeBias[h * distances + distance(j)] : 0;
              return dot * scale + (biasHeads ? bias[b(j)] : 0) + added;
            });
            const top = Math.max(...scores);
            const exponentials = scores.map((score) => Math.exp(score - top));
            const total = exponentials.reduce((sum, x) => sum + x, 0);
            const p = exponentials.map((x) => x / total);
            const factor = p.map((_, j) =>
              setup.dropout
                ? keeps(position + j - start, setup.dropout)
                  ? 1 / (1 - setup.dropout.probability)
                  : 0
                : 1,
            );
            const dP = p.map((_, j) => {
              let dot = 0;
              for (let d = 0; d < headDim; d++) {
                out[q + d] += p[j] * factor[j] * keyValue[k(j) + width + d];
                dKeyValue[k(j) + width + d] += p[j] * factor[j] * dOut[q + d];
                dot += dOut[q + d] * keyValue[k(j) + width + d];
              }
              return dot * factor[j];
            });
            const mean = p.reduce((sum, x, j) => sum + x * dP[j], 0);
            for (let j = 0; j < keys[s]; j++) {
              const dScore = p[j] * (dP[j] - mean);
              dBias[b(j)] += dScore;
              dRelativeBias[h * distances + distance(j)] += dScore;
              for (let d = 0; d < headDim; d++) {
                dQuery[q + d] += dScore * scale * keyValue[k(j) + d];
                dKeyValue[k(j) + d] += dScore * scale * query[q + d];
                if (!setup.relative) continue;
                dQuery[q + d] += dScore * scale * rows[r(j) + d];
                dKeyValue[k(j) + d] += dScore * scale * rows[r(j) + width + d];
                dRows[r(j) + d] += dScore * scale * query[q + d];
                dRows[r(j) + width + d] += dScore * scale * keyValue[k(j) + d];
              }
            }
            probabilities.set(p.slice(start, start + kept(s)), position);
            position += kept(s);
          }
        }
      }

      const keyMemory = floats(backend, keyValue);
      const dKeyMemory = empty(backend, keyValue.length);
      const dQueryMemory = empty(backend, query.length);
      const call = {
        ...{
          sequences: queries.length,
          heads,
          headDim,
          scale,
          maxQuery,
          maxKey,
          causal,
          window,
          dropout: setup.dropout,
        },
        ...{ query: floats(backend, query), queryStride: width, key: keyMemory, keyStride: 2 * width },
        ...{ value: { buffer: keyMemory.buffer, offset: width }, valueStride: 2 * width },
        ...{ queryOffsets: ints(backend, queryStarts), keyOffsets: ints(backend, keyStarts) },
        ...{ bias: biasHeads ? floats(backend, bias) : undefined, biasHeads },
      };
      const both = (memory: ReturnType<typeof empty>) => [memory, { buffer: memory.buffer, offset: width }] as const;
      const rowMemory = both(floats(backend, rows));
      const relative = setup.relative && {
        ...{ relativeBias: floats(backend, relativeBias), relativeStride: 2 * width },
        ...{ relativeKey: rowMemory[0], relativeQuery: rowMemory[1] },
      };
      const outMemory = empty(backend, out.length);
      const probabilityMemory = empty(backend, count);
      backend.kernels.attention(
        { ...call, ...relative },
        { probabilities: probabilityMemory, out: outMemory, outStride: width },
      );
      expectWithin(await backend.read(probabilityMemory, count), probabilities, 1e-6);
      expectWithin(await backend.read(outMemory, out.length), out, 2e-6);
      const dBiasMemory = biasHeads ? empty(backend, bias.length) : undefined;
      const dRelativeBiasMemory = empty(backend, relativeBias.length);
      const dRowMemory = both(empty(backend, rows.length));
      const dRelative = setup.relative && {
        ...{ dRelativeBias: dRelativeBiasMemory, dRelativeStride: 2 * width },
        ...{ dRelativeKey: dRowMemory[0], dRelativeQuery: dRowMemory[1] },
      };
      const gradient = {
        probabilities: probabilityMemory,
        ...dRelative,
        ...{ dOut: floats(backend, dOut), dOutStride: width, dQuery: dQueryMemory, dQueryStride: width },
        ...{ dKey: dKeyMemory, dKeyStride: 2 * width, dBias: dBiasMemory },
        ...{ dValue: { buffer: dKeyMemory.buffer, offset: width }, dValueStride: 2 * width },
      };
      backend.kernels.attentionGradient({ ...call, ...relative }, gradient);
      expectWithin(await backend.read(dQueryMemory, dQuery.length), dQuery, 3e-6);
      expectWithin(await backend.read(dKeyMemory, dKeyValue.length), dKeyValue, 6e-6);
      if (dBiasMemory) expectWithin(await backend.read(dBiasMemory, dBias.length), dBias, 3e-6);
      if (!setup.relative) return;
      // sums over the pairs of a distance: up to 150 of them in 5 sequences
      expectWithin(await backend.read(dRelativeBiasMemory, dRelativeBias.length), dRelativeBias, 6e-6);
      expectWithin(await backend.read(dRowMemory[0], dRows.length), dRows, 6e-6);
    });
  });
}
