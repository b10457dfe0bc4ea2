// The inputs of ops' samples: seeded, and exact in float32, so that every backend starts from the same numbers.
import { type Shape, sizeOf, type Tensor, tensor } from "../../src/tensor/index.js";
import type { Sampler } from "../../src/tensor/op.js";

/** Uniform in (0, 1): Marsaglia's xorshift (2003) with 32 bits. */
function generator(seed: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
}

export class SeededSampler implements Sampler {
  /** What integers() made. */
  readonly integersMade = new Set<Tensor>();
  readonly #uniform: () => number;
  readonly #hostKnows: boolean;

  /** @param hostKnows Whether the host keeps the values of integers(), as it does for tensors made from numbers. */
  constructor(seed: number, hostKnows = true) {
    this.#uniform = generator(seed);
    this.#hostKnows = hostKnows;
  }

  normal(shape: Shape): Tensor {
    return this.#make(shape, () => Math.sqrt(-2 * Math.log(this.#uniform())) * Math.cos(2 * Math.PI * this.#uniform()));
  }

  uniform(shape: Shape, low: number, high: number): Tensor {
    return this.#make(shape, () => low + (high - low) * this.#uniform());
  }

  integers(shape: Shape, below: number): Tensor {
    const values = Int32Array.from({ length: sizeOf(shape) }, () => Math.floor(below * this.#uniform()));
    const made = tensor(values, { shape });
    this.integersMade.add(made);
    if (!this.#hostKnows) made.markChanged(); // as a kernel's result, which only a read would bring
    return made;
  }

  offsets(lengths: readonly number[]): Tensor {
    return tensor(
      [0, ...lengths].map((_, i) => sum(lengths.slice(0, i))),
      { dtype: "int32" },
    );
  }

  #make(shape: Shape, draw: () => number): Tensor {
    const values = Float32Array.from({ length: sizeOf(shape) }, draw);
    return tensor(values, { shape, requiresGrad: true });
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
