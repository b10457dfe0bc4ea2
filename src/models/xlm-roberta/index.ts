// XLM-RoBERTa: RoBERTa, trained on a hundred languages.
import type { Family } from "../family.js";
import { robertaSpelling } from "../roberta/index.js";
import { xlmRobertaConfig } from "./config.js";
import {
  XLMRobertaForMaskedLM,
  XLMRobertaForMultipleChoice,
  XLMRobertaForQuestionAnswering,
  XLMRobertaForSequenceClassification,
  XLMRobertaForTokenClassification,
  XLMRobertaModel,
} from "./heads.js";

export const xlmRoberta: Family = {
  modelType: "xlm-roberta",
  config: xlmRobertaConfig,
  spelling: robertaSpelling,
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
