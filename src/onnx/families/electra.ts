// ELECTRA: BERT's layers on embeddings that may be narrower.
import {
  ElectraForMaskedLM,
  ElectraForMultipleChoice,
  ElectraForQuestionAnswering,
  ElectraForSequenceClassification,
  ElectraForTokenClassification,
  ElectraModel,
} from "../../models/index.js";
import { activate, layerNorm, linear } from "../layers/basic.js";
import { classifier, questionAnswering, twoLayers } from "../layers/heads.js";
import { bertEmbeddings, bertLayers } from "./bert.js";
import { type FamilyEmitter, head } from "./family.js";

export const electra: FamilyEmitter<ElectraModel> = {
  encoder: ElectraModel,
  takesTypes: () => true,
  encode: (g, model, inputs, firstOnly) => {
    const embedded = bertEmbeddings(g, model.embeddings, inputs);
    const projected = model.embeddings_project ? linear(g, model.embeddings_project, embedded) : embedded;
    return bertLayers(g, model.encoder, projected, inputs.mask, firstOnly);
  },
  heads: [
    head([ElectraForSequenceClassification], (g, model, first) => twoLayers(g, model.classifier, "gelu", first)),
    head([ElectraForMultipleChoice], (g, model, first) => {
      const { summary, activation } = model.sequence_summary;
      return classifier(g, model, activate(g, activation, summary ? linear(g, summary, first) : first));
    }),
    head([ElectraForTokenClassification], classifier),
    head([ElectraForQuestionAnswering], questionAnswering),
    head([ElectraForMaskedLM], (g, { generator_predictions: { dense, LayerNorm }, generator_lm_head }, states) =>
      linear(g, generator_lm_head, layerNorm(g, LayerNorm, activate(g, "gelu", linear(g, dense, states)))),
    ),
  ],
};
