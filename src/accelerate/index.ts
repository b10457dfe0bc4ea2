// attune/accelerate: a user's own loop, the same on one process or many.
export { Accelerator, type AcceleratorOptions, type BackwardWeight, type MixedPrecision } from "./accelerator.js";
export type { LoaderLike, OptimizerLike, Preparable, ScheduleLike } from "./prepare.js";
