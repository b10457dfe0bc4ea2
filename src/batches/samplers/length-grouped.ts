// Rows in a random order in which those of about equal length stand together, so that batches need little padding.
import { randperm } from "../../support/mt19937.js";
import type { Sampler } from "../sampler.js";

/** Rows are sorted within stretches of this many batches, fewer where that would leave fewer than four stretches. */
const BATCHES_SORTED_TOGETHER = 50;

/**
 * Epoch e is in the order of transformers' LengthGroupedSampler from a generator with the seed `seed + e`: a random order
 * whose stretches of 50 batches are sorted, longest first, and which begins with the longest row of all, so that a batch
 * that is too large for memory comes at once (transformers: trainer_pt_utils.py, get_length_grouped_indices).
 */
export class LengthGroupedSampler implements Sampler {
  readonly #lengths: ArrayLike<number>;
  readonly #stretch: number;
  readonly #seed: number;

  /** `lengths` of the rows; `batchSize` rows a batch (over all processes and accumulated batches); `seed`: a safe integer. */
  constructor(lengths: ArrayLike<number>, batchSize: number, seed: number) {
    const batches = Math.min(Math.floor(lengths.length / (batchSize * 4)), BATCHES_SORTED_TOGETHER);
    this.#lengths = lengths;
    this.#stretch = Math.max(batches, 1) * batchSize;
    this.#seed = seed;
  }

  get length(): number {
    return this.#lengths.length;
  }

  order(epoch: number): Uint32Array {
    const lengths = this.#lengths;
    const order = randperm(lengths.length, this.#seed + epoch);
    let longest = 0; // the place of the longest row, which is the first of its stretch
    for (let start = 0; start < order.length; start += this.#stretch) {
      order.subarray(start, start + this.#stretch).sort((a, b) => lengths[b] - lengths[a]);
      if (lengths[order[start]] > lengths[order[longest]]) longest = start;
    }
    if (longest > 0) [order[0], order[longest]] = [order[longest], order[0]];
    return order;
  }
}
