// DeBERTa-v2 and v3.
import type { Family } from "../family.js";
import { debertaV2Config } from "./config.js";
import {
  DebertaV2ForMaskedLM,
  DebertaV2ForMultipleChoice,
  DebertaV2ForQuestionAnswering,
  DebertaV2ForSequenceClassification,
  DebertaV2ForTokenClassification,
} from "./heads.js";
import { DebertaV2Model } from "./model.js";

export const debertaV2: Family = {
  modelType: "deberta-v2",
  config: debertaV2Config,
  spelling: {
    basePrefix: "deberta.",
    ignored: ["embeddings.position_ids"],
    // v3's checkpoints keep absolute positions that their models do not read
    surplus: /^(deberta\.)?embeddings\.position_embeddings\.|^mask_predictions\./,
    optional: /^pooler\.|^classifier\.|^qa_outputs\.|^cls\.|^lm_predictions\./,
  },
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
