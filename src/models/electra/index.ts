// ELECTRA: BERT's layers, embeddings of their own width, no pooler.
import type { Family } from "../family.js";
import { electraFiles } from "./config.js";
import {
  ElectraForMaskedLM,
  ElectraForMultipleChoice,
  ElectraForQuestionAnswering,
  ElectraForSequenceClassification,
  ElectraForTokenClassification,
} from "./heads.js";
import { ElectraModel } from "./model.js";

export const electra: Family = {
  ...electraFiles,
  classes: {
    encoder: ElectraModel,
    sequenceClassification: ElectraForSequenceClassification,
    tokenClassification: ElectraForTokenClassification,
    questionAnswering: ElectraForQuestionAnswering,
    multipleChoice: ElectraForMultipleChoice,
    maskedLM: ElectraForMaskedLM,
  },
};

export { type ElectraConfig, electraConfig } from "./config.js";
export * from "./heads.js";
export { ElectraModel } from "./model.js";
