// The Accelerator: what a training loop asks of its processes, of which there may be one. What each call means is here; how
// several processes do it stands in the files beside. (Python: accelerate's accelerator.py.)
import { createHash } from "node:crypto";
import { writeSafetensors } from "../checkpoint/index.js";
import type { Module } from "../nn/index.js";
import { clipGradNorm } from "../optim/index.js";
import {
  exchangeValues,
  type GroupStatistics,
  joinProcesses,
  ProcessError,
  type ProcessGroup,
} from "../processes/index.js";
import { AttuneError, ConfigError } from "../support/errors.js";
import { restoring } from "../support/restoring.js";
import {
  autocast,
  full,
  type ProductPrecision,
  randomState,
  setRandomState,
  type Tensor,
  tidy,
} from "../tensor/index.js";
import {
  broadcast,
  gather,
  gatherBatch,
  type PadOptions,
  padAcrossProcesses,
  type Reduction,
  reduce,
} from "./collectives.js";
import { GradientSum } from "./gradients.js";
import type { BatchShare, LoaderPosition } from "./loader.js";
import {
  type LoaderLike,
  makeAware,
  type OptimizerLike,
  type Preparable,
  type PreparedKind,
  type ScheduleLike,
  type Synchronizer,
} from "./prepare.js";
import { splitBetween } from "./split.js";
import { type Checkpointable, isCheckpointable, readState, writeState } from "./state.js";
import type { Figures, Tracker } from "./trackers.js";

export interface AcceleratorOptions {
  /** How many batches make one optimizer step. Default 1. */
  readonly gradientAccumulationSteps?: number;
  /**
   * "bf16": matrix products of prepared models round their factors to bfloat16; weights, gradients, optimizer and all the
   * rest stay float32. Default "no".
   */
  readonly mixedPrecision?: MixedPrecision;
  /**
   * Steps that a prepared schedule makes at each update. Default: the number of processes, since code that counted the batches
   * of one process has so many for each; 1 where steps were counted from a prepared loader.
   */
  readonly scheduleSteps?: number;
  /** Where `log` writes. Default nowhere. */
  readonly logWith?: Tracker | readonly Tracker[];
  /** Bytes of gradients that processes send at a time. Default 4 MiB. */
  readonly bucketBytes?: number;
  /** The processes. Default: those that were started together with this one. */
  readonly processes?: ProcessGroup;
}

export type MixedPrecision = "no" | "bf16";
const MIXED_PRECISIONS: readonly string[] = ["no", "bf16"] satisfies MixedPrecision[];

function precisionOf(mixedPrecision: MixedPrecision): ProductPrecision {
  return mixedPrecision === "bf16" ? "bfloat16" : "float32";
}

export interface BackwardWeight {
  /** The factor of this loss in the step's loss. Default: 1 / gradientAccumulationSteps. */
  readonly weight?: number;
  /**
   * The part of this process's loss in that of all. Default: that of its labels among the labels of all processes' batches,
   * so that several processes have the gradients of one with the larger batch; without a prepared loader 1 / numProcesses.
   */
  readonly share?: number;
}

/** A model that knows how to write itself. */
interface Savable {
  savePretrained(folder: string): Promise<void>;
}

/** What the main process says of work that it has done. */
interface Said<T> {
  readonly result?: T;
  readonly failure?: string;
}

type AnyFunction<Inputs extends readonly unknown[], Result> = (...inputs: Inputs) => Result;

const DEFAULT_BUCKET_BYTES = 4 * 2 ** 20;

export class Accelerator {
  readonly gradientAccumulationSteps: number;
  readonly mixedPrecision: MixedPrecision;
  readonly trackers: readonly Tracker[];
  readonly #group: ProcessGroup;
  readonly #gradients: GradientSum;
  readonly #synchronizer: Synchronizer;
  readonly #loaders: LoaderPosition[] = [];
  readonly #prepared = {
    models: [] as Module[],
    optimizers: [] as OptimizerLike[],
    schedules: [] as ScheduleLike[],
    loaders: [] as LoaderLike[],
    registered: [] as Checkpointable[],
  };
  readonly #fillers = new WeakSet<object>();
  #syncGradients = true;
  #accumulated = 0;

  /**
   * @throws ConfigError for options that are out of range, or where several processes were started that cannot be joined;
   *   ProcessError where not all of them make an Accelerator
   */
  constructor(options: AcceleratorOptions = {}) {
    const {
      gradientAccumulationSteps = 1,
      mixedPrecision = "no",
      logWith = [],
      bucketBytes = DEFAULT_BUCKET_BYTES,
    } = options;
    expectPositive("gradientAccumulationSteps", gradientAccumulationSteps);
    expectPositive("scheduleSteps", options.scheduleSteps ?? 1);
    expectPositive("bucketBytes", bucketBytes);
    if (!MIXED_PRECISIONS.includes(mixedPrecision)) {
      throw new ConfigError(
        `Accelerator: mixedPrecision must be one of "${MIXED_PRECISIONS.join('", "')}", not ${JSON.stringify(mixedPrecision)}` +
          `${(mixedPrecision as string) === "fp16" ? ": no processor has float16 products" : ""}`,
      );
    }
    this.gradientAccumulationSteps = gradientAccumulationSteps;
    this.mixedPrecision = mixedPrecision;
    const group = options.processes ?? joinProcesses();
    this.#group = group;
    this.#gradients = new GradientSum(group, bucketBytes);
    this.trackers = Array.isArray(logWith) ? logWith : [logWith as Tracker];
    const syncGradients = () => this.#syncGradients;
    this.#synchronizer = {
      get syncGradients() {
        return syncGradients();
      },
      precision: precisionOf(mixedPrecision),
      rank: group.rank,
      size: group.size,
      scheduleSteps: options.scheduleSteps ?? group.size,
      prepareModel: (model) => this.#prepareModel(model),
      beginLoader: (position) => this.#loaders.push(position),
      endLoader: (position) => this.#loaders.splice(this.#loaders.indexOf(position), 1),
      agreeOnBatch: (own) => this.#agreeOnBatch(own),
      noteFiller: (batch) => this.#fillers.add(batch),
      prepared: (kind, object) => this.#notePrepared(kind, object),
    };
  }

  // ---- who this process is ----

  /** Rank of this process, from 0. */
  get processIndex(): number {
    return this.#group.rank;
  }

  get numProcesses(): number {
    return this.#group.size;
  }

  /** Rank among the processes of this machine. */
  get localProcessIndex(): number {
    return this.#group.localRank;
  }

  /** Name of this process's machine. */
  get host(): string {
    return this.#group.host;
  }

  /** True on the process that prints and saves. */
  get isMainProcess(): boolean {
    return this.processIndex === 0;
  }

  get isLocalMainProcess(): boolean {
    return this.localProcessIndex === 0;
  }

  get isLastProcess(): boolean {
    return this.processIndex === this.numProcesses - 1;
  }

  // ---- the loop ----

  /**
   * Whether gradients are complete: false between the batches that one optimizer step is accumulated from. Prepared
   * optimizers and schedules do nothing while it is false.
   */
  get syncGradients(): boolean {
    return this.#syncGradients;
  }

  /**
   * Makes models, optimizers, loaders and schedules, in any order, aware of this accelerator. With several processes models
   * get the weights of the main process, and loaders give each process its share: a batch of this process is of the size
   * that it was asked for, and an epoch has as many fewer.
   * @returns The same objects in the same order.
   * @throws ConfigError for anything else, or what another Accelerator has prepared.
   */
  prepare<Objects extends readonly Preparable[]>(...objects: Objects): Objects {
    for (const [i, object] of objects.entries()) makeAware(object, this.#synchronizer, i);
    return objects;
  }

  /**
   * Adds the gradients of `weight * loss`. Where gradients are complete with it, they are those of all processes.
   * @param loss A scalar on the device.
   */
  backward(loss: Tensor, options: BackwardWeight = {}): void {
    const { weight = 1 / this.gradientAccumulationSteps, share = this.#share() } = options;
    const factor = weight * share;
    const run = (onLeafDone?: (leaf: Tensor) => void): void => {
      if (factor === 1) loss.backward({ onLeafDone });
      else tidy(() => loss.backward({ gradient: full(loss.shape, factor, "float32", loss.backend), onLeafDone }));
    };
    if (this.numProcesses === 1) run();
    else this.#gradients.run(run, this.#syncGradients);
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
    this.#syncGradients = false;
    return restoring(fn, () => {
      this.#syncGradients = before;
    });
  }

  /**
   * Clips the gradients of a step by their common norm, once they are complete; see clipGradNorm.
   * @returns The norm before clipping, a scalar on the device; undefined while gradients are being accumulated.
   */
  clipGradNorm(parameters: Iterable<Tensor>, maxNorm: number): Tensor | undefined {
    return this.#syncGradients ? clipGradNorm(parameters, maxNorm) : undefined;
  }

  /** Makes a loader's next epoch begin behind its first `batches` (of this process): where a run goes on. */
  skipFirstBatches<Loader extends LoaderLike>(loader: Loader, batches: number): Loader {
    if (!isCheckpointable(loader)) throw new ConfigError("skipFirstBatches: the loader has no loadStateDict()");
    const { epoch } = loader as { readonly epoch?: number };
    loader.loadStateDict({ epoch: epoch ?? 0, batch: batches } as never);
    return loader;
  }

  /** Rows of each process, by rank, in the step of a prepared loader that goes on; undefined outside of one. */
  get rowsOfStep(): readonly number[] | undefined {
    return this.#loaders.at(-1)?.shares.map(({ rows }) => rows);
  }

  /** Whether a prepared loader's batch stands in for one that is not there: another process has its rows, and it counts nothing. */
  isFiller(batch: object): boolean {
    return this.#fillers.has(batch);
  }

  // ---- tensors of all processes ----

  /**
   * The rows of all processes, one after another: tensors, also in arrays and plain objects, of the same shape everywhere;
   * padAcrossProcesses makes them so.
   * @throws ProcessError where shapes or calls differ, naming which process has which
   */
  gather<T>(tensors: T): T {
    return gather(this.#group, tensors);
  }

  /**
   * As `gather`, for what was computed from the batch of a prepared loader: each row of the dataset comes once, in its
   * order, also where the last batches are uneven.
   */
  gatherForMetrics<T>(tensors: T): T {
    const position = this.#loaders.at(-1);
    if (!position || position.shares.length === 0) return this.gather(tensors);
    const rows = position.shares.map((share) => share.rows);
    return gatherBatch(this.#group, tensors, rows, position.batchRows);
  }

  /** The mean (default) or sum over all processes, element by element. */
  reduce<T>(tensors: T, reduction: Reduction = "mean"): T {
    return reduce(this.#group, tensors, reduction);
  }

  /** What process `from` has. */
  broadcast<T>(tensors: T, from = 0): T {
    return broadcast(this.#group, tensors, from);
  }

  /** Tensors filled up along an axis to the size of the largest of all processes. */
  padAcrossProcesses<T>(tensors: T, options: PadOptions = {}): T {
    return this.numProcesses === 1 ? tensors : padAcrossProcesses(this.#group, tensors, options);
  }

  // ---- values and order among processes ----

  /** Everybody's value, by rank: whatever JSON can hold. */
  gatherObject<T>(value: T): Promise<readonly T[]> {
    return exchangeValues(this.#group, "gatherObject", value);
  }

  /**
   * This process's part of a list (an array, typed array or tensor, or an object of those): the first processes have one more
   * where it does not come out even; with `applyPadding` all have as many, the last element repeated.
   */
  splitBetweenProcesses<T>(inputs: T, { applyPadding = false }: { readonly applyPadding?: boolean } = {}): T {
    return splitBetween(inputs, this.processIndex, this.numProcesses, applyPadding);
  }

  /** Resolves when every process has come here. */
  async waitForEveryone(): Promise<void> {
    await this.#group.exchange("waitForEveryone");
  }

  /** Runs `fn` on the main process, then on the others: what it has downloaded or cached is there for them. */
  async mainProcessFirst<T>(fn: () => T | Promise<T>): Promise<T> {
    return this.#inTurn("mainProcessFirst", this.isMainProcess, fn);
  }

  /** As mainProcessFirst, with a first process on each machine. */
  async localMainProcessFirst<T>(fn: () => T | Promise<T>): Promise<T> {
    return this.#inTurn("localMainProcessFirst", this.isLocalMainProcess, fn);
  }

  /**
   * What `fn` gives on the main process, as JSON can hold it: for work that must be done once, such as writing a file. All wait
   * for it, and fail where it does.
   * @param what The call, for messages.
   */
  async runOnMain<T>(what: string, fn: () => Promise<T>): Promise<T> {
    if (this.numProcesses === 1) return fn();
    if (!this.isMainProcess) {
      const [{ result, failure }] = await exchangeValues<Said<T>>(this.#group, what, {});
      if (failure !== undefined) throw new AttuneError(`${what} failed on the main process: ${failure}`);
      return result as T;
    }
    try {
      const result = await fn();
      await exchangeValues<Said<T>>(this.#group, what, { result });
      return result;
    } catch (error) {
      if (!(error instanceof ProcessError)) {
        await exchangeValues<Said<T>>(this.#group, what, {
          failure: error instanceof Error ? error.message : String(error),
        });
      }
      throw error;
    }
  }

  /** A function that does its work on the main process, and nothing on the others. */
  onMainProcess<In extends readonly unknown[], Out>(fn: AnyFunction<In, Out>): AnyFunction<In, Out | undefined> {
    return (...inputs) => (this.isMainProcess ? fn(...inputs) : undefined);
  }

  /** As onMainProcess, on the first process of each machine. */
  onLocalMainProcess<In extends readonly unknown[], Out>(fn: AnyFunction<In, Out>): AnyFunction<In, Out | undefined> {
    return (...inputs) => (this.isLocalMainProcess ? fn(...inputs) : undefined);
  }

  /** As onMainProcess, on the process of highest rank. */
  onLastProcess<In extends readonly unknown[], Out>(fn: AnyFunction<In, Out>): AnyFunction<In, Out | undefined> {
    return (...inputs) => (this.isLastProcess ? fn(...inputs) : undefined);
  }

  /** As onMainProcess, on the process of rank `processIndex`. */
  onProcess<In extends readonly unknown[], Out>(
    processIndex: number,
    fn: AnyFunction<In, Out>,
  ): AnyFunction<In, Out | undefined> {
    return (...inputs) => (this.processIndex === processIndex ? fn(...inputs) : undefined);
  }

  /** console.log on the main process. */
  print(...values: unknown[]): void {
    if (this.isMainProcess) console.log(...values);
  }

  // ---- saving ----

  /** The model itself, without what processes need around it. Its forward keeps the precision that prepare gave it. */
  unwrapModel<Model extends Module>(model: Model): Model {
    return model;
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

  /** Also saves and loads these with saveState and loadState: objects with stateDict(), as JSON can hold it, and loadStateDict(). */
  registerForCheckpointing(...objects: readonly Checkpointable[]): void {
    for (const [i, object] of objects.entries()) {
      if (isCheckpointable(object)) continue;
      throw new ConfigError(`registerForCheckpointing: argument ${i + 1} has no stateDict() and loadStateDict()`);
    }
    this.#prepared.registered.push(...objects);
  }

  /**
   * Writes all that was prepared and registered into `folder`: weights, moments, rates, places in the data, random numbers.
   * The main process writes; all wait until the folder is there, whole.
   * @throws AttuneError naming the folder and the cause; an older state in it stays
   */
  async saveState(folder: string): Promise<void> {
    await this.runOnMain("saveState", () => writeState(folder, this.#prepared, this.numProcesses));
  }

  /**
   * Brings all that was prepared and registered, in the same order, to where `folder` has it. It may have been saved by
   * another number of processes: a place in the data is then that of the same rows, or the nearest before.
   */
  async loadState(folder: string): Promise<void> {
    await readState(folder, this.#prepared, this.processIndex, this.numProcesses);
    await this.waitForEveryone();
  }

  /**
   * Compares the parameters of all processes by a hash of each.
   * @throws ProcessError naming the first that differ; a loop that makes the same calls everywhere never has any
   */
  async checkParameters(model: Module): Promise<void> {
    const own: [string, string][] = [];
    for (const [name, parameter] of model.namedParameters()) {
      const values = await parameter.data();
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      own.push([name, createHash("sha256").update(bytes).digest("hex")]);
    }
    const all = await exchangeValues(this.#group, "checkParameters", own);
    const differ = own.filter(([, hash], i) => all.some((other) => other[i]?.[1] !== hash)).map(([name]) => name);
    if (differ.length === 0) return;
    throw new ProcessError(
      `${differ.length} of ${own.length} parameters are not the same in all processes, ${differ[0]} first: were they changed ` +
        "outside of the prepared optimizer, or by code that does not run everywhere?",
    );
  }

  // ---- figures ----

  /** What communication has cost so far. */
  statistics(): GroupStatistics {
    return this.#group.statistics();
  }

  /** Begins the trackers given as `logWith`, on the main process. */
  async initTrackers(project: string, config: Readonly<Record<string, unknown>> = {}): Promise<void> {
    if (this.isMainProcess) for (const tracker of this.trackers) await tracker.begin(project, config);
  }

  /** Writes figures to all trackers, from the main process. */
  async log(values: Figures, { step }: { readonly step?: number } = {}): Promise<void> {
    if (this.isMainProcess) for (const tracker of this.trackers) await tracker.log(values, step);
  }

  /** @throws ConfigError where there is no tracker of that name, listing those that are there */
  getTracker(name: string): Tracker {
    const found = this.trackers.find((tracker) => tracker.name === name);
    if (found) return found;
    throw new ConfigError(
      `there is no tracker "${name}"; logWith has ${this.trackers.map((tracker) => tracker.name).join(", ") || "none"}`,
    );
  }

  /** Ends the trackers, once every process has come here. */
  async endTraining(): Promise<void> {
    await this.waitForEveryone();
    if (this.isMainProcess) for (const tracker of this.trackers) await tracker.end();
  }

  // ---- beneath ----

  #prepareModel(model: Module): void {
    const group = this.#group;
    if (group.size === 1) return;
    const parameters = model.parameters();
    const elements = parameters.reduce((sum, { size }) => sum + size, 0);
    const shapes = createHash("sha256")
      .update(JSON.stringify(parameters.map(({ shape }) => shape)))
      .digest("hex");
    const what = `prepare ${model.constructor.name}, ${parameters.length} parameters of ${elements} elements`;
    group.exchangeNow(`${what} (${shapes.slice(0, 8)})`);
    group.broadcast(what, parameters, 0).wait();
    for (const parameter of parameters) parameter.markChanged();
    this.#gradients.add(parameters.filter((parameter) => parameter.requiresGrad));
    setRandomState({ ...randomState(), process: group.rank }); // dropout differs between processes, and nothing else does
  }

  #notePrepared(kind: PreparedKind, object: Preparable): void {
    switch (kind) {
      case "model":
        this.#prepared.models.push(object as Module);
        break;
      case "optimizer":
        this.#prepared.optimizers.push(object as OptimizerLike);
        break;
      case "schedule":
        this.#prepared.schedules.push(object as ScheduleLike);
        break;
      case "loader": {
        const loader = object as LoaderLike;
        this.#prepared.loaders.push(loader);
        if (this.numProcesses > 1) this.#group.exchangeNow(`prepare a loader of ${loader.length} batches`);
        break;
      }
      default:
        kind satisfies never;
    }
  }

  async #agreeOnBatch(own: BatchShare | undefined): Promise<readonly BatchShare[] | undefined> {
    if (this.numProcesses === 1) return own && [own];
    const all = await exchangeValues(this.#group, "the next batch of a loader", own ?? null);
    return all.every((share) => share !== null) ? all : undefined;
  }

  /** This process's part of the labels of the batches that all processes have now. */
  #share(): number {
    const shares = this.#loaders.at(-1)?.shares ?? [];
    const total = shares.reduce((sum, { labels }) => sum + labels, 0);
    return shares.length > 1 && total > 0 ? shares[this.processIndex].labels / total : 1 / this.numProcesses;
  }

  async #inTurn<T>(what: string, first: boolean, fn: () => T | Promise<T>): Promise<T> {
    if (first) {
      const result = await fn();
      await this.#group.exchange(what);
      return result;
    }
    await this.#group.exchange(what);
    return fn();
  }
}

function expectPositive(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new ConfigError(`Accelerator: ${name} must be a positive integer, not ${value}`);
}
