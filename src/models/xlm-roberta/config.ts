// XLM-RoBERTa's config.json (Conneau et al. 2020; defaults of transformers' XLMRobertaConfig).
import { bertLikeConfig } from "../bert/config.js";
import type { FamilyFiles } from "../family.js";
import { type RobertaConfig, robertaDefaults, robertaFiles } from "../roberta/config.js";

export type XLMRobertaConfig = RobertaConfig;

/** The default vocabulary is BERT's, as in Python; published configs say 250002. */
export const xlmRobertaConfig = bertLikeConfig<XLMRobertaConfig>({
  ...robertaDefaults,
  model_type: "xlm-roberta",
  vocab_size: 30522,
});

export const xlmRobertaFiles: FamilyFiles = {
  modelType: "xlm-roberta",
  config: xlmRobertaConfig,
  spelling: robertaFiles.spelling,
};
