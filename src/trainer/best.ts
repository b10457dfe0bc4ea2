// Which evaluation was the best so far (transformers: trainer.py, _determine_best_metric).
import { ConfigError, nearest } from "../support/errors.js";
import type { TrainingArguments } from "./arguments.js";
import type { LogRow, TrainerState } from "./state.js";

/**
 * Notes an evaluation in the state. @returns Whether it is better than all before it.
 * @throws ConfigError where the arguments name a metric that the evaluation does not give
 */
export function noteEvaluation(state: TrainerState, args: TrainingArguments, metrics: LogRow): boolean {
  const { bestMetricKey: key } = args;
  const value = metrics[key];
  if (value === undefined) {
    if (asksForBest(args)) throw noSuchMetric(key, Object.keys(metrics));
    return false; // several evaluation datasets, and nobody said by which of them
  }
  const best = state.bestMetric;
  if (Number.isNaN(value) || (best !== undefined && (args.bestIsGreatest ? value <= best : value >= best)))
    return false;
  state.bestMetric = value;
  if (args.saveStrategy !== "no") state.bestGlobalStep = state.globalStep;
  return true;
}

/** Whether the arguments need the best model to be known. */
export function asksForBest(args: TrainingArguments): boolean {
  return args.loadBestModelAtEnd || args.metricForBestModel !== undefined || args.saveStrategy === "best";
}

/** @param given Names of what evaluations give. */
export function noSuchMetric(key: string, given: readonly string[]): ConfigError {
  const metrics = given.filter((name) => !/_(runtime|samples_per_second|steps_per_second)$/.test(name));
  const near = nearest(key, metrics);
  return new ConfigError(
    `the best model is told by ${key}, and evaluations give ${metrics.join(", ")}${near ? `; did you mean ${near}?` : ""} ` +
      "Set metricForBestModel to one of them",
  );
}
