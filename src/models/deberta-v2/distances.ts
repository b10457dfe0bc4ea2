// Which row of the table of distances belongs to each distance between a query and a key (He et al. 2021): near ones have
// rows of their own, far ones share, by their logarithm. Rounded to float32 where Python's arithmetic is.
import { type DebertaV2Config, longestDistance, positionSpan } from "./config.js";

/** A distance (query minus key) rounded into `buckets`, of which half lie on either side of 0. */
export function logBucket(distance: number, buckets: number, longest: number): number {
  const middle = Math.floor(buckets / 2);
  const magnitude = Math.abs(distance);
  if (magnitude <= middle) return distance;
  const log = (x: number): number => Math.fround(Math.log(Math.fround(x)));
  const share = Math.fround(log(magnitude / middle) / log((longest - 1) / middle));
  return Math.sign(distance) * (Math.ceil(Math.fround(share * (middle - 1))) + middle);
}

/** The rows of a batch whose longest sequence has `length` tokens. */
export interface DistanceRows {
  /** The rows that occur, in the order in which they do. */
  readonly rows: Int32Array;
  /** For each key minus query from -(length - 1) to length - 1: its place in `rows`. */
  readonly places: Int32Array;
}

/** The row of the table for a distance (query minus key). */
export function distanceRow(config: DebertaV2Config, distance: number): number {
  const span = positionSpan(config);
  const bucket =
    config.position_buckets > 0 ? logBucket(distance, config.position_buckets, longestDistance(config)) : distance;
  return Math.min(Math.max(bucket + span, 0), 2 * span - 1);
}

export function distanceRows(config: DebertaV2Config, length: number): DistanceRows {
  const rows: number[] = [];
  const places = new Int32Array(2 * length - 1);
  for (let i = 0; i < places.length; i++) {
    const row = distanceRow(config, length - 1 - i);
    if (rows.at(-1) !== row) rows.push(row); // rows descend: equal ones are neighbours
    places[i] = rows.length - 1;
  }
  return { rows: Int32Array.from(rows), places };
}
