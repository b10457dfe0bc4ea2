// How gradients are cut into buckets: what is sent together, in the order in which backward completes it.

/** Numbers of the parameters of each bucket. */
export type Buckets = readonly (readonly number[])[];

/**
 * Buckets of at least `bytes`, but for the last. The first is small, so that sending begins soon.
 * @param order Numbers of the parameters as their gradients are completed.
 * @param sizes Elements of each parameter.
 */
export function cutBuckets(order: readonly number[], sizes: readonly number[], bytes: number): Buckets {
  const buckets: number[][] = [];
  let current: number[] = [];
  let held = 0;
  for (const number of order) {
    current.push(number);
    held += 4 * sizes[number];
    if (held < (buckets.length === 0 ? Math.min(bytes, FIRST_BYTES) : bytes)) continue;
    buckets.push(current);
    current = [];
    held = 0;
  }
  if (current.length > 0) buckets.push(current);
  return buckets;
}

const FIRST_BYTES = 2 ** 20;
