// Batches of equally many rows, in a sampler's order.
import type { BatchOrder, BatchSampler, Sampler } from "../sampler.js";

export class ChunkSampler implements BatchSampler {
  readonly sampler: Sampler;
  readonly batchSize: number;
  readonly dropLast: boolean;

  /** `dropLast` leaves out a last batch of fewer rows. */
  constructor(sampler: Sampler, batchSize: number, dropLast: boolean) {
    this.sampler = sampler;
    this.batchSize = batchSize;
    this.dropLast = dropLast;
  }

  get length(): number {
    const batches = this.sampler.length / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  batches(epoch: number): BatchOrder {
    const order = this.sampler.order(epoch);
    const { batchSize, length } = this;
    return {
      length,
      at: (batch) => {
        const start = batch * batchSize;
        return Array.from({ length: Math.min(batchSize, order.length - start) }, (_, i) => order[start + i]);
      },
    };
  }
}
