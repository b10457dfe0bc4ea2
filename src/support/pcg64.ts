// numpy's default_rng(seed): the PCG64 generator (O'Neill, "PCG: A family of simple fast space-efficient statistically good
// algorithms for random number generation", 2014; variant XSL RR 128/64) seeded through numpy's SeedSequence, and the
// permutation that `Generator.permutation(n)` draws from it. It exists so that a seed shuffles here as it does in Python.
import { ConfigError } from "./errors.js";

const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const POOL = 4; // words of the seed's entropy pool

/** The generator behind `numpy.random.default_rng(seed)`. */
export class Pcg64 {
  #state: bigint; // 128 bits
  #increment: bigint; // 128 bits, odd
  #half: number | undefined; // the upper half of a 64-bit draw whose lower half was used

  /** `seed` is a safe integer that is not negative, or a bigint of up to 64 bits. */
  constructor(seed: number | bigint) {
    if (typeof seed === "number" && (!Number.isSafeInteger(seed) || seed < 0)) {
      throw new ConfigError(`seed ${seed} is not a whole number from 0 to 2^53 - 1`);
    }
    const words = seedWords(BigInt.asUintN(64, BigInt(seed)), 8);
    const word128 = (at: number) => [1, 0, 3, 2].reduce((value, i) => (value << 32n) | BigInt(words[at + i]), 0n); // 64-bit halves, the upper one first
    this.#increment = BigInt.asUintN(128, (word128(4) << 1n) | 1n);
    this.#state = BigInt.asUintN(128, (this.#increment + word128(0)) * MULTIPLIER + this.#increment);
  }

  /** The next number, uniform over the integers 0 to 2^64 - 1. */
  next64(): bigint {
    this.#state = BigInt.asUintN(128, this.#state * MULTIPLIER + this.#increment);
    const folded = BigInt.asUintN(64, (this.#state >> 64n) ^ this.#state);
    const rotation = this.#state >> 122n;
    return BigInt.asUintN(64, (folded >> rotation) | (folded << (64n - rotation)));
  }

  /** The next number, uniform over the integers 0 to 2^32 - 1: the lower, then the upper half of a 64-bit draw. */
  next32(): number {
    if (this.#half !== undefined) {
      const half = this.#half;
      this.#half = undefined;
      return half;
    }
    const both = this.next64();
    this.#half = Number(both >> 32n);
    return Number(BigInt.asUintN(32, both));
  }

  /** A number uniform over the integers 0 to `largest`, itself at most 2^32 - 1: draws cut to its bits until one is not above it. */
  upTo(largest: number): number {
    if (largest === 0) return 0; // numpy draws nothing here
    const mask = 0xffffffff >>> Math.clz32(largest);
    for (;;) {
      const draw = (this.next32() & mask) >>> 0;
      if (draw <= largest) return draw;
    }
  }

  /** Where the generator stands, as a plain object. */
  save(): { state: string; increment: string; half?: number } {
    const half = this.#half === undefined ? {} : { half: this.#half };
    return { state: this.#state.toString(16), increment: this.#increment.toString(16), ...half };
  }

  /** Goes on from where a generator stood. Throws ConfigError where `saved` is nothing that `save` gave. */
  restore(saved: { readonly state: string; readonly increment: string; readonly half?: number }): void {
    const isWord = (text: unknown) => typeof text === "string" && /^[0-9a-f]{1,32}$/.test(text);
    if (!isWord(saved.state) || !isWord(saved.increment)) {
      throw new ConfigError(`${JSON.stringify(saved)} is not the state of a random generator`);
    }
    this.#state = BigInt(`0x${saved.state}`);
    this.#increment = BigInt(`0x${saved.increment}`);
    this.#half = saved.half;
  }
}

/**
 * The numbers 0 to n - 1 in the order of `numpy.random.default_rng(seed).permutation(n)`: the order of Python's
 * `Dataset.shuffle(seed=seed)` and `train_test_split(seed=seed)`.
 *
 * @throws ConfigError where `n` is not a whole number from 0 to 2^32 - 2 or `seed` is negative or not a safe integer.
 */
export function permutation(n: number, seed: number): Uint32Array {
  if (!Number.isInteger(n) || n < 0 || n > 0xfffffffe) {
    throw new ConfigError(`permutation of ${n} numbers: give a whole number from 0 to ${0xfffffffe}`);
  }
  return permute(n, new Pcg64(seed));
}

/** The next permutation of 0 to n - 1 that a generator gives. */
export function permute(n: number, generator: Pcg64): Uint32Array {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = n - 1; i > 0; i--) {
    const j = generator.upTo(i);
    const swapped = order[i];
    order[i] = order[j];
    order[j] = swapped;
  }
  return order;
}

/** `numpy.random.SeedSequence(seed).generate_state(count)` (O'Neill's seed_seq_fe128 with a pool of four words). */
function seedWords(seed: bigint, count: number): Uint32Array {
  const entropy = [Number(seed & 0xffffffffn), Number(seed >> 32n)];
  const pool = new Uint32Array(POOL);
  let factor = 0x43b0d7e5;
  const hash = (word: number): number => {
    const mixed = word ^ factor;
    factor = Math.imul(factor, 0x931e8875);
    const product = Math.imul(mixed, factor);
    return product ^ (product >>> 16);
  };
  const mix = (a: number, b: number): number => {
    const mixed = Math.imul(0xca01f9dd, a) - Math.imul(0x4973f715, b);
    return mixed ^ (mixed >>> 16);
  };
  for (let i = 0; i < POOL; i++) pool[i] = hash(entropy[i] ?? 0);
  for (let from = 0; from < POOL; from++) {
    for (let to = 0; to < POOL; to++) if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
  }
  let outputFactor = 0x8b51f9dd;
  return Uint32Array.from({ length: count }, (_, i) => {
    const mixed = pool[i % POOL] ^ outputFactor;
    outputFactor = Math.imul(outputFactor, 0x58f38ded);
    const product = Math.imul(mixed, outputFactor);
    return product ^ (product >>> 16);
  });
}
