// Runs one sample of an op on a backend: values, and the gradients of every input.
import type { Backend, HostArray } from "../../src/backends/kernels.js";
import { manualSeed, setBackend, type Tensor, tensor } from "../../src/tensor/index.js";
import type { Op, Sample } from "../../src/tensor/op.js";
import { SeededSampler } from "./sampler.js";

/** An op of the table, its arguments' types forgotten. */
export type AnyOp = Op<readonly unknown[]>;

export interface Outcome {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: HostArray;
  /** Of every float input in the order in which the sample made them; undefined where there is none. */
  readonly gradients: readonly (HostArray | undefined)[];
}

export interface RunOptions {
  readonly backend: Backend;
  readonly op: AnyOp;
  /** Which of the op's samples. */
  readonly index: number;
  /** Run the op's composition instead of the op. */
  readonly composed?: boolean;
  /** See SeededSampler. */
  readonly hostKnows?: boolean;
}

/** A sample's arguments on the current backend, and the sampler that made them. */
export function prepare({ op, index, hostKnows }: RunOptions): {
  sample: Sample<readonly unknown[]>;
  made: SeededSampler;
} {
  const made = new SeededSampler(index + 1, hostKnows);
  return { sample: op.definition.samples(made)[index], made };
}

/** Calls the op or its composition; a random op draws the same numbers every time. */
export function call({ op, composed }: RunOptions, args: readonly unknown[]): Tensor {
  manualSeed(7);
  const { definition } = op;
  if (!composed) return op(...args);
  if (!("composition" in definition && definition.composition))
    throw new Error(`${definition.name} has no composition`);
  return definition.composition(...args);
}

/** What backward is started with: fixed numbers of size 1, so that no element's gradient is zero by symmetry. */
export function cotangent(size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.cos(i) + 0.1);
}

export async function run(options: RunOptions): Promise<Outcome> {
  const before = setBackend(options.backend);
  try {
    const { sample, made } = prepare(options);
    const output = call(options, sample.args);
    const { shape, dtype } = output;
    if (output.requiresGrad) output.backward({ gradient: tensor(cotangent(output.size), { shape }) });
    const values = await output.data();
    const { host } = output;
    if (host) assertSame(options, host, values);
    const gradients = await Promise.all(made.made.map((leaf) => leaf.grad?.data()));
    return { shape, dtype, values, gradients };
  } finally {
    setBackend(before);
  }
}

function assertSame(options: RunOptions, host: Int32Array, device: HostArray): void {
  const wrong = host.findIndex((value, i) => value !== device[i]);
  if (wrong >= 0 || host.length !== device.length) {
    throw new Error(`${options.op.definition.name}: the host believes ${host.join(" ")}; they are ${device.join(" ")}`);
  }
}

/**
 * Fails with the worst element unless |actual - expected| <= tolerance * max(1, largest |expected|) everywhere. The scale
 * is the tensor's, not the element's: a sum whose terms cancel keeps the rounding of its terms.
 */
export function expectNear(what: string, actual: HostArray, expected: HostArray, tolerance: number): void {
  if (actual.length !== expected.length)
    throw new Error(`${what}: ${actual.length} elements, expected ${expected.length}`);
  let scale = 1;
  for (const value of expected) scale = Math.max(scale, Math.abs(value));
  let worst = -1;
  let worstDifference = tolerance * scale;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    if (!(difference <= worstDifference)) {
      worst = i;
      worstDifference = difference;
    }
  }
  if (worst >= 0) {
    throw new Error(
      `${what}: element ${worst} is ${actual[worst]}, expected ${expected[worst]} to within ${tolerance * scale}`,
    );
  }
}
