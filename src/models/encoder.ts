// Base of the families' encoders. What stands between the embeddings and what a caller reads is packed: [tokens, hidden],
// no padding (nn/packing.ts); heads work on the packed form.
import type { Batch } from "../batches/index.js";
import { longestSequence, type Module, type Packing, type PackOptions, pack, unpack } from "../nn/index.js";
import type { AdapterDefaults } from "../peft/index.js";
import { ConfigError, ShapeError } from "../support/errors.js";
import { type Tensor, takeRows } from "../tensor/index.js";
import type { CommonConfig } from "./config.js";
import { takeInputs } from "./outputs.js";
import { PreTrainedModel } from "./pretrained.js";

/** What an encoder takes, by the names of the batch; int32 [batch, length] each. */
export type EncoderInputs = { readonly input_ids: Tensor } & Readonly<Record<string, Tensor | undefined>>;

export interface EncodeOptions {
  /** The caller reads the first token of each sequence only: the last layer computes no other. Default false. */
  readonly firstTokenOnly?: boolean;
}

export interface PackedStates {
  /** [tokens, hidden], or [sequences, hidden] where only first tokens were asked for. */
  readonly states: Tensor;
  readonly packing: Packing;
}

export interface EncoderOutput {
  /** [batch, length, hidden]; zeros at padding. */
  readonly last_hidden_state: Tensor;
  /** [batch, hidden], of flattened rows [sequences, hidden]; undefined without a pooler. */
  readonly pooler_output: Tensor | undefined;
}

/** Choices of encoders that have a pooler. */
export interface EncoderBuild {
  /** Default true. Heads that do not read it build the encoder without, as Python's do. */
  readonly pooler?: boolean;
}

export abstract class EncoderModel<Config extends CommonConfig = CommonConfig> extends PreTrainedModel<Config> {
  /** Absent in families without one, and where a head has no use for it. */
  declare readonly pooler: (Module & { forward(first: Tensor): Tensor }) | undefined;

  override get adapterDefaults(): AdapterDefaults {
    return { taskType: "FEATURE_EXTRACTION" };
  }

  /** The packed form, for heads. Throws ShapeError for ids, lengths and masks that do not fit. */
  abstract encode(inputs: EncoderInputs, options?: EncodeOptions): PackedStates;

  /**
   * int32 [batch, length] tensors by the names in `inputNames`; only input_ids has to be there. Without attention_mask, rows
   * that were flattened into one (DataCollatorWithFlattening) are told by position_ids that begin anew, and stay apart.
   */
  override forward(batch: Batch): EncoderOutput {
    const { states, packing } = this.encode(takeInputs(this, batch));
    const pooled = this.pooler && this.pool(takeRows(states, packing.first));
    return { last_hidden_state: unpack(states, packing), pooler_output: pooled };
  }

  /** First tokens' states [batch, hidden] -> [batch, hidden]. Throws ConfigError for a model without a pooler. */
  pool(first: Tensor): Tensor {
    if (!this.pooler) throw new ConfigError(`this ${this.constructor.name} has no pooler`);
    return this.pooler.forward(first);
  }
}

/** What limits the ids that an encoder can take. */
export interface IdLimits {
  readonly vocab_size: number;
  /** Longest sequence. */
  readonly positions: number;
}

/** Checks the ids, and plans the packing of the batch by its mask, or by position_ids that begin anew. */
export function packIds(
  { input_ids: ids, attention_mask, position_ids: positions }: EncoderInputs,
  limits: IdLimits,
  options?: PackOptions,
): Packing {
  if (ids.rank !== 2 || ids.dtype !== "int32") {
    throw new ShapeError(`input_ids must be int32 [batch, length], not ${ids.toString()}`);
  }
  const [, length] = ids.shape;
  const packing = pack(ids.shape, attention_mask, { ...options, positions });
  const isFlattened = packing.first.size > packing.batch;
  const longest = isFlattened ? longestSequence(packing) : length;
  if (longest > limits.positions) {
    throw new ShapeError(
      `input_ids are ${longest} tokens long, the model has ${limits.positions} positions ` +
        "(max_position_embeddings); tokenize with { truncation: true }",
    );
  }
  ids.host?.forEach((id, i) => {
    if (id < 0 || id >= limits.vocab_size) {
      throw new ShapeError(
        `input_ids: id ${id} at row ${Math.floor(i / length)}, position ${i % length} is outside the vocabulary of ` +
          `${limits.vocab_size} (vocab_size); is this the model's own tokenizer?`,
      );
    }
  });
  return packing;
}
