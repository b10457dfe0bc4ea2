// Writes a run's log line by line into its folder, and what its evaluations showed, for those who look at it while it goes
// on (src/runs).
import { basename } from "node:path";
import { residentMemory } from "../../support/memory.js";
import { forgetDetails, storeDetails } from "../details/store.js";
import { describeProcess, type EndLine, RunLog, toLogged } from "../run-log.js";
import type {
  CallbackContext,
  ErrorContext,
  EvaluateContext,
  LogContext,
  SaveContext,
  TrainerCallback,
} from "./callback.js";

/** Every Trainer that saves has one; with `saveStrategy: "no"` add it to `callbacks` to have the log alone. */
export class RunLogCallback implements TrainerCallback {
  #log: RunLog | undefined;

  async onTrainBegin({ args, state }: CallbackContext): Promise<void> {
    this.#log = new RunLog(args.outputDir);
    const { globalStep: step, maxSteps, numTrainEpochs: epochs, logHistory } = state;
    const best = { key: args.bestMetricKey, greater: args.bestIsGreatest };
    const rows = this.#log.isNew ? 0 : logHistory.length;
    const time = Date.now();
    this.#log.add({ event: "start", time, step, rows, maxSteps, epochs, ...describeProcess(), best });
    await forgetDetails(args.outputDir, state.globalStep);
    // A run that goes on from another folder's checkpoint brings what was logged there.
    for (const { step: at = 0, epoch = 0, ...values } of logHistory.slice(rows)) {
      this.#log.add({ event: "log", time, step: at, epoch, values: toLogged(values), figures: {} });
    }
  }

  onLog({ state, logs, figures }: LogContext): void {
    this.#log?.add({
      event: "log",
      time: Date.now(),
      step: state.globalStep,
      epoch: state.epoch,
      tokens: state.numInputTokensSeen,
      values: toLogged(logs),
      figures: toLogged({
        tokens_per_second: figures.tokensPerSecond,
        padding_share: figures.paddingShare,
        memory: residentMemory(),
      }),
    });
  }

  async onEvaluate({ args, state, details = [] }: EvaluateContext): Promise<void> {
    if (!this.#log) return;
    for (const each of details) await storeDetails(args.outputDir, each, state.bestGlobalStep);
  }

  onSave({ state, checkpoint }: SaveContext): void {
    this.#log?.add({
      event: "checkpoint",
      time: Date.now(),
      step: state.globalStep,
      name: basename(checkpoint),
    });
  }

  onTrainEnd({ state, control }: CallbackContext): void {
    const complete = state.globalStep >= state.maxSteps || control.shouldTrainingStop;
    this.#end(state.globalStep, complete ? "finished" : "interrupted");
  }

  onTrainError({ state, error }: ErrorContext): void {
    this.#end(state.globalStep, "failed", error.message);
  }

  #end(step: number, outcome: EndLine["outcome"], reason?: string): void {
    this.#log?.add({ event: "end", time: Date.now(), step, outcome, reason });
  }
}
