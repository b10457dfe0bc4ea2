// How an operation is made: one definition with shape rule, forward call, gradient and samples. The recording, the method
// on Tensor and the conformance suite are derived from it.
import type { Backend, DType, Gemm, Kernels } from "../backends/kernels.js";
import { AttuneError } from "../support/errors.js";
import { empty } from "./create.js";
import { currentBackend } from "./device.js";
import { type GradientRule, GraphNode, gradEnabled, Saved } from "./graph.js";
import { type ProductPrecision, productPrecision } from "./precision.js";
import { tidy } from "./scope.js";
import type { Shape } from "./shape.js";
import { Tensor } from "./tensor.js";

/** What an op's forward works with. */
export class OpRun {
  readonly backend: Backend;
  readonly kernels: Kernels;
  /** Whether the call will be differentiated: what only backward needs is worth computing. */
  readonly recording: boolean;
  readonly saved: Saved[] = [];
  readonly #op: string;
  /** Of its products, those of its gradient rule included. */
  readonly #precision: ProductPrecision = productPrecision();

  constructor(op: string, backend: Backend, recording: boolean) {
    this.#op = op;
    this.backend = backend;
    this.kernels = backend.kernels;
    this.recording = recording;
  }

  /** A fresh tensor on the op's backend; its elements are undefined until a kernel writes them. */
  empty(shape: Shape, dtype: DType = "float32"): Tensor {
    return empty(shape, dtype, this.backend);
  }

  /** A matrix product in the precision that was asked for when the op was called. */
  gemm(call: Gemm): void {
    if (this.#precision === "bfloat16") this.kernels.gemmBfloat16(call);
    else this.kernels.gemm(call);
  }

  /** A fresh int32 tensor with values known to the host. */
  integers(values: Int32Array, shape: Shape = [values.length]): Tensor {
    const storage = empty(shape, "int32", this.backend);
    this.backend.write(storage, values);
    const known = new Tensor(storage.storage.retain(), shape, { host: values });
    storage.dispose();
    return known;
  }

  /** Keeps a tensor's memory and version for the gradient rule, which reads it through `.tensor`. */
  save(tensor: Tensor): Saved {
    const saved = new Saved(this.#op, tensor);
    if (this.recording) this.saved.push(saved);
    return saved;
  }
}

export interface Forward {
  readonly output: Tensor;
  /** The differentiable inputs, in the order in which `gradient` returns theirs. */
  readonly inputs: readonly (Tensor | undefined)[];
  /** Absent where there is none: the call then fails if an input requires a gradient. */
  readonly gradient?: GradientRule;
}

/** Makes seeded inputs for samples, on the current backend. */
export interface Sampler {
  /** float32, requires a gradient; standard normal. */
  normal(shape: Shape): Tensor;
  /** float32, requires a gradient; uniform in [low, high). */
  uniform(shape: Shape, low: number, high: number): Tensor;
  /** int32 in [0, below). */
  integers(shape: Shape, below: number): Tensor;
  /** int32 [lengths + 1]: where sequences of these lengths begin. */
  offsets(lengths: readonly number[]): Tensor;
}

/** One call for the conformance suite. */
export interface Sample<Args extends readonly unknown[]> {
  readonly args: Args;
  /** Number of terms in the longest sum of forward or gradient; scales the tolerance. Default 1. */
  readonly terms?: number;
  /** Whether the composition draws the same random numbers, so that the two can be compared. Default true. */
  readonly composed?: boolean;
}

export interface OpDefinition<Args extends readonly unknown[]> {
  readonly name: string;
  /** Checks shapes and values known to the host (throwing ShapeError), enqueues kernels, says how to differentiate. */
  forward(run: OpRun, ...args: NoInfer<Args>): Forward;
  samples(make: Sampler): readonly Sample<NoInfer<Args>>[];
  /**
   * For a fused op: the same from smaller ops; values and gradients are compared with it.
   */
  composition?(...args: NoInfer<Args>): Tensor;
}

export interface CompositeDefinition<Args extends readonly unknown[]> {
  readonly name: string;
  /** The op in terms of others, which bring their gradients. */
  compute(...args: NoInfer<Args>): Tensor;
  samples(make: Sampler): readonly Sample<NoInfer<Args>>[];
}

export interface Op<Args extends readonly unknown[]> {
  (...args: Args): Tensor;
  readonly definition: OpDefinition<Args> | CompositeDefinition<Args>;
}

/** Makes an op from its definition. */
export function defineOp<Args extends readonly unknown[]>(definition: OpDefinition<Args>): Op<Args> {
  const { name } = definition;
  const call = (...args: Args): Tensor => {
    const tensors: Tensor[] = [];
    collect(args, tensors, 0);
    const backend = tensors[0]?.backend ?? currentBackend();
    for (const tensor of tensors) {
      if (tensor.backend !== backend) {
        throw new AttuneError(
          `${name}: its tensors are on different backends (${backend.name}, ${tensor.backend.name})`,
        );
      }
    }
    const recording = gradEnabled() && tensors.some((tensor) => tensor.requiresGrad);
    // Handles made on the way end here; what the gradient needs is saved.
    return tidy(() => {
      const run = new OpRun(name, backend, recording);
      const { output, inputs, gradient } = definition.forward(run, ...args);
      if (recording && output.dtype !== "int32") {
        const lost = tensors.find((tensor) => tensor.requiresGrad && !inputs.includes(tensor));
        if (!gradient || lost || output.dtype !== "float32") {
          throw new AttuneError(
            `${name}: has no gradient for ${lost ? `its argument ${lost.toString()}` : "these arguments"}; ` +
              "call it under noGrad() or on detach()ed tensors",
          );
        }
        output.node = new GraphNode(name, inputs, gradient, run.saved);
      }
      return output;
    });
  };
  return Object.assign(call, { definition });
}

/** Makes an op that only calls others. */
export function defineComposite<Args extends readonly unknown[]>(definition: CompositeDefinition<Args>): Op<Args> {
  return Object.assign((...args: Args) => tidy(() => definition.compute(...args)), { definition });
}

function collect(value: unknown, found: Tensor[], depth: number): void {
  if (value instanceof Tensor) found.push(value);
  else if (typeof value === "object" && value !== null && depth < 3 && !ArrayBuffer.isView(value)) {
    for (const item of Object.values(value)) collect(item, found, depth + 1);
  }
}
