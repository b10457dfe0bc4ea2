// ALBERT: layers that share their weights, embeddings of their own width.
import type { Family } from "../family.js";
import { albertConfig } from "./config.js";
import {
  AlbertForMaskedLM,
  AlbertForMultipleChoice,
  AlbertForQuestionAnswering,
  AlbertForSequenceClassification,
  AlbertForTokenClassification,
} from "./heads.js";
import { AlbertModel } from "./model.js";

export const albert: Family = {
  modelType: "albert",
  config: albertConfig,
  spelling: {
    basePrefix: "albert.",
    ignored: ["embeddings.position_ids", "embeddings.token_type_ids"],
    optional: /(^|\.)pooler\.|^(classifier|qa_outputs|predictions)\./,
  },
  classes: {
    encoder: AlbertModel,
    sequenceClassification: AlbertForSequenceClassification,
    tokenClassification: AlbertForTokenClassification,
    questionAnswering: AlbertForQuestionAnswering,
    multipleChoice: AlbertForMultipleChoice,
    maskedLM: AlbertForMaskedLM,
  },
};

export { type AlbertConfig, albertConfig } from "./config.js";
export * from "./heads.js";
export { AlbertModel } from "./model.js";
