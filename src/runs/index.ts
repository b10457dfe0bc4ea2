// Reading runs: of a folder, live, whatever state they are in.
export type { CheckpointInfo } from "./checkpoints.js";
export type { EvaluationInfo } from "./evaluations.js";
export type { History, Series } from "./history.js";
export { Inside, NotThere, within } from "./inside.js";
export { LogStore } from "./log-store.js";
export { type BestMetric, Run, type RunSummary } from "./run.js";
export { listRuns, type RunChanges, Runs } from "./runs.js";
export type { RunStatus } from "./status.js";
