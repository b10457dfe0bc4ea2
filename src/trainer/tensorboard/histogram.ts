// Values counted into buckets that grow by a tenth each, on both sides of zero: those of TensorFlow, which tell weights of
// 1e-6 apart as well as those of 1 (tensorboard: histograms of summary.proto).

export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** The upper end of each bucket, rising; the first holds what is below it, too. */
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

const SMALLEST = 1e-12;
const LARGEST = 1e20;

let edges: Float64Array | undefined;

function bucketEdges(): Float64Array {
  const positive: number[] = [];
  for (let edge = SMALLEST; edge < LARGEST; edge *= 1.1) positive.push(edge);
  positive.push(Number.MAX_VALUE);
  return Float64Array.from([...positive.toReversed().map((edge) => -edge), 0, ...positive]);
}

/** Counts the finite values; undefined where there are none. Only the buckets between the first and last that hold any are given. */
export function histogramOf(values: ArrayLike<number>): Histogram | undefined {
  edges ??= bucketEdges();
  const counts = new Float64Array(edges.length);
  let [min, max, count, sum, sumOfSquares] = [Infinity, -Infinity, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    count++;
    sum += value;
    sumOfSquares += value * value;
    counts[bucketOf(value, edges)]++;
  }
  if (count === 0) return undefined;
  const first = counts.findIndex((each) => each > 0);
  const end = counts.findLastIndex((each) => each > 0) + 1;
  // TensorBoard draws a bucket from the limit before it: one empty bucket says where the first begins.
  const from = Math.max(0, first - 1);
  const [limits, held] = [edges, counts].map((column) => Array.from(column.subarray(from, end)));
  return { min, max, count, sum, sumOfSquares, limits, counts: held };
}

/** The first bucket whose upper end is not below the value. */
function bucketOf(value: number, limits: Float64Array): number {
  let [low, high] = [0, limits.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (limits[middle] >= value) high = middle;
    else low = middle + 1;
  }
  return low;
}
