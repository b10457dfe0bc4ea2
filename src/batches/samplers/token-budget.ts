// Batches of about equally many tokens instead of equally many rows.
import { DataError } from "../../support/errors.js";
import { randperm } from "../../support/mt19937.js";
import type { BatchOrder, BatchSampler } from "../sampler.js";

export interface TokenBudgetOptions {
  /** Real tokens of a batch at most: padding, which is not computed, does not count. */
  readonly maxTokens: number;
  /** Rows of a batch at most. Default: as many as fit. */
  readonly maxRows?: number;
  /**
   * Batches of rows of about equal length, in another order each epoch; rows of one length change their batches. Undefined:
   * rows in their own order, every epoch.
   */
  readonly seed?: number;
}

/**
 * Cuts rows into batches that hold at most `maxTokens`. Where rows are shuffled they are sorted by length first, so that
 * where a batch ends depends on the lengths alone and every epoch has the same number of batches.
 */
export class TokenBudgetSampler implements BatchSampler {
  readonly #lengths: ArrayLike<number>;
  readonly #seed: number | undefined;
  /** Where each batch begins among the rows, sorted or as they are; and the end. */
  readonly #bounds: readonly number[];
  /** The rows sorted by length, where they are shuffled. */
  readonly #sorted: Uint32Array | undefined;

  /** Throws DataError where a row by itself has more tokens than a batch may have. */
  constructor(lengths: ArrayLike<number>, options: TokenBudgetOptions) {
    this.#lengths = lengths;
    this.#seed = options.seed;
    const order = Uint32Array.from({ length: lengths.length }, (_, row) => row);
    if (options.seed !== undefined) this.#sorted = order.sort((a, b) => lengths[a] - lengths[b]);
    this.#bounds = cut(order, lengths, options);
  }

  get length(): number {
    return this.#bounds.length - 1;
  }

  batches(epoch: number): BatchOrder {
    const bounds = this.#bounds;
    const rowsOf = (batch: number, order: Uint32Array | undefined): ArrayLike<number> => {
      const [start, end] = [bounds[batch], bounds[batch + 1]];
      return order ? order.subarray(start, end) : Array.from({ length: end - start }, (_, i) => start + i);
    };
    if (this.#seed === undefined) return { length: this.length, at: (batch) => rowsOf(batch, undefined) };
    const rows = this.#shuffledTies(randperm(this.#lengths.length, this.#seed + epoch));
    const order = randperm(this.length, this.#seed + epoch);
    return { length: this.length, at: (batch) => rowsOf(order[batch], rows) };
  }

  /** The rows by length, those of one length in the order that they have in `order`: a counting sort. */
  #shuffledTies(order: Uint32Array): Uint32Array {
    const lengths = this.#lengths;
    const next = new Map<number, number>(); // the next place for a row of a length
    this.#sorted?.forEach((row, place) => {
      if (!next.has(lengths[row])) next.set(lengths[row], place);
    });
    const rows = new Uint32Array(order.length);
    for (const row of order) {
      const place = next.get(lengths[row]) ?? 0;
      rows[place] = row;
      next.set(lengths[row], place + 1);
    }
    return rows;
  }
}

function cut(order: Uint32Array, lengths: ArrayLike<number>, { maxTokens, maxRows }: TokenBudgetOptions): number[] {
  const bounds = [0];
  let tokens = 0;
  order.forEach((row, i) => {
    if (lengths[row] > maxTokens) {
      throw new DataError(
        `row ${row} has ${lengths[row]} tokens, more than a batch may have (maxTokensPerBatch ${maxTokens}): ` +
          "truncate rows, or allow more",
      );
    }
    const start = bounds[bounds.length - 1];
    if (i > start && (tokens + lengths[row] > maxTokens || i - start === maxRows)) {
      bounds.push(i);
      tokens = 0;
    }
    tokens += lengths[row];
  });
  if (order.length > 0) bounds.push(order.length);
  return bounds;
}
