// The switches by which callbacks steer a run (transformers: trainer_callback.py, TrainerControl).
import type { ExportedState } from "./callback.js";

/** Set by callbacks, read by the Trainer after each step and epoch. */
export class TrainerControl {
  /** End training after this step. Stays set. */
  shouldTrainingStop = false;
  /** End this epoch after this step. Cleared when the next begins. */
  shouldEpochStop = false;
  /** Write a checkpoint after this step. Cleared once it is written, and when the next step begins. */
  shouldSave = false;
  /** Evaluate after this step; cleared likewise. */
  shouldEvaluate = false;
  /** Log the losses since the last log; cleared likewise. */
  shouldLog = false;

  /** As trainer_state.json holds it. */
  toJSON(): ExportedState {
    return {
      args: {
        should_epoch_stop: this.shouldEpochStop,
        should_evaluate: this.shouldEvaluate,
        should_log: this.shouldLog,
        should_save: this.shouldSave,
        should_training_stop: this.shouldTrainingStop,
      },
      attributes: {},
    };
  }
}
