// Metrics: `attune/metrics`.
export { accuracy } from "./accuracy.js";
export type { AverageOptions } from "./averages.js";
export { combine } from "./combine.js";
export { type F1Options, f1 } from "./f1.js";
export { type GlueTask, glue } from "./glue.js";
export { matthewsCorrelation } from "./matthews-correlation.js";
export { mae, mse } from "./mean-errors.js";
export { type HostMetricBatch, Metric, type MetricBatch } from "./metric.js";
export type { EvalPrediction, HostNumbers, Numbers, Rows, ShapedArray, TensorLike } from "./numbers.js";
export { pearsonr } from "./pearsonr.js";
export { precision, recall } from "./precision-recall.js";
export { type RocAucOptions, rocAuc } from "./roc-auc.js";
export { Seqeval, type SeqevalOptions, seqeval, type TagBatch } from "./seqeval.js";
export { spearmanr } from "./spearmanr.js";
export { Squad, type SquadBatch, type SquadPrediction, type SquadReference, squad } from "./squad.js";
export { SquadV2, type SquadV2Batch, type SquadV2Prediction, squadV2 } from "./squad-v2.js";
