// Models by family, and the Auto classes that choose among them.

export {
  type AlbertConfig,
  AlbertForMaskedLM,
  AlbertForMultipleChoice,
  AlbertForQuestionAnswering,
  AlbertForSequenceClassification,
  AlbertForTokenClassification,
  AlbertModel,
  albertConfig,
} from "./albert/index.js";
export {
  AutoConfig,
  AutoModel,
  AutoModelForMaskedLM,
  AutoModelForMultipleChoice,
  AutoModelForQuestionAnswering,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
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
export type { ModelOptions } from "./building.js";
export {
  type CamembertConfig,
  CamembertForMaskedLM,
  CamembertForMultipleChoice,
  CamembertForQuestionAnswering,
  CamembertForSequenceClassification,
  CamembertForTokenClassification,
  CamembertModel,
  camembertConfig,
} from "./camembert/index.js";
export { type CommonConfig, type ConfigOptions, numLabels, type ProblemType } from "./config.js";
export {
  type DebertaV2Config,
  DebertaV2ForMaskedLM,
  DebertaV2ForMultipleChoice,
  DebertaV2ForQuestionAnswering,
  DebertaV2ForSequenceClassification,
  DebertaV2ForTokenClassification,
  DebertaV2Model,
  debertaV2Config,
} from "./deberta-v2/index.js";
export {
  type DistilBertConfig,
  DistilBertForMaskedLM,
  DistilBertForMultipleChoice,
  DistilBertForQuestionAnswering,
  DistilBertForSequenceClassification,
  DistilBertForTokenClassification,
  DistilBertModel,
  distilBertConfig,
} from "./distilbert/index.js";
export {
  type ElectraConfig,
  ElectraForMaskedLM,
  ElectraForMultipleChoice,
  ElectraForQuestionAnswering,
  ElectraForSequenceClassification,
  ElectraForTokenClassification,
  ElectraModel,
  electraConfig,
} from "./electra/index.js";
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
export type { Labelled, LabelledOptions } from "./labelled.js";
export {
  type ModernBertConfig,
  ModernBertForMaskedLM,
  ModernBertForMultipleChoice,
  ModernBertForQuestionAnswering,
  ModernBertForSequenceClassification,
  ModernBertForTokenClassification,
  ModernBertModel,
  modernBertConfig,
} from "./modernbert/index.js";
export {
  type MPNetConfig,
  MPNetForMaskedLM,
  MPNetForMultipleChoice,
  MPNetForQuestionAnswering,
  MPNetForSequenceClassification,
  MPNetForTokenClassification,
  MPNetModel,
  mpnetConfig,
} from "./mpnet/index.js";
export { ClassifierOutput, ModelOutput } from "./outputs.js";
export { PreTrainedModel } from "./pretrained.js";
export {
  type RobertaConfig,
  RobertaForMaskedLM,
  RobertaForMultipleChoice,
  RobertaForQuestionAnswering,
  RobertaForSequenceClassification,
  RobertaForTokenClassification,
  RobertaModel,
  robertaConfig,
} from "./roberta/index.js";
export { type ModelTask, taskOfArchitecture } from "./task-of.js";
export {
  type XLMRobertaConfig,
  XLMRobertaForMaskedLM,
  XLMRobertaForMultipleChoice,
  XLMRobertaForQuestionAnswering,
  XLMRobertaForSequenceClassification,
  XLMRobertaForTokenClassification,
  XLMRobertaModel,
  xlmRobertaConfig,
} from "./xlm-roberta/index.js";
