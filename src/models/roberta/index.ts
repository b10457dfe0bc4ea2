// RoBERTa: BERT's layers, positions from padding, heads of its own.
import type { CheckpointSpelling, Family } from "../family.js";
import { robertaConfig } from "./config.js";
import {
  RobertaForMaskedLM,
  RobertaForMultipleChoice,
  RobertaForQuestionAnswering,
  RobertaForSequenceClassification,
  RobertaForTokenClassification,
} from "./heads.js";
import { RobertaModel } from "./model.js";

export const robertaSpelling: CheckpointSpelling = {
  basePrefix: "roberta.",
  ignored: ["embeddings.position_ids", "embeddings.token_type_ids"],
  optional: /(^|\.)pooler\.|^classifier\.|^qa_outputs\.|^lm_head\./,
};

export const roberta: Family = {
  modelType: "roberta",
  config: robertaConfig,
  spelling: robertaSpelling,
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
