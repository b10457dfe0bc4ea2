// BERT: embeddings, layers and heads, of which other families take what they share.
import type { BertOnlyMLMHead } from "../../models/bert/heads.js";
import type { BertEncoder, BertIntermediate, BertLayer, BertOutput } from "../../models/bert/layers.js";
import type { BertEmbeddings } from "../../models/bert/model.js";
import {
  BertForMaskedLM,
  BertForMultipleChoice,
  BertForQuestionAnswering,
  BertForSequenceClassification,
  BertForTokenClassification,
  BertModel,
} from "../../models/index.js";
import type { Linear } from "../../nn/index.js";
import type { GraphBuilder, Value } from "../graph.js";
import { attention, maskBias, splitHeads } from "../layers/attention.js";
import { activate, firstTokens, layerNorm, linear, lookUp, normalizedSum } from "../layers/basic.js";
import { bertPooler, classifier, questionAnswering, vocabularyScores } from "../layers/heads.js";
import { firstPositions } from "../layers/positions.js";
import { type EncoderValues, type FamilyEmitter, head } from "./family.js";

/** Query, key and value of self-attention, and by how many heads. */
export interface Projections {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly heads: number;
}

/** `asking`: the states that ask, `x` or its first tokens. -> [batch, queries, hidden]. */
export function selfAttention(
  g: GraphBuilder,
  { query, key, value, heads }: Projections,
  x: Value,
  asking: Value,
  biases: readonly Value[],
): Value {
  const shape = { heads, width: query.weight.shape[0] };
  return attention(g, {
    ...shape,
    query: splitHeads(g, linear(g, query, asking), shape),
    key: splitHeads(g, linear(g, key, x), shape),
    value: splitHeads(g, linear(g, value, x), shape),
    biases,
  });
}

/** LayerNorm(feedForward(x) + x). */
export function feedForward(g: GraphBuilder, { dense }: BertIntermediate, output: BertOutput, x: Value): Value {
  const inner = g.inside(output, () => activate(g, output.activation, linear(g, dense, x)));
  return g.inside(output, () => normalizedSum(g, output.LayerNorm, linear(g, output.dense, inner), x));
}

function layer(g: GraphBuilder, { attention, intermediate, output }: BertLayer, x: Value, first: boolean, mask: Value) {
  const asking = first ? firstTokens(g, x) : x;
  const mixed = g.inside(attention.self, () => selfAttention(g, attention.self, x, asking, [mask]));
  const { dense, LayerNorm } = attention.output;
  const attended = g.inside(attention.output, () => normalizedSum(g, LayerNorm, linear(g, dense, mixed), asking));
  return feedForward(g, intermediate, output, attended);
}

export function bertLayers(g: GraphBuilder, encoder: BertEncoder, x: Value, mask: Value, firstOnly: boolean): Value {
  const bias = g.inside(encoder, () => maskBias(g, mask));
  const last = encoder.layer.length - 1;
  return encoder.layer.reduce(
    (state, module, i) => g.inside(module, () => layer(g, module, state, firstOnly && i === last, bias)),
    x,
  );
}

/** word + token type + position, normalized; positions count from 0. */
export function bertEmbeddings(g: GraphBuilder, embeddings: BertEmbeddings, { ids, types }: EncoderValues): Value {
  return g.inside(embeddings, () => {
    const { word_embeddings, token_type_embeddings, position_embeddings, LayerNorm } = embeddings;
    const word = lookUp(g, word_embeddings, ids);
    const type = lookUp(g, token_type_embeddings, types ?? g.integers([0], []));
    const positions = firstPositions(g, position_embeddings, ids);
    return layerNorm(g, LayerNorm, g.node("Add", [g.node("Add", [word, type]), positions]));
  });
}

export const bert: FamilyEmitter<BertModel> = {
  encoder: BertModel,
  takesTypes: () => true,
  encode: (g, model, inputs, firstOnly) =>
    bertLayers(g, model.encoder, bertEmbeddings(g, model.embeddings, inputs), inputs.mask, firstOnly),
  heads: [
    head([BertForSequenceClassification, BertForMultipleChoice], (g, model, first) =>
      classifier(g, model, bertPooler(g, model.bert.pooler, first)),
    ),
    head([BertForTokenClassification], classifier),
    head([BertForQuestionAnswering], questionAnswering),
    head([BertForMaskedLM], (g, { cls }, states) => maskedLM(g, cls, states)),
  ],
};

/** DeBERTa's older masked-LM head, too. */
export function maskedLM(g: GraphBuilder, { predictions }: BertOnlyMLMHead, states: Value): Value {
  const { dense, activation, LayerNorm: norm } = predictions.transform;
  return g.inside(predictions, () =>
    vocabularyScores(g, { dense, activation, norm, decoder: predictions.decoder }, states),
  );
}
