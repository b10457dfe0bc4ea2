// Attune's public interface, in the order in which data meets it:
// text -> dataset -> tokens -> batch -> model -> loss -> gradients -> optimizer -> checkpoint.
// Datasets, metrics, the Accelerator and the Hub have entries of their own: attune/datasets, attune/metrics,
// attune/accelerate, attune/hub, attune/embeddings, attune/tasks.

export * from "./batches/index.js";
export { HubError, type HubErrorKind, type HubOptions, type Published, type PublishOptions } from "./hub/index.js";
export * from "./models/index.js";
export {
  Dropout,
  Embedding,
  LayerNorm,
  Linear,
  type LinearOptions,
  Module,
  type NamePattern,
  Parameter,
} from "./nn/index.js";
export * from "./optim/index.js";
export {
  type AdaptableModel,
  getPeftModel,
  type LoadAdapterOptions,
  LoraConfig,
  type LoraOptions,
  PeftModel,
  type PeftTaskType,
} from "./peft/index.js";
export * from "./pipelines/index.js";
export {
  type BestMetric,
  type CheckpointInfo,
  listRuns,
  Run,
  type RunStatus,
  type RunSummary,
  Runs,
} from "./runs/index.js";
export {
  type BestRun,
  defaultHpSpace,
  hp,
  hyperparameterSearch,
  type SearchOptions,
  type SearchResult,
  type Trial,
} from "./search/index.js";
export {
  AttuneError,
  ConfigError,
  DataError,
  DeviceError,
  FileFormatError,
  LifetimeError,
  ShapeError,
  UnsafePickleError,
} from "./support/errors.js";
export { version } from "./support/version.js";
export {
  autocast,
  type BackwardOptions,
  type DType,
  full,
  type HostArray,
  keep,
  manualSeed,
  noGrad,
  ones,
  ops,
  type ProductPrecision,
  type RandomState,
  randomState,
  type Shape,
  setBackend,
  setRandomState,
  Tensor,
  tensor,
  tidy,
  zeros,
} from "./tensor/index.js";
export * from "./tokenizers/index.js";
export * from "./trainer/index.js";
