// Metrics: `attune/metrics`.
export { accuracy } from "./accuracy.js";
export { combine } from "./combine.js";
export { type F1Options, f1 } from "./f1.js";
export { type GlueTask, glue } from "./glue.js";
export { matthewsCorrelation } from "./matthews-correlation.js";
export { type HostMetricBatch, Metric, type MetricBatch } from "./metric.js";
export type { EvalPrediction, HostNumbers, Numbers, Rows, ShapedArray, TensorLike } from "./numbers.js";
export { pearsonr } from "./pearsonr.js";
export { spearmanr } from "./spearmanr.js";
