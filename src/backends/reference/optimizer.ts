// What an optimizer's step needs over all parameters at once: norm, clipping, AdamW, the search for a NaN.
import { DeviceError } from "../../support/errors.js";
import type { AdamWTensor, Run, View } from "../kernels.js";
import { floats, ints } from "./memory.js";

export function norm(runs: readonly Run[], out: View): void {
  let squares = 0;
  for (const run of runs) {
    const values = floats(run.view, run.length);
    for (let i = 0; i < run.length; i++) squares += values[i] * values[i];
  }
  floats(out, 1)[0] = Math.sqrt(squares);
}

export function clipFactor(totalNorm: View, maxNorm: number, out: View): void {
  floats(out, 1)[0] = Math.min(1, maxNorm / (floats(totalNorm, 1)[0] + 1e-6));
}

export function scale(runs: readonly Run[], factor: View): void {
  const by = floats(factor, 1)[0];
  for (const run of runs) {
    const values = floats(run.view, run.length);
    for (let i = 0; i < run.length; i++) values[i] *= by;
  }
}

export function adamw(tensors: readonly AdamWTensor[], gradientScale?: View): void {
  const factor = gradientScale ? floats(gradientScale, 1)[0] : 1;
  for (const tensor of tensors) {
    const { touched, length } = tensor;
    if (touched === undefined) {
      update(tensor, floats(tensor.gradient, length), factor, 0, length);
      continue;
    }
    // The rows between two touched ones have gradient zero.
    const index = ints(touched.index, touched.rows);
    const values = floats(tensor.gradient, touched.rows * touched.width);
    let done = 0;
    for (let r = 0; r < touched.rows; r++) {
      const start = index[r] * touched.width;
      update(tensor, undefined, factor, done, start);
      done = start + touched.width;
      update(tensor, values.subarray(r * touched.width, (r + 1) * touched.width), factor, start, done);
    }
    update(tensor, undefined, factor, done, length);
  }
}

/** The step for elements from `start` to `end`, whose gradients are `gradient` or zero. */
function update(
  tensor: AdamWTensor,
  gradient: Float64Array | Float32Array | undefined,
  factor: number,
  start: number,
  end: number,
): void {
  const { length, beta1, beta2, epsilon } = tensor;
  const parameter = floats(tensor.parameter, length);
  const m = floats(tensor.firstMoment, length);
  const v = floats(tensor.secondMoment, length);
  const stepSize = tensor.learningRate / tensor.biasCorrection1;
  const rootCorrection2 = Math.sqrt(tensor.biasCorrection2);
  const keep = 1 - tensor.learningRate * tensor.weightDecay;
  for (let i = start; i < end; i++) {
    const g = gradient ? gradient[i - start] * factor : 0;
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    parameter[i] = parameter[i] * keep - (stepSize * m[i]) / (Math.sqrt(v[i]) / rootCorrection2 + epsilon);
  }
}

export function checkFinite(x: View, length: number, what: string): void {
  const values = floats(x, length);
  for (let i = 0; i < length; i++) {
    if (!Number.isFinite(values[i])) throw new DeviceError(`"${what}" holds ${values[i]} at index ${i} of ${length}`);
  }
}
