// A long series in few points: of every so many the least and the greatest, each where it is. A chart of the whole is drawn
// from these alone, and no spike is lost.
import type { Series } from "./history.js";

/** So many points become two. */
const BLOCK = 32;
/** A series that is shorter needs none. */
export const LEAST_POINTS = 4096;

/** What is kept of a series, in its order. */
export type Overview = Pick<Series, "steps" | "seconds" | "tokens" | "values">;

/** Places of the points that are kept: the first and the last with them. */
function kept(values: Float64Array): Uint32Array {
  const places = new Uint32Array(2 * Math.ceil(values.length / BLOCK) + 2);
  let count = 0;
  const keep = (place: number) => {
    if (count === 0 || place > places[count - 1]) places[count++] = place;
  };
  keep(0);
  for (let first = 0; first < values.length; first += BLOCK) {
    const end = Math.min(values.length, first + BLOCK);
    let [least, greatest] = [-1, -1];
    for (let i = first; i < end; i++) {
      const value = values[i];
      if (value - value !== 0) continue; // not finite
      if (least < 0 || value < values[least]) least = i;
      if (greatest < 0 || value > values[greatest]) greatest = i;
    }
    if (least < 0) continue;
    keep(Math.min(least, greatest));
    keep(Math.max(least, greatest));
  }
  keep(values.length - 1);
  return places.subarray(0, count);
}

export function overviewOf(series: Series): Overview {
  const places = kept(series.values);
  const pick = (all: Float64Array) => Float64Array.from(places, (place) => all[place]);
  return {
    steps: pick(series.steps),
    seconds: pick(series.seconds),
    tokens: pick(series.tokens),
    values: pick(series.values),
  };
}

export function countNonFinite(values: Float64Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] - values[i] !== 0) count++;
  return count;
}
