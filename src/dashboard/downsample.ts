// Lines of many points on one x, in as few points as a chart can show: each bucket of the axis keeps the smallest and the
// greatest value of each line, in their order, so that no spike is lost. Few points are given as they are.

export interface Points {
  /** Rising. */
  readonly x: Float64Array;
  /** As many. */
  readonly y: Float64Array;
}

export interface Aligned {
  readonly x: number[];
  /** For each line a value for each x; null where it has none. */
  readonly lines: (number | null)[][];
}

/**
 * @param from The part of the axis that is asked for; one point of a line beyond each end is given, too, so that lines
 *   run out of the picture rather than end in it.
 */
export function downsample(lines: readonly Points[], from: number, to: number, buckets: number): Aligned {
  const ranges = lines.map(({ x }) => {
    return [Math.max(0, lowerBound(x, from) - 1), Math.min(x.length, upperBound(x, to) + 1)] as const;
  });
  return asTheyAre(lines, ranges, 4 * buckets) ?? extremes(lines, ranges, from, to, buckets);
}

type Range = readonly [first: number, end: number];

/** All points, if they stand at no more than `limit` places. */
function asTheyAre(lines: readonly Points[], ranges: readonly Range[], limit: number): Aligned | undefined {
  const places = new Set<number>();
  for (const [l, { x }] of lines.entries()) {
    const [first, end] = ranges[l];
    if (end - first > limit) return undefined;
    for (let i = first; i < end; i++) if (Number.isFinite(x[i])) places.add(x[i]);
    if (places.size > limit) return undefined;
  }
  const x = Array.from(places).sort((a, b) => a - b);
  const index = new Map(x.map((place, i) => [place, i]));
  const values = lines.map((line, l) => {
    const row: (number | null)[] = Array(x.length).fill(null);
    const [first, end] = ranges[l];
    for (let i = first; i < end; i++) {
      const place = index.get(line.x[i]);
      if (place !== undefined && Number.isFinite(line.y[i])) row[place] = line.y[i]; // of several at one place the last
    }
    return row;
  });
  return { x, lines: values };
}

function extremes(
  lines: readonly Points[],
  ranges: readonly Range[],
  from: number,
  to: number,
  buckets: number,
): Aligned {
  // A bucket more on each side for the points beyond the ends.
  const width = (to - from) / buckets || 1;
  const slots = 2 * (buckets + 2);
  const values = lines.map((line, l) => lineExtremes(line, ranges[l], from - width, width, buckets + 2));
  const x: number[] = [];
  const kept: (number | null)[][] = lines.map(() => []);
  for (let slot = 0; slot < slots; slot++) {
    if (values.every((row) => Number.isNaN(row[slot]))) continue;
    x.push(from - width + (slot / 2 + 0.25) * width);
    for (const [l, row] of values.entries()) kept[l].push(Number.isNaN(row[slot]) ? null : row[slot]);
  }
  return { x, lines: kept };
}

/** Two values for each bucket, NaN where there is none. */
function lineExtremes(
  { x, y }: Points,
  [first, end]: Range,
  start: number,
  width: number,
  buckets: number,
): Float64Array {
  const values = new Float64Array(2 * buckets).fill(Number.NaN);
  let bucket = -1;
  let [min, max, minAt, maxAt] = [Infinity, -Infinity, 0, 0];
  const put = () => {
    if (bucket < 0 || min > max) return;
    values[2 * bucket] = minAt <= maxAt ? min : max;
    if (minAt !== maxAt) values[2 * bucket + 1] = minAt <= maxAt ? max : min;
  };
  for (let i = first; i < end; i++) {
    const value = y[i];
    if (!(value - value === 0) || !(x[i] - x[i] === 0)) continue; // not finite
    const own = Math.min(buckets - 1, Math.max(0, Math.floor((x[i] - start) / width)));
    if (own !== bucket) {
      put();
      bucket = own;
      [min, max] = [Infinity, -Infinity];
    }
    if (value < min) [min, minAt] = [value, i];
    if (value > max) [max, maxAt] = [value, i];
  }
  put();
  return values;
}

/** How many of rising values lie between two. */
export function countWithin(values: Float64Array, from: number, to: number): number {
  return upperBound(values, to) - lowerBound(values, from);
}

/** The first index whose value is not below. */
function lowerBound(values: Float64Array, value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first index whose value is above. */
function upperBound(values: Float64Array, value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
