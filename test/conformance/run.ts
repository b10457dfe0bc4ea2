// Runs one sample of an op on a backend: values, and the gradients of every input.
import type { Backend, HostArray } from "../../src/backends/kernels.js";
import { autocast, manualSeed, type ProductPrecision, setBackend, Tensor, tensor } from "../../src/tensor/index.js";
import type { Op, Sample } from "../../src/tensor/op.js";
import { SeededSampler } from "./sampler.js";

/** An op of the table, its arguments' types forgotten. */
export type AnyOp = Op<readonly unknown[]>;

export interface Outcome {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: HostArray;
  /** Of every input that requires one, in the order of the arguments. */
  readonly gradients: readonly (HostArray | undefined)[];
}

export interface RunOptions {
  readonly backend: Backend;
  readonly op: AnyOp;
  /** Which of the op's samples. */
  readonly index: number;
  /** Run the op's composition instead of the op. */
  readonly composed?: boolean;
  /** Of the op's matrix products. Default: float32. */
  readonly precision?: ProductPrecision;
  /** See SeededSampler. */
  readonly hostKnows?: boolean;
}

export interface Prepared {
  readonly sample: Sample<readonly unknown[]>;
  /** The arguments that gradients are computed for, in their order. */
  readonly leaves: readonly Tensor[];
  /** Whether an argument is an int32 tensor whose values the host need not know. */
  readonly hasIntegers: boolean;
}

/** A sample's arguments on the current backend. */
export function prepare({ op, index, hostKnows }: RunOptions): Prepared {
  const sampler = new SeededSampler(index + 1, hostKnows);
  const sample = op.definition.samples(sampler)[index];
  const tensors = tensorsIn(sample.args);
  return {
    sample,
    leaves: tensors.filter((tensor) => tensor.requiresGrad),
    hasIntegers: tensors.some((tensor) => sampler.integersMade.has(tensor)),
  };
}

function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(tensorsIn) : [];
}

/** Calls the op or its composition; a random op draws the same numbers every time. */
export function call(options: RunOptions, args: readonly unknown[]): Tensor {
  manualSeed(7);
  return autocast(options.precision ?? "float32", () => callOp(options, args));
}

function callOp({ op, composed }: RunOptions, args: readonly unknown[]): Tensor {
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
    const { sample, leaves } = prepare(options);
    const output = call(options, sample.args);
    const { shape, dtype } = output;
    if (output.requiresGrad) output.backward({ gradient: tensor(cotangent(output.size), { shape }) });
    const values = await output.data();
    const { host } = output;
    if (host) assertSame(options, host, values);
    const gradients = await Promise.all(leaves.map((leaf) => leaf.grad?.data()));
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
