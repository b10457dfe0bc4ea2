// ELECTRA's encoder: BERT's layers on embeddings that may be narrower, without a pooler.
import { Linear } from "../../nn/index.js";
import { BertEncoder } from "../bert/layers.js";
import { BertEmbeddings, embeddingInputs } from "../bert/model.js";
import { type EncodeOptions, type EncoderInputs, EncoderModel, type PackedStates, packIds } from "../encoder.js";
import { type ElectraConfig, electraFiles } from "./config.js";

export class ElectraModel extends EncoderModel<ElectraConfig> {
  static readonly architecture: string = "ElectraModel";
  static readonly family = electraFiles;
  readonly embeddings: BertEmbeddings;
  readonly embeddings_project: Linear | undefined;
  readonly encoder: BertEncoder;

  constructor(config: ElectraConfig) {
    super(config);
    const { embedding_size, hidden_size } = config;
    this.embeddings = new BertEmbeddings(config, embedding_size);
    this.embeddings_project = embedding_size === hidden_size ? undefined : new Linear(embedding_size, hidden_size);
    this.encoder = new BertEncoder(config);
  }

  override get inputNames(): readonly string[] {
    return ["input_ids", "attention_mask", "token_type_ids", "position_ids"];
  }

  override encode(inputs: EncoderInputs, { firstTokenOnly = false }: EncodeOptions = {}): PackedStates {
    const { vocab_size, max_position_embeddings } = this.config;
    const packing = packIds(inputs, { vocab_size, positions: max_position_embeddings });
    const embedded = this.embeddings.forward(...embeddingInputs(inputs, packing));
    const projected = this.embeddings_project?.forward(embedded) ?? embedded;
    return { states: this.encoder.forward(projected, packing, firstTokenOnly), packing };
  }
}
