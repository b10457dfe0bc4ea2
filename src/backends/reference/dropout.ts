// Dropout by counter: which elements are kept is a function of the call's keys and the element's index alone.
import type { Dropout, View } from "../kernels.js";
import { floats } from "./memory.js";

/** The hash of the contract, in [0, 2^32). */
export function dropoutHash(index: number, key0: number, key1: number): number {
  let x = (Math.imul(index, 0x9e3779b1) + key0) | 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = (x + key1) | 0;
  x = Math.imul(x, 0xc2b2ae35);
  x ^= x >>> 16;
  return x >>> 0;
}

/** The smallest upper 24 bits of the hash that keep an element. */
export function dropoutThreshold(dropout: Dropout): number {
  return Math.floor(dropout.probability * 2 ** 24);
}

/** What element `index` is multiplied by: 0, or 1 / (1 - probability). */
export function dropoutFactor(dropout: Dropout, index: number): number {
  const kept = dropoutHash(index, dropout.key0, dropout.key1) >>> 8 >= dropoutThreshold(dropout);
  return kept ? 1 / (1 - dropout.probability) : 0;
}

export function dropout(x: View, out: View, length: number, call: Dropout): void {
  const source = floats(x, length);
  const target = floats(out, length);
  const { key0, key1 } = call;
  const threshold = dropoutThreshold(call);
  const factor = 1 / (1 - call.probability);
  for (let i = 0; i < length; i++) {
    target[i] = dropoutHash(i, key0, key1) >>> 8 >= threshold ? source[i] * factor : 0;
  }
}
