// ModernBERT.
import type { Family } from "../family.js";
import { modernBertConfig } from "./config.js";
import {
  ModernBertForMaskedLM,
  ModernBertForMultipleChoice,
  ModernBertForQuestionAnswering,
  ModernBertForSequenceClassification,
  ModernBertForTokenClassification,
} from "./heads.js";
import { ModernBertModel } from "./model.js";

export const modernbert: Family = {
  modelType: "modernbert",
  config: modernBertConfig,
  spelling: { basePrefix: "model.", optional: /^head\.|^classifier\.|^decoder\./ },
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
