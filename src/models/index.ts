// Models by family, and the Auto classes that choose among them.
export {
  AutoConfig,
  AutoModel,
  AutoModelForMaskedLM,
  AutoModelForMultipleChoice,
  AutoModelForQuestionAnswering,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
  type ModelOptions,
} from "./auto.js";
export {
  type BertConfig,
  BertForMaskedLM,
  BertForMultipleChoice,
  BertForQuestionAnswering,
  BertForSequenceClassification,
  BertForTokenClassification,
  BertModel,
  bertConfig,
} from "./bert/index.js";
export { type CommonConfig, type ConfigOptions, numLabels, type ProblemType } from "./config.js";
export { EncoderModel, type EncoderOutput } from "./encoder.js";
export {
  HeadModel,
  MaskedLMModel,
  MaskedLMOutput,
  MultipleChoiceModel,
  QuestionAnsweringModel,
  QuestionAnsweringOutput,
  SequenceClassificationModel,
  TokenClassificationModel,
} from "./heads/index.js";
export { ClassifierOutput, ModelOutput } from "./outputs.js";
export { PreTrainedModel } from "./pretrained.js";
