// Ranks of values, for what is a matter of order: Spearman's correlation, the area under a ROC curve.

/** The rank of each value from 1; equal values get the mean of the ranks they take together. */
export function ranks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const result = new Float64Array(values.length);
  for (let begin = 0, end = 0; begin < order.length; begin = end) {
    while (end < order.length && values[order[end]] === values[order[begin]]) end++;
    const rank = (begin + 1 + end) / 2;
    for (let i = begin; i < end; i++) result[order[i]] = rank;
  }
  return result;
}

/** Arrays of batches, one after another. */
export function concatenate(batches: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(batches.reduce((total, batch) => total + batch.length, 0));
  let offset = 0;
  for (const batch of batches) {
    all.set(batch, offset);
    offset += batch.length;
  }
  return all;
}
