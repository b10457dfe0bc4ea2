// RoBERTa's config.json (Liu et al. 2019; defaults of transformers' RobertaConfig).
import { type BertConfig, bertDefaults, bertLikeConfig } from "../bert/config.js";
import type { FamilyFiles } from "../family.js";

/** BERT's keys. Positions count from pad_token_id + 1 on: max_position_embeddings is that much more than a sequence's length. */
export type RobertaConfig = BertConfig;

export const robertaDefaults: RobertaConfig = {
  ...bertDefaults,
  model_type: "roberta",
  vocab_size: 50265,
  pad_token_id: 1,
  bos_token_id: 0,
  eos_token_id: 2,
};

export const robertaConfig = bertLikeConfig(robertaDefaults);

export const robertaFiles: FamilyFiles = {
  modelType: "roberta",
  config: robertaConfig,
  spelling: {
    basePrefix: "roberta.",
    ignored: ["embeddings.position_ids", "embeddings.token_type_ids"],
    optional: /(^|\.)pooler\.|^classifier\.|^qa_outputs\.|^lm_head\./,
  },
};
