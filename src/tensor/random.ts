// Random numbers are counters: the mask of a random op is a function of (seed, process, serial number of the op in the
// run, element). Nothing is stored for backward, a checkpoint saves two numbers, and threads do not matter.
import type { Dropout, RandomKeys } from "../backends/kernels.js";
import { ConfigError, ShapeError } from "../support/errors.js";

export interface RandomState {
  readonly seed: number;
  readonly process: number;
  /** Random ops so far. */
  readonly serial: number;
}

let seed = 42;
let rank = 0;
let serial = 0;

/** Starts the run's random numbers anew from `newSeed` (a non-negative safe integer); `process` sets processes apart. */
export function manualSeed(newSeed: number, process = 0): void {
  if (!Number.isSafeInteger(newSeed) || newSeed < 0) {
    throw new ConfigError(`manualSeed: the seed must be a non-negative integer, not ${newSeed}`);
  }
  seed = newSeed;
  rank = process;
  serial = 0;
}

export function randomState(): RandomState {
  return { seed, process: rank, serial };
}

export function setRandomState(state: RandomState): void {
  ({ seed, process: rank, serial } = state);
}

/** Murmur3's 32-bit finalizer (Appleby, public domain). */
function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

function keys(counter: number): RandomKeys {
  const words = [seed, Math.floor(seed / 2 ** 32), rank, counter, Math.floor(counter / 2 ** 32)];
  let key0 = 0x243f6a88; // the first digits of pi: nothing up the sleeve
  let key1 = 0x85a308d3;
  for (const word of words) {
    key0 = mix((key0 + Math.imul(word | 0, 0x9e3779b1)) >>> 0);
    key1 = mix((key1 ^ key0) + 0x7f4a7c15);
  }
  return { key0, key1 };
}

/** The mask of the next random op; undefined where nothing is dropped. */
export function nextDropout(op: string, probability: number): Dropout | undefined {
  if (!(probability >= 0 && probability < 1)) {
    throw new ShapeError(`${op}: the dropout probability must lie in [0, 1), not ${probability}`);
  }
  if (probability === 0) return undefined;
  return { probability, ...nextKeys() };
}

/** The keys of the next random op of the run. */
export function nextKeys(): RandomKeys {
  return keys(serial++);
}
