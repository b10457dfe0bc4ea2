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
    const { rows, width } = touched;
    const index = ints(touched.index, rows);
    const values = floats(tensor.gradient, rows * width);
    const moving = ints(touched.moving, length / width);
    for (let row = 0, next = 0; row < length / width; row++) {
      const gradient = index[next] === row ? values.subarray(next * width, ++next * width) : undefined;
      if (gradient) moving[row] = 1;
      if (moving[row]) update(tensor, gradient, factor, row * width, (row + 1) * width);
      else decay(tensor, row * width, (row + 1) * width);
    }
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

/** The step for elements whose gradients and moments are zero. */
function decay(tensor: AdamWTensor, start: number, end: number): void {
  const parameter = floats(tensor.parameter, tensor.length);
  for (let i = start; i < end; i++) parameter[i] *= 1 - tensor.learningRate * tensor.weightDecay;
}

export function checkFinite(x: View, length: number, what: string): void {
  const values = floats(x, length);
  for (let i = 0; i < length; i++) {
    if (!Number.isFinite(values[i])) throw new DeviceError(`"${what}" holds ${values[i]} at index ${i} of ${length}`);
  }
}
