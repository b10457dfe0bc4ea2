// Disentangled attention (He et al. 2020): scores of content with content, of content with the key of the distance, and of
// the query of the distance with content.
import {
  type AttentionProjections,
  Dropout,
  type Linear,
  linearTogether,
  Module,
  type Packing,
  selfAttention,
  stack,
} from "../../nn/index.js";
import { dropout, slice, type Tensor, takeRows, tensor } from "../../tensor/index.js";
import { BertSelfOutput } from "../bert/layers.js";
import type { DebertaV2Config, PositionTerm } from "./config.js";

/** The distances of a batch, for all layers. */
export interface Distances {
  /** Their rows of the table, each once: [rows, hidden]. */
  readonly rows: Tensor;
  /** Place in `rows` of each key minus query, ascending. */
  readonly places: Int32Array;
}

/** The part of the distances that first tokens ask for: keys at or after the query. */
export function fromFirstToken({ rows, places }: Distances): Distances {
  const own = places.subarray((places.length - 1) / 2);
  return { rows: slice(rows, 0, own[0], rows.shape[0]), places: own.map((place) => place - own[0]) };
}

const relativeTerm = { c2p: "key", p2c: "query" } as const;

export class DisentangledSelfAttention extends Module {
  readonly query_proj: Linear;
  readonly key_proj: Linear;
  readonly value_proj: Linear;
  /** Where distances have projections of their own. */
  readonly pos_key_proj: Linear | undefined;
  readonly pos_query_proj: Linear | undefined;
  readonly pos_dropout: Dropout;
  readonly dropout: Dropout;
  readonly heads: number;
  readonly terms: readonly PositionTerm[];

  constructor(config: DebertaV2Config) {
    super();
    const { hidden_size: width, relative_attention, pos_att_type } = config;
    [this.query_proj, this.key_proj, this.value_proj] = stack(3, width, width);
    this.terms = relative_attention ? (["p2c", "c2p"] as const).filter((term) => pos_att_type.includes(term)) : [];
    if (!config.share_att_key && this.terms.length > 0) {
      const own = stack(this.terms.length, width, width);
      this.pos_key_proj = own[this.terms.indexOf("c2p")];
      this.pos_query_proj = own[this.terms.indexOf("p2c")];
    }
    this.pos_dropout = new Dropout(config.hidden_dropout_prob);
    this.dropout = new Dropout(config.attention_probs_dropout_prob);
    this.heads = config.num_attention_heads;
  }

  /** x [tokens, hidden], first [batch, hidden] if only the first tokens ask -> [tokens or batch, hidden]. */
  override forward(x: Tensor, packing: Packing, distances: Distances | undefined, first: Tensor | undefined): Tensor {
    const projections: AttentionProjections = { query: this.query_proj, key: this.key_proj, value: this.value_proj };
    const { heads, terms } = this;
    return selfAttention(projections, x, packing, first, {
      heads,
      dropout: this.dropout.active,
      scale: 1 / Math.sqrt((x.shape[1] / heads) * (1 + terms.length)),
      relative: distances && terms.length > 0 ? this.#relative(distances) : undefined,
      relativeTerms: terms.map((term) => relativeTerm[term]),
    });
  }

  /** Keys and queries of the distances side by side: [distances, terms * hidden]. */
  #relative({ rows, places }: Distances): Tensor {
    const layers = this.terms.flatMap((term) =>
      term === "c2p" ? (this.pos_key_proj ?? this.key_proj) : (this.pos_query_proj ?? this.query_proj),
    );
    const dropped = this.pos_dropout.active > 0 ? dropout(rows, this.pos_dropout.active) : rows;
    const projected = linearTogether(dropped, layers);
    return places.length === rows.shape[0] ? projected : takeRows(projected, tensor(places));
  }
}

export class DebertaV2Attention extends Module {
  readonly self: DisentangledSelfAttention;
  readonly output: BertSelfOutput;

  constructor(config: DebertaV2Config) {
    super();
    this.self = new DisentangledSelfAttention(config);
    this.output = new BertSelfOutput(config);
  }

  override forward(x: Tensor, packing: Packing, distances: Distances | undefined, first: Tensor | undefined): Tensor {
    return this.output.forward(this.self.forward(x, packing, distances, first), first ?? x);
  }
}
