// RoBERTa's encoder: BERT's layers; positions that count from the padding token on.
import { Dropout, Embedding, LayerNorm, Module, packIntegers } from "../../nn/index.js";
import { type Tensor, tensor } from "../../tensor/index.js";
import { BertEncoder, BertPooler } from "../bert/layers.js";
import {
  type EncodeOptions,
  type EncoderBuild,
  type EncoderInputs,
  EncoderModel,
  type PackedStates,
  packIds,
} from "../encoder.js";
import { positionsFromPadding } from "../positions.js";
import { type RobertaConfig, robertaFiles } from "./config.js";

/** word + token type + position, normalized. */
export class RobertaEmbeddings extends Module {
  readonly word_embeddings: Embedding;
  readonly token_type_embeddings: Embedding;
  readonly LayerNorm: LayerNorm;
  readonly dropout: Dropout;
  readonly position_embeddings: Embedding;

  constructor(config: RobertaConfig) {
    super();
    const padding = { paddingIndex: config.pad_token_id };
    this.word_embeddings = new Embedding(config.vocab_size, config.hidden_size, padding);
    this.token_type_embeddings = new Embedding(config.type_vocab_size, config.hidden_size);
    this.LayerNorm = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    this.dropout = new Dropout(config.hidden_dropout_prob);
    this.position_embeddings = new Embedding(config.max_position_embeddings, config.hidden_size, padding);
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

export class RobertaModel extends EncoderModel<RobertaConfig> {
  static readonly architecture: string = "RobertaModel";
  static readonly family = robertaFiles;
  readonly embeddings: RobertaEmbeddings;
  readonly encoder: BertEncoder;
  override readonly pooler: BertPooler | undefined;

  constructor(config: RobertaConfig, { pooler = true }: EncoderBuild = {}) {
    super(config);
    this.embeddings = new RobertaEmbeddings(config);
    this.encoder = new BertEncoder(config);
    this.pooler = pooler ? new BertPooler(config) : undefined;
  }

  override get inputNames(): readonly string[] {
    return ["input_ids", "attention_mask", "token_type_ids", "position_ids"];
  }

  override encode(inputs: EncoderInputs, { firstTokenOnly = false }: EncodeOptions = {}): PackedStates {
    const { vocab_size, max_position_embeddings, pad_token_id } = this.config;
    const packing = packIds(inputs, { vocab_size, positions: max_position_embeddings - pad_token_id - 1 });
    const { input_ids, token_type_ids } = inputs;
    const embedded = this.embeddings.forward(
      packIntegers(input_ids, packing),
      token_type_ids ? packIntegers(token_type_ids, packing) : tensor(new Int32Array(packing.columns.length)),
      positionsFromPadding(inputs, packing, pad_token_id),
    );
    return { states: this.encoder.forward(embedded, packing, firstTokenOnly), packing };
  }
}
