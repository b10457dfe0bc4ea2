// The buckets of MPNet's bias by relative position (T5's, Raffel et al. 2020): small distances have one each, larger ones
// share, by their logarithm.

/** Half of them for keys before the query, half for keys after it. */
export const relativeBuckets = 32;
const farthest = 128;

/** The bucket of a key that stands `distance` after the query. Rounded to float32 where Python's arithmetic is. */
export function relativeBucket(distance: number): number {
  const half = relativeBuckets / 2;
  const exact = half / 2;
  const magnitude = Math.abs(distance);
  const side = distance > 0 ? half : 0;
  if (magnitude < exact) return side + magnitude;
  const share = Math.fround(
    Math.fround(Math.log(Math.fround(magnitude / exact))) / Math.fround(Math.log(farthest / exact)),
  );
  return side + Math.min(half - 1, exact + Math.trunc(Math.fround(share * (half - exact))));
}
