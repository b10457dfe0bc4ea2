// DeBERTa-v2 and v3.
import type { Family } from "../family.js";
import { debertaV2Files } from "./config.js";
import {
  DebertaV2ForMaskedLM,
  DebertaV2ForMultipleChoice,
  DebertaV2ForQuestionAnswering,
  DebertaV2ForSequenceClassification,
  DebertaV2ForTokenClassification,
} from "./heads.js";
import { DebertaV2Model } from "./model.js";

export const debertaV2: Family = {
  ...debertaV2Files,
  classes: {
    encoder: DebertaV2Model,
    sequenceClassification: DebertaV2ForSequenceClassification,
    tokenClassification: DebertaV2ForTokenClassification,
    questionAnswering: DebertaV2ForQuestionAnswering,
    multipleChoice: DebertaV2ForMultipleChoice,
    maskedLM: DebertaV2ForMaskedLM,
  },
};

export { type DebertaV2Config, debertaV2Config } from "./config.js";
export * from "./heads.js";
export { DebertaV2Model } from "./model.js";
