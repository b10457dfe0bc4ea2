// One call of train(): what it works with, the checkpoints that it leaves, and the one that it goes on from.
import type { Batch, DataLoader, DataLoaderState } from "../batches/index.js";
import type { AnyRow } from "../datasets/index.js";
import type { Tensor } from "../tensor/index.js";
import type { TrainingArguments } from "./arguments.js";
import type { TrainerControl } from "./callbacks/index.js";
import { type CheckpointParts, dataSetting, restoreCheckpoint, writeCheckpoint } from "./checkpoints/index.js";
import type { TrainableModel } from "./model.js";
import type { TrainerOptimizer, TrainerSchedule } from "./optimizer.js";
import type { Run } from "./run.js";
import type { CallbackStates } from "./state.js";

export interface SessionParts {
  readonly args: TrainingArguments;
  readonly model: TrainableModel;
  readonly control: TrainerControl;
  readonly run: Run;
  readonly optimizer: TrainerOptimizer;
  readonly lrScheduler: TrainerSchedule;
  readonly loader: DataLoader<AnyRow, Batch>;
  /** Rows of the training dataset. */
  readonly rows: number;
  /** Processes that share them. */
  readonly processes: number;
  /** What asked for the end of training, if something did: in any of the processes, as all of them know. */
  readonly interrupted: () => string | undefined;
  /** What asked this process. */
  readonly ownInterrupt: () => string | undefined;
}

export class Session {
  readonly run: Run;
  readonly parameters: readonly Tensor[];
  readonly optimizer: TrainerOptimizer;
  readonly lrScheduler: TrainerSchedule;
  readonly loader: DataLoader<AnyRow, Batch>;
  readonly interrupted: () => string | undefined;
  readonly ownInterrupt: () => string | undefined;
  /** What the run has done last: a step, or the end of an epoch with all that is due then. */
  after: "step" | "epoch" = "epoch";
  readonly #parts: SessionParts;
  /** The step and stage that the newest checkpoint is of. */
  #saved: string | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.run = parts.run;
    this.parameters = parts.model.parameters();
    this.optimizer = parts.optimizer;
    this.lrScheduler = parts.lrScheduler;
    this.loader = parts.loader;
    this.interrupted = parts.interrupted;
    this.ownInterrupt = parts.ownInterrupt;
  }

  /** Where the training loader goes on: after an epoch that a callback has cut short, with the next. */
  get place(): DataLoaderState {
    const cut = this.after === "epoch" && this.#parts.control.shouldEpochStop;
    return cut ? { epoch: this.loader.epoch, batch: 0 } : this.loader.stateDict();
  }

  /** Whether the run goes on from a checkpoint of an epoch's last step, before what is due at the epoch's end. */
  get epochIsLeftOpen(): boolean {
    return this.after === "step" && this.loader.stateDict().batch === 0 && this.run.state.globalStep > 0;
  }

  /**
   * Brings model, optimizer, schedule, counters and the place in the data to where a checkpoint has them.
   * @returns The states of callbacks. @throws as restoreCheckpoint
   */
  async resume(checkpoint: string, freshOptimizer: boolean): Promise<CallbackStates> {
    const { callbacks, after } = await restoreCheckpoint(checkpoint, this.#checkpointParts(), { freshOptimizer });
    this.after = after;
    return callbacks;
  }

  /**
   * Writes a checkpoint, unless the newest is of the same place. The run is settled by it.
   * @returns Its folder. @throws as writeCheckpoint
   */
  async save(
    callbacks: () => CallbackStates,
    writeModel: (folder: string) => Promise<void>,
  ): Promise<string | undefined> {
    const { globalStep, bestGlobalStep } = this.run.state;
    const place = `${globalStep} ${this.after} ${bestGlobalStep}`;
    if (this.#saved === place) return undefined;
    await this.run.settle();
    const written = { callbacks: callbacks(), writeModel };
    const checkpoint = await writeCheckpoint(this.#parts.args.outputDir, this.#checkpointParts(), written);
    this.#saved = place;
    return checkpoint;
  }

  #checkpointParts(): CheckpointParts {
    const { args, model, run, optimizer, lrScheduler, loader, rows, processes } = this.#parts;
    const { after, place } = this;
    const data = dataSetting(args, rows, processes);
    return { args, model, state: run.state, run, optimizer, lrScheduler, loader, place, after, data };
  }
}
