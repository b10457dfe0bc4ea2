// One call of train(): what it counts, shows and logs.
import type { Batch } from "../batches/index.js";
import { Progress } from "../support/progress.js";
import { fence, type Tensor } from "../tensor/index.js";
import { Losses, type PendingLosses } from "./losses.js";
import { countRows, countTokens } from "./model.js";
import type { Plan } from "./optimizer.js";
import type { LogRow, TrainerState } from "./state.js";

/** What a step leaves behind. */
export interface StepRecord {
  readonly batches: readonly Batch[];
  readonly losses: PendingLosses;
  /** Norm of the gradients before clipping, a scalar on the device. */
  readonly gradNorm: Tensor | undefined;
  /** The rate that the step was made with. */
  readonly learningRate: number;
}

export class Run {
  readonly state: TrainerState;
  readonly plan: Plan;
  readonly losses = new Losses();
  readonly progress: Progress;
  readonly #started = performance.now();
  /** Milliseconds spent on something else than training. */
  #paused = 0;
  readonly #computedParameters: number;
  #rows = 0;
  #gradNorm: Tensor | undefined;
  #learningRate = 0;

  constructor(state: TrainerState, plan: Plan, options: { computedParameters: number; silent: boolean }) {
    this.state = state;
    this.plan = plan;
    this.#computedParameters = options.computedParameters;
    const mode = options.silent ? "silent" : "auto";
    this.progress = new Progress({ description: "train", total: plan.maxSteps, mode });
  }

  /** Counts a step that was enqueued. @throws as Losses.settle, for steps before it */
  async endStep({ batches, losses, gradNorm, learningRate }: StepRecord): Promise<void> {
    const { state } = this;
    state.globalStep++;
    state.epoch = state.globalStep / this.plan.stepsPerEpoch;
    for (const batch of batches) {
      this.#rows += countRows(batch);
      state.numInputTokensSeen += countTokens(batch);
      state.totalFlos += 6 * (batch.input_ids?.size ?? 0) * this.#computedParameters;
    }
    this.#gradNorm?.dispose();
    this.#gradNorm = gradNorm;
    this.#learningRate = learningRate;
    await this.losses.add(state.globalStep, losses);
    this.progress.update(state.globalStep, {
      epoch: state.epoch.toFixed(2),
      loss: this.losses.recentMean,
      lr: learningRate,
      "tokens/s": Math.round(state.numInputTokensSeen / (this.#seconds - this.#paused / 1000)),
    });
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
    const gradNorm = this.#gradNorm && !this.#gradNorm.disposed ? await this.#gradNorm.item() : undefined;
    return { loss, ...(gradNorm === undefined ? {} : { grad_norm: gradNorm }), learning_rate: this.#learningRate };
  }

  /** The row of the log for the whole run. */
  summary(): LogRow {
    return {
      train_runtime: this.#seconds,
      train_samples_per_second: this.#rows / this.#seconds,
      train_steps_per_second: this.state.globalStep / this.#seconds,
      total_flos: this.state.totalFlos,
      train_loss: this.losses.mean,
    };
  }

  get #seconds(): number {
    return (performance.now() - this.#started) / 1000;
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
