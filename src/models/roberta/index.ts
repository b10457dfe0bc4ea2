// RoBERTa: BERT's layers, positions from padding, heads of its own.
import type { Family } from "../family.js";
import { robertaFiles } from "./config.js";
import {
  RobertaForMaskedLM,
  RobertaForMultipleChoice,
  RobertaForQuestionAnswering,
  RobertaForSequenceClassification,
  RobertaForTokenClassification,
} from "./heads.js";
import { RobertaModel } from "./model.js";

export const roberta: Family = {
  ...robertaFiles,
  classes: {
    encoder: RobertaModel,
    sequenceClassification: RobertaForSequenceClassification,
    tokenClassification: RobertaForTokenClassification,
    questionAnswering: RobertaForQuestionAnswering,
    multipleChoice: RobertaForMultipleChoice,
    maskedLM: RobertaForMaskedLM,
  },
};

export { type RobertaConfig, robertaConfig } from "./config.js";
export * from "./heads.js";
export { RobertaModel } from "./model.js";
