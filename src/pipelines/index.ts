// Pipelines: a trained model as a function from what people have to what they want to know.
export type { FeatureExtractionPipeline, FeatureOptions } from "./feature-extraction.js";
export type { FilledMask, FillMaskOptions, FillMaskPipeline } from "./fill-mask.js";
export type { LabelNames } from "./labels.js";
export type { Choice, ChoiceInput, ChooseOptions, MultipleChoicePipeline } from "./multiple-choice.js";
export { type ClassificationPipelineOptions, type PipelineOptions, type Pipelines, pipeline } from "./pipeline.js";
export type { Answer, AnswerOptions, Question, QuestionAnsweringPipeline } from "./question-answering.js";
export type { Cut, CutOptions } from "./running.js";
export type { SentenceSimilarityPipeline, SimilarityInput } from "./sentence-similarity.js";
export type {
  Classification,
  ClassificationInput,
  ClassifyOptions,
  TextClassificationPipeline,
} from "./text-classification.js";
export type {
  AggregationStrategy,
  EntityGroup,
  TokenClassificationPipeline,
  TokenLabel,
  TokenLabelOptions,
} from "./token-classification.js";
