// ALBERT: layers that share their weights, embeddings of their own width.
import type { Family } from "../family.js";
import { albertFiles } from "./config.js";
import {
  AlbertForMaskedLM,
  AlbertForMultipleChoice,
  AlbertForQuestionAnswering,
  AlbertForSequenceClassification,
  AlbertForTokenClassification,
} from "./heads.js";
import { AlbertModel } from "./model.js";

export const albert: Family = {
  ...albertFiles,
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
