// attune/datasets: rows of text and labels, from files to what a tokenizer and a collator read.
export { type CreateOptions, Dataset } from "./dataset.js";
export { DatasetDict } from "./dataset-dict.js";
export { ClassLabel, type Feature, List, type StructFeature, Value } from "./features.js";
export { type GlueConfig, type GlueRow, glueTask, glueTasks, isGlueConfig } from "./glue.js";
export { type LoadOptions, loadDataset } from "./load.js";
export type { AnyRow, ColumnName, Columns, FeatureOf, FeaturesOf, Label } from "./types.js";
export type { BatchContext, RowContext } from "./verbs/call.js";
export type { FilterOptions } from "./verbs/filter.js";
export type { MapOptions } from "./verbs/map.js";
export type { ShuffleOptions } from "./verbs/shuffle.js";
export type { TrainTestSplitOptions } from "./verbs/train-test-split.js";
