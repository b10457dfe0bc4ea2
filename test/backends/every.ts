// The backends that this machine can run, each made afresh for a test file, and how exact its float32 is.
import type { Backend, DeviceBuffer, DType, HostArray, View } from "../../src/backends/kernels.js";
import { createReferenceBackend } from "../../src/backends/reference/index.js";
import { backendsHere } from "../backendsHere.js";

export interface BackendCase {
  readonly name: string;
  readonly make: () => Backend;
  /** Rounding of one float32 operation, relative. */
  readonly epsilon: number;
}

export const everyBackend: readonly BackendCase[] = [
  { name: "the float64 reference", make: () => createReferenceBackend({ precision: "float64" }), epsilon: 2 ** -52 },
  ...backendsHere().map(({ label, create }) => ({ name: label, make: create, epsilon: 2 ** -23 })),
];

export type Memory = View & { readonly buffer: DeviceBuffer };

/** Makes and reads memory of one backend. */
export class Bench {
  readonly backend: Backend;

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** Memory that no kernel has written. */
  empty(length: number, dtype: DType = "float32"): Memory {
    return { buffer: this.backend.allocate(dtype, length), offset: 0 };
  }

  floats(values: ArrayLike<number>): Memory {
    const memory = this.empty(values.length);
    this.backend.write(memory, Float64Array.from(values));
    return memory;
  }

  ints(values: ArrayLike<number>): Memory {
    const memory = this.empty(values.length, "int32");
    this.backend.write(memory, Int32Array.from(values));
    return memory;
  }

  read(memory: View, length = memory.buffer.length - memory.offset): Promise<HostArray> {
    return this.backend.read(memory, length);
  }
}

/** Fails with the worst element unless |actual - expected| <= tolerance * max(1, |expected|) everywhere; NaN only for NaN. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  if (actual.length !== expected.length) {
    throw new Error(`${actual.length} elements where ${expected.length} are expected`);
  }
  let worst = -1;
  let worstExcess = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i]) || (Number.isNaN(actual[i]) && Number.isNaN(expected[i]))) continue;
    const difference = Math.abs(actual[i] - expected[i]);
    const excess = difference / (tolerance * Math.max(1, Math.abs(expected[i])));
    if (!(excess <= 1) && (worst < 0 || !(excess <= worstExcess))) {
      worst = i;
      worstExcess = excess;
    }
  }
  if (worst >= 0) {
    throw new Error(
      `element ${worst} is ${actual[worst]}, expected ${expected[worst]} to within ${tolerance} (off by ${worstExcess} times that)`,
    );
  }
}

/** Numbers in [-1, 1) from a fixed sequence (Lehmer's generator), so that a failing test fails again. */
export function pseudoRandom(length: number, seed = 1): Float64Array {
  let state = (seed * 48271) % 2147483647;
  return Float64Array.from({ length }, () => {
    state = (state * 48271) % 2147483647;
    // 20 bits: exact in float32, so that every backend starts from the same numbers
    return Math.floor((state / 2147483647) * 2 ** 20) / 2 ** 19 - 1;
  });
}
