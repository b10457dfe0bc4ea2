// DeBERTa-v2 and v3: scores of content with content, with the key of the distance, and of the query of the distance.

import { longestDistance, positionSpan } from "../../models/deberta-v2/config.js";
import type { ConvLayer } from "../../models/deberta-v2/convolution.js";
import { distanceRow } from "../../models/deberta-v2/distances.js";
import type { DebertaV2Layer } from "../../models/deberta-v2/model.js";
import {
  DebertaV2ForMaskedLM,
  DebertaV2ForMultipleChoice,
  DebertaV2ForQuestionAnswering,
  DebertaV2ForSequenceClassification,
  DebertaV2ForTokenClassification,
  DebertaV2Model,
} from "../../models/index.js";
import type { Linear } from "../../nn/index.js";
import type { GraphBuilder, Value } from "../graph.js";
import { attention, maskBias, splitHeads } from "../layers/attention.js";
import { activate, firstTokens, layerNorm, linear, lookUp, normalizedSum } from "../layers/basic.js";
import { classifier, questionAnswering, vocabularyScores } from "../layers/heads.js";
import { byDistance, distances, firstPositions, lengthOf } from "../layers/positions.js";
import { feedForward, maskedLM } from "./bert.js";
import { type EncoderValues, type FamilyEmitter, head } from "./family.js";

/** The distances of a batch, for all layers. */
interface Distances {
  /** The table, [1, rows, hidden]. */
  readonly table: Value;
  /** Row of the table for each query and key: int64 [length, length]. */
  readonly rows: Value;
}

export const debertaV2: FamilyEmitter<DebertaV2Model> = {
  encoder: DebertaV2Model,
  takesTypes: ({ config }) => config.type_vocab_size > 0,
  encode: (g, model, inputs, firstOnly) => {
    const { encoder } = model;
    const embedded = embeddings(g, model, inputs);
    const [padding, relative] = g.inside(encoder, () => [maskBias(g, inputs.mask), relativeOf(g, model, inputs.ids)]);
    const last = encoder.layer.length - 1;
    return encoder.layer.reduce((x, module, i) => {
      const convolved = i === 0 ? encoder.conv : undefined; // it reads neighbours
      const first = firstOnly && i === last && !convolved;
      const next = g.inside(module, () => layer(g, module, x, first, padding, relative));
      return convolved ? convolution(g, convolved, embedded, next, inputs.mask) : next;
    }, embedded);
  },
  heads: [
    head([DebertaV2ForSequenceClassification, DebertaV2ForMultipleChoice], (g, model, first) => {
      const { dense, activation } = model.pooler;
      return classifier(g, model, activate(g, activation, linear(g, dense, first)));
    }),
    head([DebertaV2ForTokenClassification], classifier),
    head([DebertaV2ForQuestionAnswering], questionAnswering),
    head([DebertaV2ForMaskedLM], (g, { cls, lm_predictions, deberta }, states) => {
      if (cls) return maskedLM(g, cls, states);
      if (!lm_predictions) return states;
      const { dense, activation, LayerNorm: norm, bias } = lm_predictions.lm_head;
      const decoder = { weight: deberta.embeddings.word_embeddings.weight, bias };
      return vocabularyScores(g, { dense, activation, norm, decoder }, states);
    }),
  ],
};

/** word (+ position) (+ token type), (projected to the layers' width,) normalized, zero at padding. */
function embeddings(
  g: GraphBuilder,
  { embeddings: module }: DebertaV2Model,
  { ids, mask, types }: EncoderValues,
): Value {
  return g.inside(module, () => {
    let sum = lookUp(g, module.word_embeddings, ids);
    if (module.position_embeddings) {
      sum = g.node("Add", [sum, firstPositions(g, module.position_embeddings, ids)]);
    }
    if (module.token_type_embeddings && types) {
      sum = g.node("Add", [sum, lookUp(g, module.token_type_embeddings, types)]);
    }
    if (module.embed_proj) sum = linear(g, module.embed_proj, sum);
    return masked(g, layerNorm(g, module.LayerNorm, sum), mask);
  });
}

/** Zero where the mask is. */
function masked(g: GraphBuilder, states: Value, mask: Value): Value {
  const real = g.node("Cast", [g.node("Unsqueeze", [mask, g.integers([2])])], { to: 1 }); // float32
  return g.node("Mul", [states, real]);
}

function relativeOf(g: GraphBuilder, { config, encoder }: DebertaV2Model, ids: Value): Distances | undefined {
  if (!encoder.rel_embeddings) return undefined;
  const table = g.parameter(encoder.rel_embeddings.weight);
  const normalized = encoder.LayerNorm ? layerNorm(g, encoder.LayerNorm, table) : table;
  const farthest = Math.max(longestDistance(config), positionSpan(config)) + 1;
  return {
    table: g.node("Unsqueeze", [normalized, g.integers([0])]),
    rows: byDistance(g, distances(g, lengthOf(g, ids)), farthest, (distance) => distanceRow(config, distance)),
  };
}

function layer(
  g: GraphBuilder,
  module: DebertaV2Layer,
  x: Value,
  first: boolean,
  padding: Value,
  relative: Distances | undefined,
): Value {
  const asking = first ? firstTokens(g, x) : x;
  const { self, output } = module.attention;
  const mixed = g.inside(self, () => {
    const shape = { heads: self.heads, width: self.query_proj.weight.shape[0] };
    const project = (layer: Linear, states: Value) => splitHeads(g, linear(g, layer, states), shape);
    const query = project(self.query_proj, asking);
    const key = project(self.key_proj, x);
    const scale = 1 / Math.sqrt((shape.width / shape.heads) * (1 + self.terms.length));
    const biases = relative
      ? self.terms.map((term) => {
          const rows = first ? g.node("Slice", [relative.rows, g.integers([0]), g.integers([1])]) : relative.rows;
          const layer =
            term === "c2p" ? (self.pos_key_proj ?? self.key_proj) : (self.pos_query_proj ?? self.query_proj);
          const positions = project(layer, relative.table);
          return term === "c2p"
            ? byRow(g, query, positions, rows, scale)
            : turned(g, byRow(g, key, positions, g.node("Transpose", [rows], { perm: [1, 0] }), scale));
        })
      : [];
    const value = project(self.value_proj, x);
    return attention(g, { ...shape, query, key, value, scale, biases: [...biases, padding] });
  });
  const attended = g.inside(output, () => normalizedSum(g, output.LayerNorm, linear(g, output.dense, mixed), asking));
  return feedForward(g, module.intermediate, module.output, attended);
}

/**
 * Products of states with the table's rows, of which each pair takes that of its distance: states [batch, heads, n, width],
 * positions [1, heads, rows, width], rows int64 [n, m] -> [batch, heads, n, m].
 */
function byRow(g: GraphBuilder, states: Value, positions: Value, rows: Value, scale: number): Value {
  const products = g.node("Mul", [
    g.node("MatMul", [states, g.node("Transpose", [positions], { perm: [0, 1, 3, 2] })]),
    g.float(scale),
  ]);
  const batchAndHeads = g.node("Slice", [g.node("Shape", [products]), g.integers([0]), g.integers([2])]);
  const shape = g.node("Concat", [batchAndHeads, g.node("Shape", [rows])], { axis: 0 });
  return g.node("GatherElements", [products, g.node("Expand", [rows, shape])], { axis: 3 });
}

/** [batch, heads, keys, queries] -> [batch, heads, queries, keys]. */
function turned(g: GraphBuilder, scores: Value): Value {
  return g.node("Transpose", [scores], { perm: [0, 1, 3, 2] });
}

/** LayerNorm(states + activation(conv(embedded))), zero at padding. */
function convolution(g: GraphBuilder, module: ConvLayer, embedded: Value, states: Value, mask: Value): Value {
  return g.inside(module, () => {
    const { conv, LayerNorm, activation } = module;
    const half = (conv.weight.shape[2] - 1) / 2;
    const mixed = g.inside(conv, () =>
      g.node(
        "Conv",
        [g.node("Transpose", [embedded], { perm: [0, 2, 1] }), g.parameter(conv.weight), g.parameter(conv.bias)],
        { pads: [half, half], kernel_shape: [conv.weight.shape[2]] },
      ),
    );
    const over = activate(g, activation, g.node("Transpose", [mixed], { perm: [0, 2, 1] }));
    return masked(g, normalizedSum(g, LayerNorm, over, states), mask);
  });
}
