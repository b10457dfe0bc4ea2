// When a run logs, evaluates, saves and ends, by its arguments (transformers: trainer_callback.py, DefaultFlowCallback).
import type { CallbackContext, TrainerCallback } from "./callback.js";

/** The first of every Trainer's callbacks; one of your own may follow it and change what it decided. */
export class DefaultFlowCallback implements TrainerCallback {
  onStepEnd({ args, state, control }: CallbackContext): void {
    const { globalStep: step } = state;
    const isDue = (strategy: string, every: number) => strategy === "steps" && step % every === 0;
    const last = step >= state.maxSteps;
    if (isDue(args.loggingStrategy, state.loggingSteps) || (step === 1 && args.loggingFirstStep)) {
      control.shouldLog = true;
    }
    if (args.evalStrategy === "steps" && (last || step % state.evalSteps === 0) && args.evalDelay <= step) {
      control.shouldEvaluate = true;
    }
    if (args.saveStrategy === "steps" && (last || step % state.saveSteps === 0)) control.shouldSave = true;
    if (last) control.shouldTrainingStop = true;
  }

  onEpochEnd({ args, state, control }: CallbackContext): void {
    if (args.loggingStrategy === "epoch") control.shouldLog = true;
    if (args.evalStrategy === "epoch" && args.evalDelay <= state.epoch) control.shouldEvaluate = true;
    if (args.saveStrategy === "epoch") control.shouldSave = true;
  }
}
