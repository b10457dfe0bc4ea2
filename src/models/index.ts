// Models by family, and the Auto classes that choose among them.
export {
  AutoConfig,
  AutoModel,
  AutoModelForMaskedLM,
  AutoModelForSequenceClassification,
  type ModelOptions,
} from "./auto.js";
export { type BertConfig, bertConfig } from "./bert/config.js";
export { BertForMaskedLM, type MaskedLMOutput } from "./bert/maskedLM.js";
export { BertModel, type BertModelOutput } from "./bert/model.js";
export { BertForSequenceClassification } from "./bert/sequenceClassification.js";
export { type CommonConfig, type ConfigOptions, numLabels, type ProblemType } from "./config.js";
export { ClassifierOutput, ModelOutput } from "./outputs.js";
export { PreTrainedModel } from "./pretrained.js";
