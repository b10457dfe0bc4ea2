// XLM-RoBERTa: RoBERTa, trained on a hundred languages.
import type { Family } from "../family.js";
import { xlmRobertaFiles } from "./config.js";
import {
  XLMRobertaForMaskedLM,
  XLMRobertaForMultipleChoice,
  XLMRobertaForQuestionAnswering,
  XLMRobertaForSequenceClassification,
  XLMRobertaForTokenClassification,
  XLMRobertaModel,
} from "./heads.js";

export const xlmRoberta: Family = {
  ...xlmRobertaFiles,
  classes: {
    encoder: XLMRobertaModel,
    sequenceClassification: XLMRobertaForSequenceClassification,
    tokenClassification: XLMRobertaForTokenClassification,
    questionAnswering: XLMRobertaForQuestionAnswering,
    multipleChoice: XLMRobertaForMultipleChoice,
    maskedLM: XLMRobertaForMaskedLM,
  },
};

export { type XLMRobertaConfig, xlmRobertaConfig } from "./config.js";
export * from "./heads.js";
