// Softmax cross-entropy with class weights, label smoothing and an ignored label.
import { DeviceError } from "../../support/errors.js";
import type { CrossEntropy, CrossEntropyForward, CrossEntropyGradient } from "../kernels.js";
import { floats, ints } from "./memory.js";
import { exponentialSum } from "./reduce.js";

/** The labels, every one of them in [0, classes) or the ignored one. */
function checkedLabels(call: CrossEntropy): Int32Array {
  const labels = ints(call.labels, call.rows);
  for (let r = 0; r < call.rows; r++) {
    const label = labels[r];
    if (label !== call.ignoreIndex && !(label >= 0 && label < call.classes)) {
      throw new DeviceError(
        `label ${label} of row ${r} is outside [0, ${call.classes}) and is not the ignored label ${call.ignoreIndex}`,
      );
    }
  }
  return labels;
}

export function crossEntropy(call: CrossEntropyForward): void {
  const { rows, classes, labelSmoothing } = call;
  const logits = floats(call.logits, rows * classes);
  const labels = checkedLabels(call);
  const weight = call.weight && floats(call.weight, classes);
  const kept = floats(call.logSumExp, rows);
  let loss = 0;
  let smoothing = 0;
  let normalizer = 0;
  for (let r = 0; r < rows; r++) {
    const start = r * classes;
    const { top, sum } = exponentialSum(logits, start, classes);
    const logSum = Math.log(sum);
    kept[r] = top + logSum;
    const label = labels[r];
    if (label === call.ignoreIndex) continue;
    const rowWeight = weight ? weight[label] : 1;
    normalizer += rowWeight;
    loss += rowWeight * (top - logits[start + label] + logSum);
    if (labelSmoothing > 0) {
      for (let c = 0; c < classes; c++) smoothing += (weight ? weight[c] : 1) * (top - logits[start + c] + logSum);
    }
  }
  const smoothed = labelSmoothing > 0 ? (1 - labelSmoothing) * loss + (labelSmoothing / classes) * smoothing : loss;
  floats(call.normalizer, 1)[0] = normalizer;
  floats(call.loss, 1)[0] = smoothed / normalizer; // NaN where every row is ignored, as in PyTorch
}

/**
 * With a_c = (1-e) w[y] [c = y] + e/classes w[c], row i's part of the loss is sum_c a_c (logSumExp - x_c) / normalizer, so
 * dx_c = dLoss / normalizer * (p_c sum(a) - a_c).
 */
export function crossEntropyGradient(call: CrossEntropyGradient): void {
  const { rows, classes, labelSmoothing } = call;
  const logits = floats(call.logits, rows * classes);
  const labels = checkedLabels(call);
  const weight = call.weight && floats(call.weight, classes);
  const kept = floats(call.logSumExp, rows);
  const factor = floats(call.dLoss, 1)[0] / floats(call.normalizer, 1)[0];
  const dLogits = floats(call.dLogits, rows * classes);
  let weightSum = 0;
  for (let c = 0; c < classes; c++) weightSum += weight ? weight[c] : 1;
  const spread = labelSmoothing / classes;
  for (let r = 0; r < rows; r++) {
    const start = r * classes;
    const label = labels[r];
    if (label === call.ignoreIndex) {
      dLogits.fill(0, start, start + classes);
      continue;
    }
    const target = (1 - labelSmoothing) * (weight ? weight[label] : 1);
    const sum = target + spread * weightSum;
    for (let c = 0; c < classes; c++) {
      const share = (c === label ? target : 0) + spread * (weight ? weight[c] : 1);
      dLogits[start + c] = factor * (Math.exp(logits[start + c] - kept[r]) * sum - share);
    }
  }
}
