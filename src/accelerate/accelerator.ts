// The Accelerator: what a training loop asks of its processes. Here there is one, so gathering is giving back; the calls
// are those under which process groups come. (Python: accelerate's accelerator.py.)
import { writeSafetensors } from "../checkpoint/index.js";
import type { Module } from "../nn/index.js";
import { clipGradNorm } from "../optim/index.js";
import { ConfigError } from "../support/errors.js";
import { autocast, full, type ProductPrecision, type Tensor, tidy } from "../tensor/index.js";
import { type LoaderPosition, makeAware, type Preparable, type Synchronizer } from "./prepare.js";

export interface AcceleratorOptions {
  /** How many batches make one optimizer step. Default 1. */
  readonly gradientAccumulationSteps?: number;
  /**
   * "bf16": matrix products of prepared models round their factors to bfloat16; weights, gradients, optimizer and all the
   * rest stay float32. Default "no".
   */
  readonly mixedPrecision?: MixedPrecision;
}

export type MixedPrecision = "no" | "bf16";
const MIXED_PRECISIONS: readonly string[] = ["no", "bf16"] satisfies MixedPrecision[];

export interface BackwardWeight {
  /** The factor of this loss in the step's loss. Default: 1 / gradientAccumulationSteps. */
  readonly weight?: number;
}

function precisionOf(mixedPrecision: MixedPrecision): ProductPrecision {
  return mixedPrecision === "bf16" ? "bfloat16" : "float32";
}

/** A model that knows how to write itself. */
interface Savable {
  savePretrained(folder: string): Promise<void>;
}

export class Accelerator {
  readonly gradientAccumulationSteps: number;
  readonly mixedPrecision: MixedPrecision;
  /** Rank of this process, from 0. */
  readonly processIndex = 0;
  readonly numProcesses = 1;
  readonly #synchronizer: Synchronizer;
  readonly #loaders: LoaderPosition[] = [];
  #syncGradients = true;
  #accumulated = 0;

  /** @throws ConfigError for gradientAccumulationSteps that are not a positive integer, or another mixedPrecision. */
  constructor(options: AcceleratorOptions = {}) {
    const { gradientAccumulationSteps = 1, mixedPrecision = "no" } = options;
    if (!Number.isInteger(gradientAccumulationSteps) || gradientAccumulationSteps < 1) {
      throw new ConfigError(
        `Accelerator: gradientAccumulationSteps must be a positive integer, not ${gradientAccumulationSteps}`,
      );
    }
    if (!MIXED_PRECISIONS.includes(mixedPrecision)) {
      throw new ConfigError(
        `Accelerator: mixedPrecision must be one of "${MIXED_PRECISIONS.join('", "')}", not ${JSON.stringify(mixedPrecision)}` +
          `${(mixedPrecision as string) === "fp16" ? ": no processor has float16 products" : ""}`,
      );
    }
    this.gradientAccumulationSteps = gradientAccumulationSteps;
    this.mixedPrecision = mixedPrecision;
    const syncGradients = () => this.#syncGradients;
    this.#synchronizer = {
      get syncGradients() {
        return syncGradients();
      },
      precision: precisionOf(mixedPrecision),
      beginLoader: (position) => this.#loaders.push(position),
      endLoader: (position) => this.#loaders.splice(this.#loaders.indexOf(position), 1),
    };
  }

  /** True on the process that prints and saves. */
  get isMainProcess(): boolean {
    return this.processIndex === 0;
  }

  /**
   * Whether gradients are complete: false between the batches that one optimizer step is accumulated from. Prepared
   * optimizers and schedules do nothing while it is false.
   */
  get syncGradients(): boolean {
    return this.#syncGradients;
  }

  /**
   * Makes models, optimizers, loaders and schedules, in any order, aware of this accelerator.
   * @returns The same objects in the same order.
   * @throws ConfigError for anything else, or what another Accelerator has prepared.
   */
  prepare<Objects extends readonly Preparable[]>(...objects: Objects): Objects {
    for (const [i, object] of objects.entries()) makeAware(object, this.#synchronizer, i);
    return objects;
  }

  /**
   * Adds the gradients of `weight * loss`.
   * @param loss A scalar on the device.
   */
  backward(loss: Tensor, { weight = 1 / this.gradientAccumulationSteps }: BackwardWeight = {}): void {
    if (weight === 1) loss.backward();
    else tidy(() => loss.backward({ gradient: full(loss.shape, weight, "float32", loss.backend) }));
  }

  /** Runs `fn` with matrix products of this accelerator's precision: for what a prepared model's forward does not do. */
  autocast<T>(fn: () => T): T {
    return autocast(precisionOf(this.mixedPrecision), fn);
  }

  /**
   * Runs `fn`, the work on one batch, with `syncGradients` true at every gradientAccumulationSteps-th batch and at the
   * last of a prepared loader.
   */
  accumulate<T>(_model: Module, fn: () => T): T {
    this.#accumulated++;
    const endOfLoader = this.#loaders.at(-1)?.last === true;
    this.#syncGradients = endOfLoader || this.#accumulated % this.gradientAccumulationSteps === 0;
    if (endOfLoader) this.#accumulated = 0;
    return fn();
  }

  /** Runs `fn`, work on a batch after which the gradients are not complete yet. */
  noSync<T>(_model: Module, fn: () => T): T {
    const before = this.#syncGradients;
    const restore = () => {
      this.#syncGradients = before;
    };
    this.#syncGradients = false;
    let result: T;
    try {
      result = fn();
    } catch (error) {
      restore();
      throw error;
    }
    if (result instanceof Promise) return result.finally(restore) as T;
    restore();
    return result;
  }

  /**
   * Clips the gradients of a step by their common norm, once they are complete; see clipGradNorm.
   * @returns The norm before clipping, a scalar on the device; undefined while gradients are being accumulated.
   */
  clipGradNorm(parameters: Iterable<Tensor>, maxNorm: number): Tensor | undefined {
    return this.#syncGradients ? clipGradNorm(parameters, maxNorm) : undefined;
  }

  /** The rows of all processes, one after another. */
  gather<T>(tensors: T): T {
    return tensors;
  }

  /** As `gather`, without the rows that fill up an uneven last batch. */
  gatherForMetrics<T>(tensors: T): T {
    return tensors;
  }

  /** The model itself, without what processes need around it. Its forward keeps the precision that prepare gave it. */
  unwrapModel<Model extends Module>(model: Model): Model {
    return model;
  }

  /** Resolves when every process has come here. */
  async waitForEveryone(): Promise<void> {}

  /** console.log on the main process. */
  print(...values: unknown[]): void {
    if (this.isMainProcess) console.log(...values);
  }

  /**
   * Writes tensors to a safetensors file, from the main process. Floats are written as float32, integers as int32.
   * @throws AttuneError, naming the file, where it cannot be written; the old file stays.
   */
  async save(tensors: Iterable<readonly [name: string, tensor: Tensor]>, path: string): Promise<void> {
    if (!this.isMainProcess) return;
    await writeSafetensors(
      path,
      Array.from(tensors, ([name, tensor]) => ({
        name,
        dtype: tensor.dtype === "int32" ? ("I32" as const) : ("F32" as const),
        shape: tensor.shape,
        data: async () => {
          const values = await tensor.data();
          return values instanceof Float64Array ? Float32Array.from(values) : values;
        },
      })),
    );
  }

  /** Writes a model into `folder`, from the main process: config.json and model.safetensors. */
  async saveModel(model: Module & Savable, folder: string): Promise<void> {
    if (this.isMainProcess) await this.unwrapModel(model).savePretrained(folder);
  }
}
