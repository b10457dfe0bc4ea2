// Batches: rows in, tensors out.
export {
  type Batch,
  type CollateContext,
  type Collator,
  type CollatorObject,
  collateFunction,
  type RowsOrColumns,
} from "./collator.js";
export { DataCollatorWithPadding, type PaddedBatch, type PaddingCollatorOptions } from "./collator-with-padding.js";
export { DataLoader, type DataLoaderOptions, type DataLoaderState, type IndexedRows } from "./data-loader.js";
export { DefaultDataCollator } from "./default-collator.js";
export { paddingShare } from "./padding-share.js";
export type { Sampler } from "./sampler.js";
export { RandomSampler } from "./samplers/random.js";
export { SequentialSampler } from "./samplers/sequential.js";
