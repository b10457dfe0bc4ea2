// Where a run stands, and trainer_state.json: Python's TrainerState refuses keys that it does not know, so these are all
// of its keys and no others (transformers: trainer_callback.py).

/** A row of the log: what was logged, with step and epoch. */
export type LogRow = Readonly<Record<string, number>>;

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
  readonly logHistory: LogRow[] = [];

  /** The content of trainer_state.json. */
  toJSON(): Record<string, unknown> {
    return {
      best_global_step: null,
      best_metric: null,
      best_model_checkpoint: null,
      epoch: this.epoch,
      eval_steps: this.evalSteps,
      global_step: this.globalStep,
      is_hyper_param_search: false,
      is_local_process_zero: true,
      is_world_process_zero: true,
      log_history: this.logHistory,
      logging_steps: this.loggingSteps,
      max_steps: this.maxSteps,
      num_input_tokens_seen: this.numInputTokensSeen,
      num_train_epochs: this.numTrainEpochs,
      save_steps: this.saveSteps,
      stateful_callbacks: {
        TrainerControl: {
          args: {
            should_epoch_stop: false,
            should_evaluate: false,
            should_log: false,
            should_save: true,
            should_training_stop: this.globalStep >= this.maxSteps,
          },
          attributes: {},
        },
      },
      total_flos: this.totalFlos,
      train_batch_size: this.trainBatchSize,
      trial_name: null,
      trial_params: null,
    };
  }
}
