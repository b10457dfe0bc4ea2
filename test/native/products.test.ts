// Matrix products of the native engine against sums in double precision, for every instruction set: shapes around the
// tiles, every way of the kernel (packed, dot products, strided), every layout, every part of the epilogue.
import { afterAll, describe, expect, it } from "vitest";
import { extendedSets } from "../../native/sources.js";
import type { Activation, Gemm } from "../../src/backends/kernels.js";
import { createNativeBackend, nativeAvailability } from "../../src/backends/native/index.js";
import { bytesOf, empty, expectWithin, floats, type Memory, numbers, threadCounts } from "./work.js";

/** Error function by its series (|x| < 3) or continued fraction. */
function erf(x: number): number {
  if (Math.abs(x) < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 100; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / 2 / (Math.abs(x) + fraction);
  return Math.sign(x) * (1 - Math.exp(-x * x) / (Math.sqrt(Math.PI) * (Math.abs(x) + fraction)));
}

const activations: Record<Activation, (x: number) => number> = {
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  gelu_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  relu: (x) => Math.max(x, 0),
  silu: (x) => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};
const slope = (f: (x: number) => number, x: number): number => (f(x + 1e-4) - f(x - 1e-4)) / 2e-4;

interface Case {
  m: number;
  n: number;
  k: number;
  aTransposed?: boolean;
  bTransposed?: boolean;
  padding?: number; // between stored rows
  accumulate?: boolean;
  bias?: boolean;
  activation?: Activation;
  derivative?: boolean;
  multiply?: boolean;
  rowSums?: boolean;
}

const name = (c: Case): string =>
  Object.entries(c)
    .map(([key, value]) => (value === true ? key : `${key} ${value}`))
    .join(", ");

const layouts = [
  { aTransposed: false, bTransposed: false },
  { aTransposed: false, bTransposed: true },
  { aTransposed: true, bTransposed: false },
  { aTransposed: true, bTransposed: true },
];
const shapes: [m: number, n: number, k: number][] = [
  [1, 1, 1],
  [1, 2, 384], // a head of two labels
  [8, 2, 384],
  [8, 384, 384], // a pooler's rows
  [9, 100, 50],
  [16, 30, 700],
  [17, 17, 17],
  [67, 48, 31],
  [100, 3, 90],
  [130, 4, 33],
  [77, 97, 385], // one step more than a block of k
  [65, 50, 800],
  [40, 145, 9],
  [200, 60, 1],
];
const cases: Case[] = [
  ...shapes.flatMap(([m, n, k]) => layouts.map((layout) => ({ m, n, k, ...layout }))),
  ...layouts.map((layout) => ({ m: 33, n: 70, k: 60, ...layout, padding: 3, accumulate: true })),
  ...layouts.map((layout) => ({ m: 7, n: 21, k: 500, ...layout, padding: 5, accumulate: true, bias: true })),
  ...[5, 60].flatMap((m) =>
    (Object.keys(activations) as Activation[]).map((activation) => ({
      ...{ m, n: 55, k: 40, bTransposed: true, bias: true, activation, derivative: true },
    })),
  ),
  { m: 60, n: 100, k: 30, multiply: true, padding: 2 },
  { m: 30, n: 37, k: 400, accumulate: true, bias: true, activation: "gelu", derivative: true, multiply: true },
  ...[8, 50, 300].flatMap((m) => [5, 500].map((k) => ({ m, n: 40, k, aTransposed: true, rowSums: true }))),
  { m: 50, n: 40, k: 70, bTransposed: true, rowSums: true },
  { m: 50, n: 40, k: 1, bTransposed: true, rowSums: true }, // both strides of A are 1
];

for (const isa of nativeAvailability().isas) {
  describe(isa, () => {
    const backend = createNativeBackend({ isa, threads: 2 });
    afterAll(() => backend.close());

    it.each(cases.map((c) => [name(c), c] as const))("%s", async (_, c) => {
      const { m, n, k, padding = 0 } = c;
      const lda = (c.aTransposed ? m : k) + padding;
      const ldb = (c.bTransposed ? k : n) + padding;
      const ldc = n + padding;
      const a = numbers((c.aTransposed ? k : m) * lda, 1);
      const b = numbers((c.bTransposed ? n : k) * ldb, 2);
      const before = numbers(m * ldc, 3);
      const bias = numbers(n, 4);
      const factor = numbers(m * ldc, 5);
      const out = floats(backend, before);
      const derivative = empty(backend, m * ldc);
      backend.kernels.fill(derivative, m * ldc, 0);
      const rowSums = empty(backend, m);
      const memories: Memory[] = [floats(backend, a), floats(backend, b), out, derivative, rowSums];
      const call: Gemm = {
        ...{ m, n, k, lda, ldb, ldc, a: memories[0], b: memories[1], out },
        ...{
          aTransposed: c.aTransposed,
          bTransposed: c.bTransposed,
          accumulate: c.accumulate,
          activation: c.activation,
        },
        bias: c.bias ? floats(backend, bias) : undefined,
        derivative: c.derivative ? derivative : undefined,
        multiply: c.multiply ? floats(backend, factor) : undefined,
        aRowSums: c.rowSums ? rowSums : undefined,
      };
      backend.kernels.gemm(call);

      const expected = Float64Array.from(before); // what lies between the rows stays
      const expectedSlope = new Float64Array(m * ldc);
      const tolerance = new Float64Array(m * ldc);
      const sums = new Float64Array(m);
      for (let i = 0; i < m; i++) {
        for (let p = 0; p < k; p++) sums[i] += a[c.aTransposed ? p * lda + i : i * lda + p];
        for (let j = 0; j < n; j++) {
          let x = c.accumulate ? before[i * ldc + j] : 0;
          let size = Math.abs(x) + 1;
          for (let p = 0; p < k; p++) {
            const term = a[c.aTransposed ? p * lda + i : i * lda + p] * b[c.bTransposed ? j * ldb + p : p * ldb + j];
            x += term;
            size += Math.abs(term);
          }
          if (c.bias) x += bias[j];
          if (c.activation) {
            expectedSlope[i * ldc + j] = slope(activations[c.activation], x);
            x = activations[c.activation](x);
          }
          if (c.multiply) x *= factor[i * ldc + j];
          expected[i * ldc + j] = x;
          tolerance[i * ldc + j] = size * 2 ** -23 * (4 + Math.sqrt(k) / 4);
        }
      }
      expectWithin(await backend.read(out, m * ldc), expected, tolerance);
      if (c.derivative) {
        const ofSlope = tolerance.map((t) => 3 * t + 1e-6); // central differences
        expectWithin(await backend.read(derivative, m * ldc), expectedSlope, ofSlope);
      }
      if (c.rowSums) expectWithin(await backend.read(rowSums, m), sums, k * 2 ** -23 * 4);
      for (const { buffer } of memories) backend.free(buffer);
    });

    it("keeps NaN and the infinities where they are, also at the edges of tiles", async () => {
      for (const [m, n, k] of [
        [50, 50, 50],
        [5, 50, 20],
        [50, 2, 20],
      ]) {
        const host = numbers(m * k);
        host[(m - 1) * k] = Number.NaN;
        const out = empty(backend, m * n);
        const [a, b] = [floats(backend, host), floats(backend, numbers(k * n, 2))];
        for (const bTransposed of [false, true]) {
          backend.kernels.gemm({ m, n, k, a, b, out, bTransposed });
          const result = await backend.read(out, m * n);
          expect(result.findIndex((value) => !Number.isFinite(value))).toBe((m - 1) * n);
          expect(Array.from(result.slice((m - 1) * n)).every(Number.isNaN)).toBe(true);
        }
      }
    });
  });
}

const bfloat16Sets = nativeAvailability().isas.filter((isa) => isa in extendedSets || isa === "base");
it.each([["gemm", undefined] as const, ...bfloat16Sets.map((isa) => ["gemmBfloat16", isa] as const)])(
  "the number of threads does not change a bit of %s (%s)",
  async (kernel, isa) => {
    const shapesHere: [number, number, number][] = [
      [426, 384, 384],
      [426, 2, 384],
      [8, 384, 384],
      [300, 96, 1000],
      [200, 1100, 1100],
    ];
    const results: Uint8Array[][] = [];
    for (const threads of threadCounts) {
      const backend = createNativeBackend({ threads, isa });
      const outcome: Uint8Array[] = [];
      for (const [m, n, k] of shapesHere) {
        for (const layout of layouts) {
          const out = empty(backend, m * n);
          const rowSums = empty(backend, m);
          const [a, b] = [floats(backend, numbers(m * k)), floats(backend, numbers(k * n, 2))];
          backend.kernels[kernel]({ m, n, k, a, b, out, ...layout, aRowSums: rowSums });
          outcome.push(bytesOf(await backend.read(out, m * n)), bytesOf(await backend.read(rowSums, m)));
        }
      }
      results.push(outcome);
      backend.close();
    }
    for (const other of results.slice(1)) {
      for (const [i, bytes] of other.entries()) expect(Buffer.compare(bytes, results[0][i])).toBe(0);
    }
  },
);
