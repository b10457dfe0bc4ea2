// Optimizers, schedules, clipping.
export { type ActiveGroup, AdamW, type AdamWOptions, type AdamWState, type ParameterGroup } from "./adamw.js";
export { clipGradNorm } from "./clip.js";
export { type GroupRule, parameterGroups } from "./groups.js";
export { LambdaLR, type ScheduledOptimizer, type ScheduleState } from "./lambda-lr.js";
export { getScheduler, type ScheduleOptions, type SchedulerType } from "./schedules.js";
