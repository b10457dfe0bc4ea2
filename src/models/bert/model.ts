// BERT's encoder: embeddings, layers, pooler.
import { Dropout, Embedding, LayerNorm, Module, type Packing, packIntegers } from "../../nn/index.js";
import { type Tensor, tensor } from "../../tensor/index.js";
import {
  type EncodeOptions,
  type EncoderBuild,
  type EncoderInputs,
  EncoderModel,
  type PackedStates,
  packIds,
} from "../encoder.js";
import { type BertConfig, bertFiles } from "./config.js";
import { BertEncoder, BertPooler } from "./layers.js";

/** What the embeddings ask of a config. */
export interface BertEmbeddingsConfig {
  readonly vocab_size: number;
  readonly max_position_embeddings: number;
  readonly type_vocab_size: number;
  readonly layer_norm_eps: number;
  readonly hidden_dropout_prob: number;
  readonly pad_token_id: number;
}

/** word + token type + position, normalized. */
export class BertEmbeddings extends Module {
  readonly word_embeddings: Embedding;
  readonly position_embeddings: Embedding;
  readonly token_type_embeddings: Embedding;
  readonly LayerNorm: LayerNorm;
  readonly dropout: Dropout;

  /** `width`: of the embeddings, where it is not that of the layers. */
  constructor(config: BertEmbeddingsConfig, width: number) {
    super();
    this.word_embeddings = new Embedding(config.vocab_size, width, { paddingIndex: config.pad_token_id });
    this.position_embeddings = new Embedding(config.max_position_embeddings, width);
    this.token_type_embeddings = new Embedding(config.type_vocab_size, width);
    this.LayerNorm = new LayerNorm(width, config.layer_norm_eps);
    this.dropout = new Dropout(config.hidden_dropout_prob);
  }

  /** All int32 [tokens] -> [tokens, hidden]. */
  override forward(ids: Tensor, types: Tensor, positions: Tensor): Tensor {
    const sum = this.word_embeddings
      .forward(ids)
      .add(this.token_type_embeddings.forward(types))
      .add(this.position_embeddings.forward(positions));
    return this.dropout.forward(this.LayerNorm.forward(sum));
  }
}

/** Ids, types and positions of the real tokens; types are 0 and positions count from 0 where the batch has none. */
export function embeddingInputs(
  inputs: EncoderInputs,
  packing: Packing,
): [ids: Tensor, types: Tensor, positions: Tensor] {
  const { input_ids, token_type_ids, position_ids } = inputs;
  return [
    packIntegers(input_ids, packing),
    token_type_ids ? packIntegers(token_type_ids, packing) : tensor(new Int32Array(packing.columns.length)),
    position_ids ? packIntegers(position_ids, packing) : tensor(packing.columns),
  ];
}

export class BertModel extends EncoderModel<BertConfig> {
  static readonly architecture: string = "BertModel";
  static readonly family = bertFiles;
  readonly embeddings: BertEmbeddings;
  readonly encoder: BertEncoder;
  override readonly pooler: BertPooler | undefined;

  constructor(config: BertConfig, { pooler = true }: EncoderBuild = {}) {
    super(config);
    this.embeddings = new BertEmbeddings(config, config.hidden_size);
    this.encoder = new BertEncoder(config);
    this.pooler = pooler ? new BertPooler(config) : undefined;
  }

  override get inputNames(): readonly string[] {
    return ["input_ids", "attention_mask", "token_type_ids", "position_ids"];
  }

  override encode(inputs: EncoderInputs, { firstTokenOnly = false }: EncodeOptions = {}): PackedStates {
    const { vocab_size, max_position_embeddings } = this.config;
    const packing = packIds(inputs, { vocab_size, positions: max_position_embeddings });
    const embedded = this.embeddings.forward(...embeddingInputs(inputs, packing));
    return { states: this.encoder.forward(embedded, packing, firstTokenOnly), packing };
  }
}
