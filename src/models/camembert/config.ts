// CamemBERT's config.json (Martin et al. 2020; defaults of transformers' CamembertConfig).
import { bertLikeConfig } from "../bert/config.js";
import type { FamilyFiles } from "../family.js";
import { type RobertaConfig, robertaDefaults, robertaFiles } from "../roberta/config.js";

export type CamembertConfig = RobertaConfig;

/** The default vocabulary is BERT's, as in Python; published configs say 32005. */
export const camembertConfig = bertLikeConfig<CamembertConfig>({
  ...robertaDefaults,
  model_type: "camembert",
  vocab_size: 30522,
});

export const camembertFiles: FamilyFiles = {
  modelType: "camembert",
  config: camembertConfig,
  spelling: robertaFiles.spelling,
};
