// The draws of numpy's Generator beyond `permutation` (pcg64.ts) that Python's datasets orders rows with: integers, choice
// with and without replacement, random. Algorithms are numpy's: random/src/distributions/distributions.c, _generator.pyx.
import { ConfigError } from "./errors.js";
import { Pcg64, permute } from "./pcg64.js";

/** Where a generator stands: a plain object, to be written into a file. */
export interface GeneratorState {
  /** The 128 bits of the state and of the increment, in hexadecimal. */
  readonly state: string;
  readonly increment: string;
  /** The half of a 64-bit draw that the next 32-bit draw takes. */
  readonly half?: number;
}

/** `numpy.random.default_rng(seed)`, as far as datasets draws from it. */
export class NumpyGenerator {
  readonly #bits: Pcg64;

  /** `seed` is a safe integer that is not negative, or a bigint of up to 64 bits. */
  constructor(seed: number | bigint) {
    this.#bits = new Pcg64(seed);
  }

  /** `permutation(n)`: the numbers 0 to n - 1 in random order. */
  permutation(n: number): Uint32Array {
    return permute(n, this.#bits);
  }

  /** `integers(0, end)`: a number from 0 to `end` - 1; `end` is at most 2^32. */
  integer(end: number): number {
    return end === 1 ? 0 : this.#below(end);
  }

  /** `integers(0, 1 << 63)`: the number from which datasets seeds another generator. */
  seed63(): bigint {
    return this.#bits.next64() >> 1n; // Lemire's product of a 64-bit draw with 2^63, of which the upper half counts
  }

  /** `random()`: uniform over [0, 1), in steps of 2^-53. */
  random(): number {
    return Number(this.#bits.next64() >> 11n) / 2 ** 53;
  }

  /** `choice(probabilities.length, p=probabilities)`: an index, drawn with its probability. */
  weighted(cumulative: Float64Array): number {
    const draw = this.random();
    let at = 0; // the first bound above the draw, as searchsorted(side="right")
    while (at < cumulative.length - 1 && cumulative[at] <= draw) at++;
    return at;
  }

  /** `choice(n, size=count, replace=False)`: `count` different numbers of 0 to n - 1. */
  choice(n: number, count: number): Uint32Array {
    if (count > n) throw new ConfigError(`cannot choose ${count} different numbers of ${n}`);
    if (n > 10_000 && count > Math.floor(n / 50)) {
      const all = Uint32Array.from({ length: n }, (_, i) => i);
      this.#shuffleTail(all, Math.max(n - count, 1));
      return all.slice(n - count);
    }
    const chosen = new Set<number>(); // Floyd's algorithm
    const drawn = new Uint32Array(count);
    for (let j = n - count; j < n; j++) {
      const candidate = this.#upTo(j);
      const number = chosen.has(candidate) ? j : candidate;
      chosen.add(number);
      drawn[j - n + count] = number;
    }
    this.#shuffleTail(drawn, 1);
    return drawn;
  }

  /** Shuffles the elements from `first` on with those before them, from the last one backwards. */
  #shuffleTail(numbers: Uint32Array, first: number): void {
    for (let i = numbers.length - 1; i >= first; i--) {
      const j = this.#upTo(i);
      const swapped = numbers[j];
      numbers[j] = numbers[i];
      numbers[i] = swapped;
    }
  }

  #upTo(largest: number): number {
    return largest === 0 ? 0 : this.#below(largest + 1);
  }

  /** A number from 0 to `end` - 1 by Lemire's method: "Fast random integer generation in an interval", 2019. */
  #below(end: number): number {
    if (end === 2 ** 32) return this.#bits.next32();
    const wide = BigInt(end);
    const threshold = (2 ** 32 - end) % end;
    for (;;) {
      const product = BigInt(this.#bits.next32()) * wide;
      if (Number(BigInt.asUintN(32, product)) >= threshold) return Number(product >> 32n);
    }
  }

  /** Where the generator stands. */
  get state(): GeneratorState {
    return this.#bits.save();
  }

  /** Makes the generator go on from `state`. Throws ConfigError where it is no such state. */
  set state(state: GeneratorState) {
    this.#bits.restore(state);
  }
}

/** The sums of probabilities up to each, divided by the last: what `weighted` draws from. Throws ConfigError where they are none. */
export function cumulative(probabilities: readonly number[]): Float64Array {
  const sums = new Float64Array(probabilities.length);
  let sum = 0;
  for (const [i, probability] of probabilities.entries()) {
    if (!(probability >= 0 && probability <= 1)) {
      throw new ConfigError(`${probability} is not a probability: give numbers from 0 to 1 that make 1`);
    }
    sum += probability;
    sums[i] = sum;
  }
  if (!(Math.abs(sum - 1) <= 1e-8)) throw new ConfigError(`probabilities make ${sum}, where they should make 1`);
  return sums.map((value) => value / sum);
}
