// CamemBERT: RoBERTa, trained on French.
import type { Family } from "../family.js";
import { camembertFiles } from "./config.js";
import {
  CamembertForMaskedLM,
  CamembertForMultipleChoice,
  CamembertForQuestionAnswering,
  CamembertForSequenceClassification,
  CamembertForTokenClassification,
  CamembertModel,
} from "./heads.js";

export const camembert: Family = {
  ...camembertFiles,
  classes: {
    encoder: CamembertModel,
    sequenceClassification: CamembertForSequenceClassification,
    tokenClassification: CamembertForTokenClassification,
    questionAnswering: CamembertForQuestionAnswering,
    multipleChoice: CamembertForMultipleChoice,
    maskedLM: CamembertForMaskedLM,
  },
};

export { type CamembertConfig, camembertConfig } from "./config.js";
export * from "./heads.js";
