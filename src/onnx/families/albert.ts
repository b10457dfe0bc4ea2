// ALBERT: layers that share their weights, which the graph names once.

import type { AlbertLayer } from "../../models/albert/model.js";
import {
  AlbertForMaskedLM,
  AlbertForMultipleChoice,
  AlbertForQuestionAnswering,
  AlbertForSequenceClassification,
  AlbertForTokenClassification,
  AlbertModel,
} from "../../models/index.js";
import type { GraphBuilder, Value } from "../graph.js";
import { maskBias } from "../layers/attention.js";
import { activate, firstTokens, linear, normalizedSum } from "../layers/basic.js";
import { classifier, questionAnswering, vocabularyScores } from "../layers/heads.js";
import { bertEmbeddings, selfAttention } from "./bert.js";
import { type FamilyEmitter, head } from "./family.js";

export const albert: FamilyEmitter<AlbertModel> = {
  encoder: AlbertModel,
  takesTypes: () => true,
  encode: (g, { embeddings, encoder }, inputs, firstOnly) => {
    const bias = g.inside(encoder, () => maskBias(g, inputs.mask));
    const { layers: count, albert_layer_groups: groups } = encoder;
    let state = linear(g, encoder.embedding_hidden_mapping_in, bertEmbeddings(g, embeddings, inputs));
    for (let i = 0; i < count; i++) {
      const { albert_layers } = groups[Math.floor(i / (count / groups.length))];
      for (const [j, module] of albert_layers.entries()) {
        const isLast = i === count - 1 && j === albert_layers.length - 1;
        state = g.inside(module, () => layer(g, module, state, firstOnly && isLast, bias));
      }
    }
    return state;
  },
  heads: [
    head([AlbertForSequenceClassification, AlbertForMultipleChoice], (g, model, first) => {
      const { pooler } = model.albert;
      return classifier(g, model, pooler ? activate(g, "tanh", linear(g, pooler, first)) : first);
    }),
    head([AlbertForTokenClassification], classifier),
    head([AlbertForQuestionAnswering], questionAnswering),
    head([AlbertForMaskedLM], (g, { predictions: { dense, activation, LayerNorm: norm, decoder } }, states) =>
      vocabularyScores(g, { dense, activation, norm, decoder }, states),
    ),
  ],
};

function layer(g: GraphBuilder, module: AlbertLayer, x: Value, first: boolean, bias: Value): Value {
  const { attention, activation } = module;
  const asking = first ? firstTokens(g, x) : x;
  const attended = g.inside(attention, () => {
    const mixed = linear(g, attention.dense, selfAttention(g, attention, x, asking, [bias]));
    return normalizedSum(g, attention.LayerNorm, mixed, asking);
  });
  const inner = linear(g, module.ffn_output, activate(g, activation, linear(g, module.ffn, attended)));
  return normalizedSum(g, module.full_layer_layer_norm, inner, attended);
}
