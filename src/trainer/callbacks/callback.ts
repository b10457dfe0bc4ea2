// What a callback is: an object with a method for each event of a run that it wants to hear of.
import type { Batch, DataLoader } from "../../batches/index.js";
import type { AnyRow } from "../../datasets/index.js";
import type { PreTrainedTokenizer } from "../../tokenizers/index.js";
import type { TrainingArguments } from "../arguments.js";
import type { EvaluationDetails } from "../details/types.js";
import type { TrainableModel } from "../model.js";
import type { TrainerOptimizer, TrainerSchedule } from "../optimizer.js";
import type { LogRow, TrainerState } from "../state.js";
import type { TrainerControl } from "./control.js";

/** What every event gives. */
export interface CallbackContext {
  readonly args: TrainingArguments;
  readonly state: TrainerState;
  /** To be changed: it steers the run. */
  readonly control: TrainerControl;
  readonly model: TrainableModel;
  readonly processingClass: PreTrainedTokenizer | undefined;
  /** These three exist while training goes on. */
  readonly optimizer?: TrainerOptimizer;
  readonly lrScheduler?: TrainerSchedule;
  readonly trainDataLoader?: DataLoader<AnyRow, Batch>;
  /** While an evaluation or prediction goes on. */
  readonly evalDataLoader?: { readonly length: number };
  /** What a display shows of the steps so far. */
  readonly figures: StepFigures;
}

/** Figures of the steps since training began in this process. */
export interface StepFigures {
  /** Mean loss since the last log, or before it while there is none; undefined before the first came back. */
  readonly loss?: number;
  /** The rate of the last step. */
  readonly learningRate?: number;
  /** Tokens a second without padding, evaluations not counted. */
  readonly tokensPerSecond?: number;
  /** Share of the batches' positions that hold padding, which Attune does not compute. */
  readonly paddingShare?: number;
}

export interface EvaluateContext extends CallbackContext {
  /** The figures of the evaluation or prediction, by their names in the log. */
  readonly metrics: LogRow;
  /** What evaluations showed beyond them, where a RunLogCallback is there to store it. */
  readonly details?: readonly EvaluationDetails[];
}

export interface LogContext extends CallbackContext {
  /** What is being logged, without epoch and step. */
  readonly logs: LogRow;
}

export interface SaveContext extends CallbackContext {
  /** The folder of the checkpoint that was written. */
  readonly checkpoint: string;
}

export interface ErrorContext extends CallbackContext {
  /** What ended training. */
  readonly error: Error;
}

/** The events of a run, and what each gives. */
export interface CallbackEvents {
  /** The Trainer was made. Synchronous: what it returns is not awaited. */
  onInitEnd: CallbackContext;
  onTrainBegin: CallbackContext;
  onTrainEnd: CallbackContext;
  /** In place of onTrainEnd where an error ends training, which is thrown on. */
  onTrainError: ErrorContext;
  onEpochBegin: CallbackContext;
  onEpochEnd: CallbackContext;
  /** Before the first batch of an optimizer step. */
  onStepBegin: CallbackContext;
  /** After each batch of a step but its last, where gradients are accumulated. */
  onSubstepEnd: CallbackContext;
  /** Gradients are complete and clipped, weights not changed yet. */
  onPreOptimizerStep: CallbackContext;
  /** Weights are changed, gradients still there. */
  onOptimizerStep: CallbackContext;
  onStepEnd: CallbackContext;
  onEvaluate: EvaluateContext;
  onPredict: EvaluateContext;
  onSave: SaveContext;
  onLog: LogContext;
  /** After each batch of an evaluation or prediction. */
  onPredictionStep: CallbackContext;
  /** Before something is published. */
  onPushBegin: CallbackContext;
}

export type CallbackEvent = keyof CallbackEvents;

/** An object with methods for the events that it wants to hear of; those that return a promise are awaited. */
export type TrainerCallback = {
  readonly [Event in CallbackEvent]?: (context: CallbackEvents[Event]) => void | Promise<void>;
};

/** What a callback carries from run to resumed run, in the form of Python's ExportableState. */
export interface ExportedState {
  /** What it was made with. */
  readonly args: Readonly<Record<string, unknown>>;
  /** What it has counted since. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A callback whose state checkpoints hold, under the name of its class. */
export interface StatefulCallback extends TrainerCallback {
  exportState(): ExportedState;
  /** Goes on from a state that a checkpoint holds. */
  importState(state: ExportedState): void;
}

export function isStateful(callback: TrainerCallback): callback is StatefulCallback {
  const { exportState, importState } = callback as Partial<StatefulCallback>;
  return typeof exportState === "function" && typeof importState === "function";
}
