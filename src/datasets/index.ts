// attune/datasets: rows of text and labels, from files to what a tokenizer and a collator read.
export { concatenateDatasets, interleaveDatasets } from "./combine.js";
export { type CreateOptions, Dataset } from "./dataset.js";
export { DatasetDict } from "./dataset-dict.js";
export { ClassLabel, type Feature, Json, LargeList, List, type StructFeature, Value } from "./features.js";
export type { FileOptions, FormatName } from "./file-formats.js";
export type { FormatOptions, FormatType } from "./format.js";
export { type GlueConfig, type GlueRow, glueTask, glueTasks, isGlueConfig } from "./glue.js";
export * from "./known.js"; // with a star, so that declarations of "attune/datasets" can add to KnownDatasets
export { type LoadOptions, loadDataset, loadFromDisk } from "./load.js";
export {
  Array2D,
  Array3D,
  Array4D,
  Array5D,
  type ArrayOptions,
  Audio,
  type DecodeOptions,
  Image,
  Translation,
  TranslationVariableLanguages,
  Video,
} from "./named-features.js";
export type { DatasetPushOptions } from "./publish/push.js";
export type { SaveOptions } from "./saved-folder.js";
export type { SplitSlice, SplitSpec } from "./split-spec.js";
export {
  IterableDataset,
  type IterableState,
  type StreamMapOptions,
  type StreamShuffleOptions,
} from "./streaming/iterable-dataset.js";
export { IterableDatasetDict } from "./streaming/iterable-dict.js";
export type { AnyRow, ColumnName, Columns, FeatureOf, FeaturesOf, Label } from "./types.js";
export type { AddColumnOptions } from "./verbs/add-column.js";
export type { BatchOptions } from "./verbs/batch.js";
export type { BatchContext, RowContext } from "./verbs/call.js";
export type { ClassEncodeOptions } from "./verbs/class-encode-column.js";
export type { ConcatenateOptions } from "./verbs/concatenate.js";
export type { FilterOptions } from "./verbs/filter.js";
export type { FlattenOptions } from "./verbs/flatten.js";
export type { InterleaveOptions, StoppingStrategy } from "./verbs/interleave.js";
export type { MapOptions } from "./verbs/map.js";
export type { ShardOptions } from "./verbs/shard.js";
export type { ShuffleOptions } from "./verbs/shuffle.js";
export type { SortOptions } from "./verbs/sort.js";
export type { ToCsvOptions } from "./verbs/to-csv.js";
export type { ToJsonOptions } from "./verbs/to-json.js";
export type { ToParquetOptions } from "./verbs/to-parquet.js";
export type { ArrowTable } from "./verbs/to-table.js";
export type { TrainTestSplitOptions } from "./verbs/train-test-split.js";
