// DistilBERT: six of BERT's layers under names of their own, no token types, no pooler.
import type { Family } from "../family.js";
import { distilbertFiles } from "./config.js";
import {
  DistilBertForMaskedLM,
  DistilBertForMultipleChoice,
  DistilBertForQuestionAnswering,
  DistilBertForSequenceClassification,
  DistilBertForTokenClassification,
} from "./heads.js";
import { DistilBertModel } from "./model.js";

export const distilbert: Family = {
  ...distilbertFiles,
  classes: {
    encoder: DistilBertModel,
    sequenceClassification: DistilBertForSequenceClassification,
    tokenClassification: DistilBertForTokenClassification,
    questionAnswering: DistilBertForQuestionAnswering,
    multipleChoice: DistilBertForMultipleChoice,
    maskedLM: DistilBertForMaskedLM,
  },
};

export { type DistilBertConfig, distilBertConfig } from "./config.js";
export * from "./heads.js";
export { DistilBertModel } from "./model.js";
