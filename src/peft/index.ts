// Adapters: training little of a model, and saving only that.
export { LoraConfig, type LoraOptions, type PeftTaskType, readAdapterConfig } from "./config.js";
export { holdsAdapter, labelsOfAdapter } from "./files.js";
export {
  type AdaptableModel,
  type AdapterDefaults,
  getPeftModel,
  type LoadAdapterOptions,
  PeftModel,
} from "./model.js";
