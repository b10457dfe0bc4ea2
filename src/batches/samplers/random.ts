// Rows in a random order, another each epoch: for a seed the order in which Python's Trainer reads them.
import { randperm } from "../../support/mt19937.js";
import type { Sampler } from "../sampler.js";

/**
 * Epoch e is in the order of `torch.randperm` from a generator with the seed `seed + e`, as accelerate's
 * SeedableRandomSampler has it (accelerate: data_loader.py).
 */
export class RandomSampler implements Sampler {
  readonly length: number;
  readonly #seed: number;

  /** `seed` is any safe integer. */
  constructor(length: number, seed: number) {
    this.length = length;
    this.#seed = seed;
  }

  order(epoch: number): Uint32Array {
    return randperm(this.length, this.#seed + epoch);
  }
}
