// The search for settings: spaces, trials, and what came of them.
export { importances } from "./importance.js";
export type { SearchOptions } from "./options.js";
export type { AshaPruner, Direction, MedianPruner, Pruner, PrunerChoice } from "./prune.js";
export {
  bestTrial,
  comparable,
  comparedAt,
  type Report,
  readSearch,
  type SearchRecord,
  searchFile,
  type TrialRecord,
  type TrialState,
} from "./record.js";
export type { Sampler } from "./sample.js";
export { type BestRun, hyperparameterSearch, type SearchResult } from "./search.js";
export {
  type Choice,
  type Domain,
  defaultHpSpace,
  hp,
  type Int,
  type LogUniform,
  type Params,
  type Space,
  type Uniform,
  type Value,
  wrongWithParams,
} from "./space.js";
export type { ComputeObjective, TrainerInit, Trial } from "./trial.js";
