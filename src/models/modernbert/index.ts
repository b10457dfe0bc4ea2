// ModernBERT.
import type { Family } from "../family.js";
import { modernbertFiles } from "./config.js";
import {
  ModernBertForMaskedLM,
  ModernBertForMultipleChoice,
  ModernBertForQuestionAnswering,
  ModernBertForSequenceClassification,
  ModernBertForTokenClassification,
} from "./heads.js";
import { ModernBertModel } from "./model.js";

export const modernbert: Family = {
  ...modernbertFiles,
  classes: {
    encoder: ModernBertModel,
    sequenceClassification: ModernBertForSequenceClassification,
    tokenClassification: ModernBertForTokenClassification,
    questionAnswering: ModernBertForQuestionAnswering,
    multipleChoice: ModernBertForMultipleChoice,
    maskedLM: ModernBertForMaskedLM,
  },
};

export { type ModernBertConfig, modernBertConfig } from "./config.js";
export * from "./heads.js";
export { ModernBertModel } from "./model.js";
