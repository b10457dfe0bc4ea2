// BERT: the pattern of a family's folder.
import type { Family } from "../family.js";
import { bertFiles } from "./config.js";
import {
  BertForMaskedLM,
  BertForMultipleChoice,
  BertForQuestionAnswering,
  BertForSequenceClassification,
  BertForTokenClassification,
} from "./heads.js";
import { BertModel } from "./model.js";

export const bert: Family = {
  ...bertFiles,
  classes: {
    encoder: BertModel,
    sequenceClassification: BertForSequenceClassification,
    tokenClassification: BertForTokenClassification,
    questionAnswering: BertForQuestionAnswering,
    multipleChoice: BertForMultipleChoice,
    maskedLM: BertForMaskedLM,
  },
};

export { type BertConfig, bertConfig } from "./config.js";
export * from "./heads.js";
export { BertModel } from "./model.js";
