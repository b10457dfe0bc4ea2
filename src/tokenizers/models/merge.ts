// The merging of byte-pair encoding (tokenizers/src/models/bpe/word.rs): of all neighbours whose pair is known, those of the
// lowest rank go first, the leftmost of several.
import { Heap } from "../heap.js";

/** The pieces of a word, in order; an id of -1 is one that was merged into the piece before it. */
export interface Pieces {
  readonly ids: number[];
  readonly starts: number[];
  readonly ends: number[];
}

/** A pair's place in the queue: its rank, then its position, as one number that is exact up to words of 2^24 characters. */
const POSITIONS = 2 ** 24;

/**
 * Merges pieces in place.
 * @param ranks for `first * factor + second` the rank of that pair
 * @param merged for each rank the id that it gives
 */
export function mergePieces(
  { ids, ends }: Pieces,
  ranks: ReadonlyMap<number, number>,
  merged: Int32Array,
  factor: number,
): void {
  const { length } = ids;
  if (length < 2) return;
  const next = Int32Array.from({ length }, (_, i) => i + 1);
  const previous = Int32Array.from({ length }, (_, i) => i - 1);
  const queue = new Heap<number>((a, b) => a < b);
  const enqueue = (position: number): void => {
    const rank = ranks.get(ids[position] * factor + ids[next[position]]);
    if (rank !== undefined) queue.push(rank * POSITIONS + position);
  };
  for (let i = 0; i + 1 < length; i++) enqueue(i);
  for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
    const position = entry % POSITIONS;
    const id = merged[(entry - position) / POSITIONS];
    const right = next[position];
    if (ids[position] < 0 || right === length) continue;
    // Another merge may have been here before: then the pair is another one now, unless it gives the same token.
    const rank = ranks.get(ids[position] * factor + ids[right]);
    if (rank === undefined || merged[rank] !== id) continue;
    ids[position] = id;
    ends[position] = ends[right];
    ids[right] = -1;
    next[position] = next[right];
    if (next[right] < length) previous[next[right]] = position;
    if (previous[position] >= 0) enqueue(previous[position]);
    if (next[position] < length) enqueue(position);
  }
}
