// DistilBERT: BERT's layers under names of their own, no token types.
import { activationOf } from "../../models/config.js";
import {
  DistilBertForMaskedLM,
  DistilBertForMultipleChoice,
  DistilBertForQuestionAnswering,
  DistilBertForSequenceClassification,
  DistilBertForTokenClassification,
  DistilBertModel,
} from "../../models/index.js";
import { maskBias } from "../layers/attention.js";
import { activate, firstTokens, layerNorm, linear, lookUp, normalizedSum } from "../layers/basic.js";
import { classifier, questionAnswering, vocabularyScores } from "../layers/heads.js";
import { firstPositions } from "../layers/positions.js";
import { selfAttention } from "./bert.js";
import { type FamilyEmitter, head } from "./family.js";

export const distilbert: FamilyEmitter<DistilBertModel> = {
  encoder: DistilBertModel,
  takesTypes: () => false,
  encode: (g, { embeddings, transformer }, { ids, mask }, firstOnly) => {
    const embedded = g.inside(embeddings, () => {
      const word = lookUp(g, embeddings.word_embeddings, ids);
      const position = firstPositions(g, embeddings.position_embeddings, ids);
      return layerNorm(g, embeddings.LayerNorm, g.node("Add", [word, position]));
    });
    const bias = g.inside(transformer, () => maskBias(g, mask));
    const last = transformer.layer.length - 1;
    return transformer.layer.reduce(
      (x, block, i) =>
        g.inside(block, () => {
          const { q_lin: query, k_lin: key, v_lin: value, out_lin, heads } = block.attention;
          const asking = firstOnly && i === last ? firstTokens(g, x) : x;
          const mixed = g.inside(block.attention, () =>
            linear(g, out_lin, selfAttention(g, { query, key, value, heads }, x, asking, [bias])),
          );
          const attended = normalizedSum(g, block.sa_layer_norm, mixed, asking);
          const { lin1, lin2, activation } = block.ffn;
          const inner = g.inside(block.ffn, () => linear(g, lin2, activate(g, activation, linear(g, lin1, attended))));
          return normalizedSum(g, block.output_layer_norm, inner, attended);
        }),
      embedded,
    );
  },
  heads: [
    head([DistilBertForSequenceClassification, DistilBertForMultipleChoice], (g, model, first) =>
      classifier(g, model, activate(g, "relu", linear(g, model.pre_classifier, first))),
    ),
    head([DistilBertForTokenClassification], classifier),
    head([DistilBertForQuestionAnswering], questionAnswering),
    head([DistilBertForMaskedLM], (g, model, states) => {
      const { vocab_transform: dense, vocab_layer_norm: norm, vocab_projector: decoder, config } = model;
      return vocabularyScores(g, { dense, activation: activationOf(config.activation), norm, decoder }, states);
    }),
  ],
};
