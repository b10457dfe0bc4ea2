// Pipelines: a trained model as a function from what people have to what they want to know.
export { type PipelineOptions, pipeline } from "./pipeline.js";
export type {
  Classification,
  ClassificationInput,
  ClassifyOptions,
  TextClassificationPipeline,
} from "./text-classification.js";
