// Ends training when a metric no longer improves (transformers: trainer_callback.py, EarlyStoppingCallback).
import { ConfigError, nearest } from "../../support/errors.js";
import { info, warnOnce } from "../../support/log.js";
import type { CallbackContext, EvaluateContext, ExportedState, StatefulCallback } from "./callback.js";

export interface EarlyStoppingOptions {
  /** Evaluations in a row without improvement after which training ends. Default 1. */
  readonly earlyStoppingPatience?: number;
  /** How much better than the best a value has to be to count as an improvement. Default 0. */
  readonly earlyStoppingThreshold?: number;
}

/** Watches `metricForBestModel` ("loss" unless the arguments name another). */
export class EarlyStoppingCallback implements StatefulCallback {
  readonly #patience: number;
  readonly #threshold: number;
  #counter = 0;

  /** @throws ConfigError where patience is not a positive whole number, or the threshold is negative. */
  constructor({ earlyStoppingPatience = 1, earlyStoppingThreshold = 0 }: EarlyStoppingOptions = {}) {
    if (!Number.isSafeInteger(earlyStoppingPatience) || earlyStoppingPatience < 1) {
      throw new ConfigError(
        `EarlyStoppingCallback: earlyStoppingPatience must be a whole number of at least 1, not ${earlyStoppingPatience}`,
      );
    }
    if (!(earlyStoppingThreshold >= 0)) {
      throw new ConfigError(
        `EarlyStoppingCallback: earlyStoppingThreshold must be at least 0, not ${earlyStoppingThreshold}`,
      );
    }
    this.#patience = earlyStoppingPatience;
    this.#threshold = earlyStoppingThreshold;
  }

  /** Evaluations in a row without improvement so far. */
  get counter(): number {
    return this.#counter;
  }

  onTrainBegin({ args }: CallbackContext): void {
    if (args.evalStrategy === "no") {
      throw new ConfigError(
        'EarlyStoppingCallback needs evaluations: set evalStrategy to "epoch" or "steps", or take the callback out',
      );
    }
    if (!args.loadBestModelAtEnd) {
      warnOnce(
        "early stopping",
        "EarlyStoppingCallback without loadBestModelAtEnd: the weights at the end are the last, not the best",
      );
    }
  }

  onEvaluate({ args, state, control, metrics, optimizer }: EvaluateContext): void {
    if (!optimizer) return; // an evaluation beside training
    const { bestMetricKey: key } = args;
    const value = metrics[key];
    if (value === undefined) {
      const near = nearest(key, Object.keys(metrics));
      throw new ConfigError(
        `EarlyStoppingCallback watches ${key}, which the evaluation does not give${near ? `; did you mean ${near}?` : "."} ` +
          `It gives ${Object.keys(metrics).join(", ")}`,
      );
    }
    const best = state.bestMetric; // of the evaluations before this one
    const gain = best === undefined ? Infinity : (value - best) * (args.bestIsGreatest ? 1 : -1);
    this.#counter = gain > this.#threshold ? 0 : this.#counter + 1;
    if (this.#counter < this.#patience) return;
    const evaluations = this.#counter === 1 ? "evaluation" : `${this.#counter} evaluations`;
    info(`stopping early at step ${state.globalStep}: ${key} has not improved in the last ${evaluations}`);
    control.shouldTrainingStop = true;
  }

  exportState(): ExportedState {
    return {
      args: { early_stopping_patience: this.#patience, early_stopping_threshold: this.#threshold },
      attributes: { early_stopping_patience_counter: this.#counter },
    };
  }

  importState({ attributes }: ExportedState): void {
    const { early_stopping_patience_counter: counter } = attributes;
    if (typeof counter === "number") this.#counter = counter;
  }
}
