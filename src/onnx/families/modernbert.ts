// ModernBERT: normalization before each block, rotary positions, gated feed-forward blocks, windows in most layers.
import {
  ModernBertForMaskedLM,
  ModernBertForMultipleChoice,
  ModernBertForQuestionAnswering,
  ModernBertForSequenceClassification,
  ModernBertForTokenClassification,
  ModernBertModel,
} from "../../models/index.js";
import type { ModernBertPredictionHead } from "../../models/modernbert/heads.js";
import type { ModernBertAttention, ModernBertLayer } from "../../models/modernbert/model.js";
import type { GraphBuilder, Value } from "../graph.js";
import { attention, LOWEST, maskBias, splitHeads } from "../layers/attention.js";
import { activate, firstTokens, layerNorm, linear, lookUp } from "../layers/basic.js";
import { classifier } from "../layers/heads.js";
import { distances, lengthOf, range } from "../layers/positions.js";
import { type FamilyEmitter, head } from "./family.js";

type Kind = ModernBertAttention["type"];

/** What the layers of a kind share. */
interface Shared {
  /** The angles' cosines and sines, [length, head width]. */
  readonly cosines: Value;
  readonly sines: Value;
  readonly biases: readonly Value[];
}

export const modernbert: FamilyEmitter<ModernBertModel> = {
  encoder: ModernBertModel,
  takesTypes: () => false,
  encode: (g, model, { ids, mask }, firstOnly) => {
    const { embeddings, layers, final_norm } = model;
    const embedded = g.inside(embeddings, () =>
      layerNorm(g, embeddings.norm, lookUp(g, embeddings.tok_embeddings, ids)),
    );
    const length = lengthOf(g, ids);
    const padding = maskBias(g, mask);
    const kinds = new Map<Kind, Shared>();
    for (const { attn } of layers) {
      if (kinds.has(attn.type)) continue;
      const window = attn.window > 0 ? [windowBias(g, length, attn.window)] : [];
      kinds.set(attn.type, { ...angles(g, model, attn.type, length), biases: [padding, ...window] });
    }
    const last = layers.length - 1;
    const states = layers.reduce((x, module, i) => {
      const shared = kinds.get(module.attn.type) as Shared;
      return g.inside(module, () => layer(g, module, x, shared, firstOnly && i === last));
    }, embedded);
    return layerNorm(g, final_norm, states);
  },
  heads: [
    head(
      [
        ModernBertForSequenceClassification,
        ModernBertForMultipleChoice,
        ModernBertForTokenClassification,
        ModernBertForQuestionAnswering,
      ],
      (g, model, states) => classifier(g, model, predictionHead(g, model.head, states)),
    ),
    head([ModernBertForMaskedLM], (g, model, states) =>
      linear(g, model.decoder, predictionHead(g, model.head, states)),
    ),
  ],
};

function predictionHead(g: GraphBuilder, head: ModernBertPredictionHead, states: Value): Value {
  return g.inside(head, () => layerNorm(g, head.norm, activate(g, head.activation, linear(g, head.dense, states))));
}

/** Lowest for keys that lie farther from the query than the window: [length, length]. */
function windowBias(g: GraphBuilder, length: Value, window: number): Value {
  const far = g.node("Greater", [g.node("Abs", [distances(g, length)]), g.integers([window], [])]);
  return g.node("Where", [far, g.float(LOWEST), g.float(0)]);
}

function angles(g: GraphBuilder, model: ModernBertModel, kind: Kind, length: Value): Pick<Shared, "cosines" | "sines"> {
  const { frequencies } = model.angles[kind];
  const positions = g.node("Cast", [g.node("Unsqueeze", [range(g, length), g.integers([1])])], { to: 1 }); // float32
  const turns = g.constant(`${kind}.frequencies`, "float32", [1, frequencies.length], frequencies);
  const angle = g.node("Mul", [positions, turns]);
  const both = g.node("Concat", [angle, angle], { axis: 1 });
  return { cosines: g.node("Cos", [both]), sines: g.node("Sin", [both]) };
}

function layer(g: GraphBuilder, module: ModernBertLayer, x: Value, shared: Shared, first: boolean): Value {
  const { attn, attn_norm, mlp, mlp_norm } = module;
  const normalized = attn_norm ? layerNorm(g, attn_norm, x) : x;
  const mixed = g.inside(attn, () => selfAttention(g, attn, normalized, shared, first));
  const middle = g.node("Add", [first ? firstTokens(g, x) : x, mixed]);
  const inner = g.inside(mlp, () => {
    const [a, b] = g.nodeOf(2, "Split", [linear(g, mlp.Wi, layerNorm(g, mlp_norm, middle))], { axis: -1 });
    return linear(g, mlp.Wo, g.node("Mul", [activate(g, mlp.activation, a), b]));
  });
  return g.node("Add", [middle, inner]);
}

function selfAttention(g: GraphBuilder, attn: ModernBertAttention, x: Value, shared: Shared, first: boolean): Value {
  const shape = { heads: attn.heads, width: attn.Wqkv.weight.shape[0] / 3 };
  const parts = g.nodeOf(3, "Split", [linear(g, attn.Wqkv, x)], { axis: -1 });
  const [query, key, value] = parts.map((part) => splitHeads(g, part, shape));
  const one = (turned: Value, axis: number): Value =>
    first ? g.node("Slice", [turned, g.integers([0]), g.integers([1]), g.integers([axis])]) : turned;
  const biases = shared.biases.map((bias, i) => (i === 0 ? bias : one(bias, 0))); // a window's is of queries and keys
  return linear(
    g,
    attn.Wo,
    attention(g, {
      ...shape,
      query: one(rotate(g, query, shared), 2),
      key: rotate(g, key, shared),
      value,
      biases,
    }),
  );
}

/** Turns the pairs (e, e + half) of each head's columns: x cos + [-x2, x1] sin. */
function rotate(g: GraphBuilder, x: Value, { cosines, sines }: Shared): Value {
  const [a, b] = g.nodeOf(2, "Split", [x], { axis: -1 });
  const quarter = g.node("Concat", [g.node("Neg", [b]), a], { axis: -1 });
  return g.node("Add", [g.node("Mul", [x, cosines]), g.node("Mul", [quarter, sines])]);
}
