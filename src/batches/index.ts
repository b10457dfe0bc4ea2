// Batches: rows in, tensors out.
export {
  type Batch,
  type CollateContext,
  type Collator,
  type CollatorObject,
  collateFunction,
  type RowsOrColumns,
} from "./collator.js";
export { DefaultDataCollator } from "./collators/default.js";
export { DataCollatorWithFlattening, type FlatteningCollatorOptions } from "./collators/flattening.js";
export {
  DataCollatorForLanguageModeling,
  type LanguageModelingCollatorOptions,
} from "./collators/language-modeling.js";
export { DataCollatorForMultipleChoice } from "./collators/multiple-choice.js";
export { type Collated, defaultCollate } from "./collators/recursive.js";
export {
  DataCollatorForTokenClassification,
  type TokenClassificationCollatorOptions,
} from "./collators/token-classification.js";
export { DataCollatorWithPadding, type PaddedBatch, type PaddingCollatorOptions } from "./collators/with-padding.js";
export { DataLoader, type DataLoaderState } from "./data-loader.js";
export type { IndexedRows } from "./indexed-rows.js";
export { rowLengths } from "./lengths.js";
export type { DataLoaderOptions } from "./loader-options.js";
export { paddingShare } from "./padding-share.js";
export type { BatchOrder, BatchSampler, Sampler } from "./sampler.js";
export { LengthGroupedSampler } from "./samplers/length-grouped.js";
export { RandomSampler } from "./samplers/random.js";
export { SequentialSampler } from "./samplers/sequential.js";
export { type TokenBudgetOptions, TokenBudgetSampler } from "./samplers/token-budget.js";
export type { StreamedRows } from "./streamed-rows.js";
