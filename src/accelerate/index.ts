// attune/accelerate: a user's own loop, the same on one process or many.
export type { GroupStatistics, ProcessGroup } from "../processes/index.js";
export { ProcessError } from "../processes/index.js";
export { Accelerator, type AcceleratorOptions, type BackwardWeight, type MixedPrecision } from "./accelerator.js";
export type { PadOptions, Reduction } from "./collectives.js";
export { readOptimizer, readSchedule, writeOptimizer, writeSchedule } from "./optimizer-file.js";
export type { LoaderLike, OptimizerLike, Preparable, ScheduleLike } from "./prepare.js";
export type { Checkpointable } from "./state.js";
export { type Figures, JsonLinesTracker, type Tracker } from "./trackers.js";
