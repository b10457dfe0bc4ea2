// One call of train(): what it counts, and what of it a checkpoint has to hold.
import type { Batch, DataLoaderState } from "../batches/index.js";
import { fence, type Tensor } from "../tensor/index.js";
import type { StepFigures } from "./callbacks/callback.js";
import { Losses, type LossSums, type PendingLosses } from "./losses.js";
import { countPositions, countRows, countTokens } from "./model.js";
import type { Plan } from "./optimizer.js";
import type { LogRow, TrainerState } from "./state.js";

/** What a step leaves behind. */
export interface StepRecord {
  readonly batches: readonly Batch[];
  /** None where the step was left out. */
  readonly losses: PendingLosses;
  /** Norm of the gradients before clipping, a scalar on the device. */
  readonly gradNorm: Tensor | undefined;
  /** The rate that the step was made with. */
  readonly learningRate: number;
  /** Where the loader stood before the step's first batch. */
  readonly began: DataLoaderState;
  /** Of the batches of all processes. Default: of `batches`. */
  readonly counts?: StepCounts;
}

/** What a step's batches hold. */
export interface StepCounts {
  readonly rows: number;
  readonly tokens: number;
  readonly positions: number;
}

/** Counts batches; padding is among the positions, not among the tokens. */
export function countStep(batches: readonly Batch[]): StepCounts {
  const sum = (count: (batch: Batch) => number) => batches.reduce((total, batch) => total + count(batch), 0);
  return { rows: sum(countRows), tokens: sum(countTokens), positions: sum(countPositions) };
}

/** What the log's figures are made from, as a checkpoint holds it. */
export interface RunSums {
  readonly losses: LossSums;
  readonly rows: number;
  /** Seconds of training so far. */
  readonly seconds: number;
  /** Steps left out because they were not finite. */
  readonly skipped: number;
  /** Of the last step: norm of its gradients, where it was computed, and its rate. */
  readonly gradNorm?: number;
  readonly learningRate: number;
}

const STEPS_REMEMBERED = 16; // errors of the device are heard of a few steps later

export class Run {
  readonly state: TrainerState;
  readonly plan: Plan;
  readonly losses = new Losses();
  /** What displays show. */
  readonly figures: { -readonly [Name in keyof StepFigures]: StepFigures[Name] } = {};
  /** Steps left out because they were not finite. */
  skipped = 0;
  /** Those since the last that was made. */
  leftOutInARow = 0;
  readonly #recent = new Map<number, { began: DataLoaderState; batches: number }>();
  readonly #started = performance.now();
  /** Milliseconds spent on something else than training. */
  #paused = 0;
  /** Seconds of training before this process. */
  #earlier = 0;
  readonly #computedParameters: number;
  #rows = 0;
  #tokens = 0;
  #positions = 0;
  #gradNorm: Tensor | number | undefined;
  #learningRate = 0;

  /** @param computedParameters Weights outside of embedding tables. */
  constructor(state: TrainerState, plan: Plan, computedParameters: number) {
    this.state = state;
    this.plan = plan;
    this.#computedParameters = computedParameters;
  }

  /** Says which batches the next step takes, for messages. */
  beginStep(began: DataLoaderState, batches: number): void {
    const step = this.state.globalStep + 1;
    this.#recent.set(step, { began, batches });
    this.#recent.delete(step - STEPS_REMEMBERED);
  }

  /** Counts a step that was enqueued. @throws as Losses.settle, for steps before it */
  async endStep({ batches, losses, gradNorm, learningRate, began, ...given }: StepRecord): Promise<void> {
    const { state } = this;
    state.globalStep++;
    state.epoch = began.epoch + (began.batch + batches.length) / this.plan.batchesPerEpoch;
    const { rows, tokens, positions } = given.counts ?? countStep(batches);
    this.#rows += rows;
    this.#tokens += tokens;
    this.#positions += positions;
    state.numInputTokensSeen += tokens;
    state.totalFlos += 6 * positions * this.#computedParameters;
    if (typeof this.#gradNorm === "object") this.#gradNorm.dispose();
    this.#gradNorm = gradNorm;
    this.#learningRate = learningRate;
    if (losses.length > 0) {
      this.leftOutInARow = 0;
      await this.losses.add(state.globalStep, losses);
    } else {
      this.leftOutInARow++;
      this.skipped++;
    }
    this.figures.loss = this.losses.recentMean;
    this.figures.learningRate = learningRate;
    this.figures.tokensPerSecond = this.#tokens / ((performance.now() - this.#started - this.#paused) / 1000);
    if (this.#positions > 0) this.figures.paddingShare = 1 - this.#tokens / this.#positions;
  }

  /** The batches of a step of late, by their place in the loader. */
  batchesOf(step: number): { readonly began: DataLoaderState; readonly batches: number } | undefined {
    return this.#recent.get(step);
  }

  /** Runs `fn`, whose time does not count for the rate of tokens. */
  async pause<T>(fn: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await fn();
    } finally {
      this.#paused += performance.now() - began;
    }
  }

  /** Waits until the device has done every step. @throws DeviceError, naming the step, where one went wrong */
  async settle(): Promise<void> {
    await this.losses.settle();
    await fence().wait();
  }

  /** The row of the log for the steps since the last one; undefined where there were none. */
  async closeWindow(): Promise<LogRow | undefined> {
    await this.losses.settle();
    const loss = this.losses.windowMean;
    if (loss === undefined) return undefined;
    this.losses.closeWindow();
    const gradNorm = await this.#readGradNorm();
    return { loss, ...(gradNorm === undefined ? {} : { grad_norm: gradNorm }), learning_rate: this.#learningRate };
  }

  /** The row of the log for the whole run. */
  summary(): LogRow {
    const { seconds } = this;
    return {
      train_runtime: seconds,
      train_samples_per_second: this.#rows / seconds,
      train_steps_per_second: this.state.globalStep / seconds,
      total_flos: this.state.totalFlos,
      train_loss: this.losses.mean,
    };
  }

  /** All sums, once the run is settled. */
  async exportSums(): Promise<RunSums> {
    return {
      losses: this.losses.exportSums(),
      rows: this.#rows,
      seconds: this.seconds,
      skipped: this.skipped,
      gradNorm: await this.#readGradNorm(),
      learningRate: this.#learningRate,
    };
  }

  importSums({ losses, rows, seconds, skipped, gradNorm, learningRate }: RunSums): void {
    this.losses.importSums(losses);
    this.#rows = rows;
    this.#earlier = seconds;
    this.skipped = skipped;
    this.#gradNorm = gradNorm;
    this.#learningRate = learningRate;
  }

  async #readGradNorm(): Promise<number | undefined> {
    const norm = this.#gradNorm;
    if (typeof norm !== "object") return norm;
    return norm.disposed ? undefined : norm.item();
  }

  /** Seconds of training, those before this process with them. */
  get seconds(): number {
    return this.#earlier + (performance.now() - this.#started) / 1000;
  }
}

/** Batches in groups of `size`, the last of which may be smaller: the batches of one optimizer step. */
export async function* inGroups(batches: AsyncIterable<Batch>, size: number): AsyncGenerator<readonly Batch[]> {
  let group: Batch[] = [];
  for await (const batch of batches) {
    group.push(batch);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
