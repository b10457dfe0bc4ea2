// MPNet: BERT's layers with one bias by relative position for all of them.
import {
  MPNetForMaskedLM,
  MPNetForMultipleChoice,
  MPNetForQuestionAnswering,
  MPNetForSequenceClassification,
  MPNetForTokenClassification,
  MPNetModel,
} from "../../models/index.js";
import { relativeBucket } from "../../models/mpnet/relativeBias.js";
import { maskBias } from "../layers/attention.js";
import { firstTokens, layerNorm, linear, lookUp, normalizedSum } from "../layers/basic.js";
import { bertPooler, classifier, questionAnswering, twoLayers } from "../layers/heads.js";
import { byDistance, distances, lengthOf, positionsFromPadding } from "../layers/positions.js";
import { feedForward, selfAttention } from "./bert.js";
import { type FamilyEmitter, head } from "./family.js";
import { languageModel } from "./roberta.js";

/** Whatever pad_token_id says, as in the model. */
const PADDING = 1;
/** Keys that far away or farther share a bucket. */
const FARTHEST = 128;

export const mpnet: FamilyEmitter<MPNetModel> = {
  encoder: MPNetModel,
  takesTypes: () => false,
  encode: (g, { embeddings, encoder }, { ids, mask }, firstOnly) => {
    const embedded = g.inside(embeddings, () => {
      const word = lookUp(g, embeddings.word_embeddings, ids);
      const position = lookUp(g, embeddings.position_embeddings, positionsFromPadding(g, ids, PADDING));
      return layerNorm(g, embeddings.LayerNorm, g.node("Add", [word, position]));
    });
    const [padding, relative] = g.inside(encoder, () => {
      const distance = distances(g, lengthOf(g, ids));
      const buckets = byDistance(g, distance, FARTHEST, (queryMinusKey) => relativeBucket(-queryMinusKey));
      const bias = lookUp(g, encoder.relative_attention_bias, buckets); // [queries, keys, heads]
      return [maskBias(g, mask), g.node("Transpose", [bias], { perm: [2, 0, 1] })];
    });
    const last = encoder.layer.length - 1;
    return encoder.layer.reduce(
      (x, module, i) =>
        g.inside(module, () => {
          const first = firstOnly && i === last;
          const asking = first ? firstTokens(g, x) : x;
          const { attn, LayerNorm } = module.attention;
          const attended = g.inside(module.attention, () => {
            const { q: query, k: key, v: value, heads } = attn;
            const bias = first ? firstTokens(g, relative) : relative; // axis 1 is the queries' here, too
            const mixed = selfAttention(g, { query, key, value, heads }, x, asking, [bias, padding]);
            return normalizedSum(g, LayerNorm, linear(g, attn.o, mixed), asking);
          });
          return feedForward(g, module.intermediate, module.output, attended);
        }),
      embedded,
    );
  },
  heads: [
    head([MPNetForSequenceClassification], (g, model, first) => twoLayers(g, model.classifier, "tanh", first)),
    head([MPNetForMultipleChoice], (g, model, first) => classifier(g, model, bertPooler(g, model.mpnet.pooler, first))),
    head([MPNetForTokenClassification], classifier),
    head([MPNetForQuestionAnswering], questionAnswering),
    head([MPNetForMaskedLM], (g, { lm_head }, states) => languageModel(g, lm_head, states)),
  ],
};
