// What the tests of the native engine share: buffers, numbers and work that takes a while.
import { availableParallelism } from "node:os";
import type { Backend, View } from "../../src/backends/kernels.js";

export interface Memory extends View {
  readonly length: number;
}

export function floats(backend: Backend, values: Float32Array): Memory {
  const memory = empty(backend, values.length);
  backend.write(memory, values);
  return memory;
}

export function empty(backend: Backend, length: number): Memory {
  return { buffer: backend.allocate("float32", length), offset: 0, length };
}

export function ints(backend: Backend, values: readonly number[]): Memory {
  const memory = { buffer: backend.allocate("int32", values.length), offset: 0, length: values.length };
  backend.write(memory, Int32Array.from(values));
  return memory;
}

/** Numbers in [-1, 1) from a fixed sequence (Lehmer's generator). */
export function numbers(length: number, seed = 1): Float32Array {
  let state = (seed * 48271) % 2147483647;
  return Float32Array.from({ length }, () => {
    state = (state * 48271) % 2147483647;
    return (state / 2147483647) * 2 - 1;
  });
}

/** Enqueues kernels that keep every thread of the stream busy for some time each: products of matrices of size x size. */
export function enqueueWork(backend: Backend, calls: number, size = 512): void {
  const a = empty(backend, size * size);
  const out = empty(backend, size * size);
  backend.kernels.fill(a, size * size, 0.5);
  for (let i = 0; i < calls; i++) backend.kernels.gemm({ m: size, n: size, k: size, a, b: a, out });
  backend.free(a.buffer);
  backend.free(out.buffer);
}

/** An array's bytes, to compare bit for bit. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Thread counts to compare; more threads than processors are fine. */
export const threadCounts = [1, 2, 3, Math.max(4, availableParallelism())];

/** Fails with the worst element unless |actual - expected| <= tolerance[i] everywhere; NaN fails. */
export function expectWithin(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: ArrayLike<number> | number,
): void {
  if (actual.length !== expected.length) throw new Error(`${actual.length} elements, expected ${expected.length}`);
  let worst = -1;
  let worstRatio = 1;
  for (let i = 0; i < expected.length; i++) {
    const allowed = typeof tolerance === "number" ? tolerance : tolerance[i];
    const difference = Math.abs(actual[i] - expected[i]);
    if (difference <= allowed * worstRatio) continue;
    worst = i;
    worstRatio = difference / allowed;
    if (Number.isNaN(difference)) break;
  }
  if (worst >= 0) {
    throw new Error(
      `element ${worst} is ${actual[worst]}, expected ${expected[worst]}: ${worstRatio} times the tolerance`,
    );
  }
}
