// MPNet.
import type { Family } from "../family.js";
import { mpnetFiles } from "./config.js";
import {
  MPNetForMaskedLM,
  MPNetForMultipleChoice,
  MPNetForQuestionAnswering,
  MPNetForSequenceClassification,
  MPNetForTokenClassification,
} from "./heads.js";
import { MPNetModel } from "./model.js";

export const mpnet: Family = {
  ...mpnetFiles,
  classes: {
    encoder: MPNetModel,
    sequenceClassification: MPNetForSequenceClassification,
    tokenClassification: MPNetForTokenClassification,
    questionAnswering: MPNetForQuestionAnswering,
    multipleChoice: MPNetForMultipleChoice,
    maskedLM: MPNetForMaskedLM,
  },
};

export { type MPNetConfig, mpnetConfig } from "./config.js";
export * from "./heads.js";
export { MPNetModel } from "./model.js";
