// torch's CPU generator: the 32-bit Mersenne Twister (Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally
// equidistributed uniform pseudorandom number generator", 1998), and the permutation that torch.randperm draws from it.
// It exists so that a seed shuffles here as it does in Python; random numbers of the engine itself are counters.
import { ConfigError } from "./errors.js";

const SIZE = 624;
const MIDDLE = 397;
const TWIST = 0x9908b0df;
const UPPER_BIT = 0x80000000;
const LOWER_BITS = 0x7fffffff;

/** The generator behind `torch.Generator().manual_seed(seed)`. */
export class Mt19937 {
  readonly #state = new Uint32Array(SIZE);
  #next = SIZE;

  /** `seed` is any safe integer; torch seeds the twister with its lowest 32 bits. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed))
      throw new ConfigError(`seed ${seed} is not a whole number that is exact in JavaScript`);
    const state = this.#state;
    state[0] = Number(BigInt.asUintN(32, BigInt(seed)));
    for (let i = 1; i < SIZE; i++) {
      const previous = state[i - 1] ^ (state[i - 1] >>> 30);
      state[i] = Math.imul(previous, 1812433253) + i;
    }
  }

  /** The next number, uniform over the integers 0 to 2^32 - 1. */
  next(): number {
    if (this.#next === SIZE) this.#twist();
    let y = this.#state[this.#next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < SIZE; i++) {
      const y = (state[i] & UPPER_BIT) | (state[(i + 1) % SIZE] & LOWER_BITS);
      state[i] = state[(i + MIDDLE) % SIZE] ^ (y >>> 1) ^ (y & 1 ? TWIST : 0);
    }
    this.#next = 0;
  }
}

// From here on torch draws 64 bits a step with another loop, so a smaller n says nothing about the order of a larger one.
const LARGEST_32_BIT = Math.floor(0xffffffff / 20);

/**
 * The numbers 0 to n - 1 in the order of `torch.randperm(n, generator=torch.Generator().manual_seed(seed))` on a CPU
 * (aten/src/ATen/native/TensorFactories.cpp, `randperm_cpu`): the order in which a shuffling DataLoader reads its rows.
 *
 * @throws ConfigError where `n` is not a whole number from 0 to 214,748,363 or `seed` is not a safe integer.
 */
export function randperm(n: number, seed: number): Uint32Array {
  if (!Number.isInteger(n) || n < 0 || n >= LARGEST_32_BIT) {
    throw new ConfigError(`randperm of ${n} numbers: give a whole number from 0 to ${LARGEST_32_BIT - 1}`);
  }
  const generator = new Mt19937(seed);
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = 0; i < n - 1; i++) {
    const j = i + (generator.next() % (n - i)); // the remainder, with its slight bias, is torch's own
    const swapped = order[i];
    order[i] = order[j];
    order[j] = swapped;
  }
  return order;
}
