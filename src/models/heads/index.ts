// Heads: what a task does with an encoder's states. A family names its layers and says how they score.
export { HeadModel } from "./head.js";
export { MaskedLMModel, MaskedLMOutput, VocabularyProjection } from "./maskedLM.js";
export { MultipleChoiceModel } from "./multipleChoice.js";
export { QuestionAnsweringModel, QuestionAnsweringOutput } from "./questionAnswering.js";
export { SequenceClassificationModel } from "./sequenceClassification.js";
export { TokenClassificationModel } from "./tokenClassification.js";
