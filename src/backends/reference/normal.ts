// Draws from a normal distribution by counter.
import type { Normal, View } from "../kernels.js";
import { floats } from "./memory.js";

/** Murmur3's 32-bit finalizer (Appleby, public domain), in [0, 2^32). */
function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

export function drawNormal(out: View, length: number, { mean, deviation, key0, key1 }: Normal): void {
  const target = floats(out, length);
  const uniform = (index: number): number => {
    const high = mix((Math.imul(index, 0x9e3779b1) + key0) | 0);
    const low = mix((high + Math.imul(index, 0x85ebca6b) + key1) | 0);
    return (high + (low + 0.5) / 2 ** 32) / 2 ** 32;
  };
  for (let i = 0; i < length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform(i)));
    const angle = 2 * Math.PI * uniform(i + 1);
    target[i] = mean + deviation * radius * Math.cos(angle);
    if (i + 1 < length) target[i + 1] = mean + deviation * radius * Math.sin(angle);
  }
}
