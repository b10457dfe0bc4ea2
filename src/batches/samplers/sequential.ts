// Rows in their own order, every epoch.
import type { Sampler } from "../sampler.js";

export class SequentialSampler implements Sampler {
  readonly length: number;

  constructor(length: number) {
    this.length = length;
  }

  order(): Uint32Array {
    return Uint32Array.from({ length: this.length }, (_, i) => i);
  }
}
