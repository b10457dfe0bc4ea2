// Smoothing as TensorBoard has it: an exponential mean of what was before, without the bias of its start.

/** @param weight Of what was before, 0 to below 1. Values that are not finite stay, and count for nothing. */
export function smooth(values: Float64Array, weight: number): Float64Array {
  const smoothed = new Float64Array(values.length);
  let [mean, bias] = [0, 1];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) {
      smoothed[i] = value;
      continue;
    }
    mean = mean * weight + (1 - weight) * value;
    bias *= weight;
    smoothed[i] = mean / (1 - bias);
  }
  return smoothed;
}
