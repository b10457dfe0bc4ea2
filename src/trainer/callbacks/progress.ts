// What a person sees of a run: one live line on a terminal, a line every so often elsewhere, and the log above it.
import { Progress } from "../../support/progress.js";
import type { CallbackContext, LogContext, TrainerCallback } from "./callback.js";
import { printLog } from "./printer.js";

/** Shows progress with loss, learning rate, steps and tokens a second, padding share and time left; prints the log. */
export class ProgressCallback implements TrainerCallback, Disposable {
  #training: Progress | undefined;
  #prediction: Progress | undefined;

  onTrainBegin({ state }: CallbackContext): void {
    this.#training = new Progress({ description: "train", total: state.maxSteps, initial: state.globalStep });
  }

  onStepEnd({ state, figures }: CallbackContext): void {
    const { loss, learningRate, tokensPerSecond, paddingShare } = figures;
    this.#training?.update(state.globalStep, {
      epoch: state.epoch.toFixed(2),
      loss,
      lr: learningRate,
      "tokens/s": tokensPerSecond === undefined ? undefined : Math.round(tokensPerSecond),
      padding: paddingShare === undefined ? undefined : `${Math.round(100 * paddingShare)}%`,
    });
  }

  onPredictionStep({ evalDataLoader }: CallbackContext): void {
    this.#prediction ??= new Progress({
      description: "evaluate",
      total: evalDataLoader?.length,
      unit: "batches",
      leave: false,
    });
    this.#prediction.advance();
  }

  onEvaluate(): void {
    this.#endPrediction();
  }

  onPredict(): void {
    this.#endPrediction();
  }

  onLog({ state, logs }: LogContext): void {
    printLog(state, logs);
    if (logs.loss !== undefined) this.#training?.update(state.globalStep, { loss: logs.loss });
  }

  onTrainEnd(): void {
    this[Symbol.dispose]();
  }

  /** Ends the display, as training does, or an error in its midst. */
  [Symbol.dispose](): void {
    this.#endPrediction();
    this.#training?.end();
    this.#training = undefined;
  }

  #endPrediction(): void {
    this.#prediction?.end();
    this.#prediction = undefined;
  }
}
