// Optimizers, schedules, clipping.
export { type ActiveGroup, AdamW, type AdamWOptions, type AdamWState, type ParameterGroup } from "./adamw.js";
export { clipGradNorm } from "./clip.js";
