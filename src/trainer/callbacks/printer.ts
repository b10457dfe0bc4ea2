// The log as lines: what a run prints where there is no progress display.
import { info } from "../../support/log.js";
import { showNumber } from "../fields.js";
import type { LogRow, TrainerState } from "../state.js";
import type { LogContext, TrainerCallback } from "./callback.js";

/** Prints each row of the log. */
export class PrinterCallback implements TrainerCallback {
  onLog({ state, logs }: LogContext): void {
    printLog(state, logs);
  }
}

/** `epoch 1.00  step 459  loss 0.5153  learning_rate 3.333e-5`; how fast something went is left out. */
export function printLog(state: TrainerState, logs: LogRow): void {
  const { epoch, globalStep, maxSteps } = state;
  const place = maxSteps > 0 ? [`epoch ${epoch.toFixed(2)}`, `step ${globalStep}`] : []; // none where nothing was trained
  const figures = Object.entries(logs)
    .filter(([key]) => !/_per_second$|^total_flos$/.test(key))
    .map(([key, value]) => `${key} ${showNumber(value)}`);
  info([...place, ...figures].join("  "));
}
