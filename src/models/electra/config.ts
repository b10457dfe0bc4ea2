// ELECTRA's config.json (Clark et al. 2020; defaults of transformers' ElectraConfig).
import { type BertConfig, bertDefaults, bertLikeConfig } from "../bert/config.js";
import { activationOf, refuse } from "../config.js";
import type { FamilyFiles } from "../family.js";

export interface ElectraConfig extends BertConfig {
  /** Width of the embeddings; a layer projects them to hidden_size where that is another. */
  embedding_size: number;
  /** What a multiple choice is judged by; "first" is the first token. */
  summary_type: string;
  summary_use_proj: boolean;
  summary_activation: string;
  summary_last_dropout: number;
  /** Default 0. */
  summary_first_dropout?: number;
}

const complete = bertLikeConfig<ElectraConfig>({
  ...bertDefaults,
  model_type: "electra",
  embedding_size: 128,
  hidden_size: 256,
  num_attention_heads: 4,
  intermediate_size: 1024,
  summary_type: "first",
  summary_use_proj: true,
  summary_activation: "gelu",
  summary_last_dropout: 0.1,
});

/** As bertConfig. */
export const electraConfig: typeof complete = (raw, options) => {
  const config = complete(raw, options);
  refuse(config, "summary_type", ["first"]);
  refuse(config, "summary_proj_to_labels", [false]);
  activationOf(config.summary_activation);
  return config;
};

export const electraFiles: FamilyFiles = {
  modelType: "electra",
  config: electraConfig,
  spelling: {
    basePrefix: "electra.",
    ignored: ["embeddings.position_ids"],
    optional: /^(classifier|sequence_summary|qa_outputs|generator_predictions|generator_lm_head)\./,
  },
};
