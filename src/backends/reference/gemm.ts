// The matrix product and its epilogue. Both factors are packed into panels whose k runs contiguously, so that one inner
// loop serves every layout; a tile of 4 x 2 sums stays in registers. Sums are in double precision, in ascending k.
import type { Activation, Gemm } from "../kernels.js";
import { unaryDerivatives, unaryFunctions } from "./elementwise.js";
import { type FloatArray, floats, span } from "./memory.js";
import { roundToBfloat16 } from "./numbers.js";

const TILE_ROWS = 4;
const TILE_COLUMNS = 2;

/** Panels of `tile` rows of a [count, k] matrix, k-major within a panel; rows beyond `count` are zero. */
function pack(
  source: FloatArray,
  start: number,
  rowStep: number,
  kStep: number,
  count: number,
  k: number,
  tile: number,
  panels: Float64Array,
  round: (x: number) => number,
): void {
  for (let panel = 0, to = 0; panel < count; panel += tile, to += tile * k) {
    for (let r = 0; r < tile; r++) {
      if (panel + r >= count) {
        for (let p = 0; p < k; p++) panels[to + p * tile + r] = 0;
        continue;
      }
      const from = start + (panel + r) * rowStep;
      for (let p = 0; p < k; p++) panels[to + p * tile + r] = round(source[from + p * kStep]);
    }
  }
}

/** sums[r * 2 + c] = sum over p of a[p * 4 + r] * b[p * 2 + c], from panels that start at aStart and bStart. */
function tileProduct(
  a: Float64Array,
  aStart: number,
  b: Float64Array,
  bStart: number,
  k: number,
  sums: Float64Array,
): void {
  let s00 = 0;
  let s01 = 0;
  let s10 = 0;
  let s11 = 0;
  let s20 = 0;
  let s21 = 0;
  let s30 = 0;
  let s31 = 0;
  for (let p = 0, i = aStart, j = bStart; p < k; p++, i += TILE_ROWS, j += TILE_COLUMNS) {
    const b0 = b[j];
    const b1 = b[j + 1];
    const a0 = a[i];
    const a1 = a[i + 1];
    const a2 = a[i + 2];
    const a3 = a[i + 3];
    s00 += a0 * b0;
    s01 += a0 * b1;
    s10 += a1 * b0;
    s11 += a1 * b1;
    s20 += a2 * b0;
    s21 += a2 * b1;
    s30 += a3 * b0;
    s31 += a3 * b1;
  }
  sums[0] = s00;
  sums[1] = s01;
  sums[2] = s10;
  sums[3] = s11;
  sums[4] = s20;
  sums[5] = s21;
  sums[6] = s30;
  sums[7] = s31;
}

export function gemm(call: Gemm): void {
  product(call, (x) => x);
}

export function gemmBfloat16(call: Gemm): void {
  product(call, roundToBfloat16);
}

/** `round`: of the factors' elements. */
function product(call: Gemm, round: (x: number) => number): void {
  const { m, n, k, aTransposed = false, bTransposed = false, accumulate = false } = call;
  const lda = call.lda ?? (aTransposed ? m : k);
  const ldb = call.ldb ?? (bTransposed ? k : n);
  const ldc = call.ldc ?? n;
  const batch = call.batch ?? { count: 1, strideA: 0, strideB: 0, strideC: 0 };
  if (m === 0 || n === 0 || batch.count === 0) return;
  const last = batch.count - 1;
  const aSpan = aTransposed ? span(k, m, lda) : span(m, k, lda);
  const bSpan = bTransposed ? span(n, k, ldb) : span(k, n, ldb);
  const cSpan = last * batch.strideC + span(m, n, ldc);
  const a = floats(call.a, last * batch.strideA + aSpan);
  const b = floats(call.b, last * batch.strideB + bSpan);
  const out = floats(call.out, cSpan);
  const bias = call.bias && floats(call.bias, n);
  const derivative = call.derivative && floats(call.derivative, cSpan);
  const multiply = call.multiply && floats(call.multiply, cSpan);
  const rowSums = call.aRowSums && floats(call.aRowSums, batch.count * m);
  const activation: Activation | undefined = call.activation;
  const activate = activation && unaryFunctions[activation];
  const differentiate = activation && unaryDerivatives[activation];

  const aPanels = new Float64Array(Math.ceil(m / TILE_ROWS) * TILE_ROWS * k);
  const bPanels = new Float64Array(Math.ceil(n / TILE_COLUMNS) * TILE_COLUMNS * k);
  const sums = new Float64Array(TILE_ROWS * TILE_COLUMNS);
  for (let t = 0; t < batch.count; t++) {
    const [aRowStep, aKStep] = aTransposed ? [1, lda] : [lda, 1];
    const [bColumnStep, bKStep] = bTransposed ? [ldb, 1] : [1, ldb];
    pack(a, t * batch.strideA, aRowStep, aKStep, m, k, TILE_ROWS, aPanels, round);
    if (t === 0 || batch.strideB !== 0) {
      pack(b, t * batch.strideB, bColumnStep, bKStep, n, k, TILE_COLUMNS, bPanels, round);
    }
    for (let row = 0; row < m; row += TILE_ROWS) {
      const rowEnd = Math.min(row + TILE_ROWS, m);
      for (let column = 0; column < n; column += TILE_COLUMNS) {
        tileProduct(aPanels, row * k, bPanels, column * k, k, sums);
        const columnEnd = Math.min(column + TILE_COLUMNS, n);
        for (let i = row; i < rowEnd; i++) {
          for (let j = column; j < columnEnd; j++) {
            const at = t * batch.strideC + i * ldc + j;
            let x = sums[(i - row) * TILE_COLUMNS + (j - column)];
            if (accumulate) x += out[at];
            if (bias) x += bias[j];
            if (activate && differentiate) {
              const y = activate(x, 0, 0);
              if (derivative) derivative[at] = differentiate(x, y, 0, 0);
              x = y;
            }
            if (multiply) x *= multiply[at];
            out[at] = x;
          }
        }
      }
    }
    if (rowSums) {
      for (let i = 0; i < m; i++) {
        let sum = 0;
        const start = t * batch.strideA + i * aRowStep;
        for (let p = 0; p < k; p++) sum += a[start + p * aKStep];
        rowSums[t * m + i] = sum;
      }
    }
  }
}
