// RoBERTa, XLM-RoBERTa and CamemBERT: BERT's layers, positions that count from the padding token on.
import {
  RobertaForMaskedLM,
  RobertaForMultipleChoice,
  RobertaForQuestionAnswering,
  RobertaForSequenceClassification,
  RobertaForTokenClassification,
  RobertaModel,
  XLMRobertaForMaskedLM,
  XLMRobertaForMultipleChoice,
  XLMRobertaForQuestionAnswering,
  XLMRobertaForSequenceClassification,
  XLMRobertaForTokenClassification,
} from "../../models/index.js";
import type { RobertaLMHead } from "../../models/roberta/heads.js";
import type { GraphBuilder, Value } from "../graph.js";
import { layerNorm, lookUp } from "../layers/basic.js";
import { bertPooler, classifier, questionAnswering, twoLayers, vocabularyScores } from "../layers/heads.js";
import { positionsFromPadding } from "../layers/positions.js";
import { bertLayers } from "./bert.js";
import { type FamilyEmitter, head } from "./family.js";

export const roberta: FamilyEmitter<RobertaModel> = {
  encoder: RobertaModel,
  takesTypes: ({ config }) => config.type_vocab_size > 1, // published ones have one type, and tokenizers that give none
  encode: (g, { embeddings, encoder, config }, { ids, mask, types }, firstOnly) => {
    const embedded = g.inside(embeddings, () => {
      const word = lookUp(g, embeddings.word_embeddings, ids);
      const type = lookUp(g, embeddings.token_type_embeddings, types ?? g.integers([0], []));
      const position = lookUp(g, embeddings.position_embeddings, positionsFromPadding(g, ids, config.pad_token_id));
      return layerNorm(g, embeddings.LayerNorm, g.node("Add", [g.node("Add", [word, type]), position]));
    });
    return bertLayers(g, encoder, embedded, mask, firstOnly);
  },
  heads: [
    head([RobertaForSequenceClassification, XLMRobertaForSequenceClassification], (g, model, first) =>
      twoLayers(g, model.classifier, "tanh", first),
    ),
    head([RobertaForMultipleChoice, XLMRobertaForMultipleChoice], (g, model, first) =>
      classifier(g, model, bertPooler(g, model.roberta.pooler, first)),
    ),
    head([RobertaForTokenClassification, XLMRobertaForTokenClassification], classifier),
    head([RobertaForQuestionAnswering, XLMRobertaForQuestionAnswering], questionAnswering),
    head([RobertaForMaskedLM, XLMRobertaForMaskedLM], (g, { lm_head }, states) => languageModel(g, lm_head, states)),
  ],
};

/** MPNet's masked-LM head, too. */
export function languageModel(
  g: GraphBuilder,
  { dense, layer_norm: norm, decoder }: RobertaLMHead,
  states: Value,
): Value {
  return vocabularyScores(g, { dense, activation: "gelu", norm, decoder }, states);
}
