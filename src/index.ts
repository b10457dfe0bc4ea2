// Attune's public interface, in the order in which data meets it:
// text -> dataset -> tokens -> batch -> model -> loss -> gradients -> optimizer -> checkpoint.

export { DataCollatorWithPadding, DataLoader } from "./batches/index.js";
export * from "./models/index.js";
export { Dropout, Embedding, LayerNorm, Linear, Module, Parameter } from "./nn/index.js";
export { AdamW, clipGradNorm, getScheduler } from "./optim/index.js";
export { pipeline } from "./pipelines/index.js";
export * from "./support/errors.js";
export { version } from "./support/version.js";
export {
  type BackwardOptions,
  type DType,
  full,
  keep,
  manualSeed,
  noGrad,
  ones,
  ops,
  setBackend,
  Tensor,
  tensor,
  tidy,
  zeros,
} from "./tensor/index.js";
export { AutoTokenizer } from "./tokenizers/index.js";
export { Trainer, type TrainingArguments } from "./trainer/index.js";
