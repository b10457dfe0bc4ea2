// Where a run stands, and trainer_state.json: Python's TrainerState refuses keys that it does not know, so these are all
// of its keys and no others (transformers: trainer_callback.py).
import { readFile } from "node:fs/promises";
import { FileFormatError } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import { parsePythonJson } from "../support/python-json.js";
import type { ExportedState } from "./callbacks/callback.js";

/** A row of the log: what was logged, with step and epoch. */
export type LogRow = Readonly<Record<string, number>>;

/** States of stateful callbacks by the names of their classes. */
export type CallbackStates = Readonly<Record<string, ExportedState | readonly ExportedState[]>>;

export class TrainerState {
  /** Optimizer steps done. */
  globalStep = 0;
  /** Optimizer steps of the whole run. */
  maxSteps = 0;
  /** Epochs done, with the part of the current one. */
  epoch = 0;
  /** Epochs of the whole run, the last of which may be cut short by maxSteps. */
  numTrainEpochs = 0;
  loggingSteps = 0;
  evalSteps = 0;
  saveSteps = 0;
  trainBatchSize = 0;
  /** Tokens trained on, without padding. */
  numInputTokensSeen = 0;
  /** Floating-point operations spent, estimated as Python does: 6 x tokens with padding x weights outside of tables. */
  totalFlos = 0;
  /** The best value of metricForBestModel, the step that had it, and its checkpoint's folder, once it is written. */
  bestMetric: number | undefined;
  bestGlobalStep: number | undefined;
  bestModelCheckpoint: string | undefined;
  logHistory: LogRow[] = [];
  /** The trial of a search that the run is, with the values that the search gave it. */
  trial: { readonly name: string; readonly params: Readonly<Record<string, string | number | boolean>> } | undefined;

  /** The content of trainer_state.json, with the states of callbacks beside it. */
  toJSON(callbacks: CallbackStates = {}): Record<string, unknown> {
    return {
      best_global_step: this.bestGlobalStep ?? null,
      best_metric: this.bestMetric ?? null,
      best_model_checkpoint: this.bestModelCheckpoint ?? null,
      epoch: this.epoch,
      eval_steps: this.evalSteps,
      global_step: this.globalStep,
      is_hyper_param_search: this.trial !== undefined,
      is_local_process_zero: true,
      is_world_process_zero: true,
      log_history: this.logHistory,
      logging_steps: this.loggingSteps,
      max_steps: this.maxSteps,
      num_input_tokens_seen: this.numInputTokensSeen,
      num_train_epochs: this.numTrainEpochs,
      save_steps: this.saveSteps,
      stateful_callbacks: callbacks,
      total_flos: this.totalFlos,
      train_batch_size: this.trainBatchSize,
      trial_name: this.trial?.name ?? null,
      trial_params: this.trial?.params ?? null,
    };
  }
}

/** What a checkpoint's trainer_state.json says: where the run stood, and its callbacks. */
export interface SavedState {
  readonly state: TrainerState;
  readonly callbacks: CallbackStates;
}

/**
 * Reads trainer_state.json, of Attune or of Python.
 * @throws FileFormatError, naming the file, where it is missing or damaged.
 */
export async function readTrainerState(path: string): Promise<SavedState> {
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new FileFormatError(`${path} cannot be read: ${error.message}`, { cause: error });
  });
  const json = parseObject(text, path);
  const state = new TrainerState();
  const number = (key: string, needed = false): number | undefined => {
    const value = json[key];
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (needed || (value !== null && value !== undefined)) {
      throw new FileFormatError(`${path} is damaged: ${key} is ${JSON.stringify(value)}, not a number`);
    }
    return undefined;
  };
  state.globalStep = number("global_step", true) ?? 0;
  state.maxSteps = number("max_steps", true) ?? 0;
  state.epoch = number("epoch") ?? 0;
  state.numTrainEpochs = number("num_train_epochs") ?? 0;
  state.trainBatchSize = number("train_batch_size") ?? 0;
  state.numInputTokensSeen = number("num_input_tokens_seen") ?? 0;
  state.totalFlos = number("total_flos") ?? 0;
  state.bestMetric = number("best_metric");
  state.bestGlobalStep = number("best_global_step");
  if (!Number.isSafeInteger(state.globalStep) || state.globalStep < 0) {
    throw new FileFormatError(`${path} is damaged: global_step is ${state.globalStep}`);
  }
  const { best_model_checkpoint: best, log_history: log, stateful_callbacks: callbacks } = json;
  if (typeof best === "string") state.bestModelCheckpoint = best;
  if (!Array.isArray(log)) throw new FileFormatError(`${path} is damaged: log_history is not a list`);
  state.logHistory = log as LogRow[];
  return { state, callbacks: (callbacks ?? {}) as CallbackStates };
}

function parseObject(text: string, path: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = parsePythonJson(text);
  } catch (error) {
    throw new FileFormatError(`${path} is damaged: ${(error as Error).message}`, { cause: error });
  }
  if (!isObject(json)) {
    throw new FileFormatError(`${path} is damaged: it does not hold a JSON object`);
  }
  return json;
}
