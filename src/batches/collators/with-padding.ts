// Batches of tokenized rows, padded to one length: the collator of classification and regression.
import { expectKnown } from "../../support/options.js";
import type { Tensor } from "../../tensor/index.js";
import type { EncodedColumns, PaddedEncoding, PaddingOptions, Side } from "../../tokenizers/index.js";
import type { Batch, CollateContext, CollatorObject, RowsOrColumns } from "../collator.js";
import { columnToTensor, MODEL_INPUTS, nameLabels, toColumns } from "../columns.js";

/** A batch of model inputs, int32 [rows, length], with the other columns as tensors. */
export interface PaddedBatch extends Batch {
  input_ids: Tensor;
  attention_mask: Tensor;
}

/** What of a tokenizer the collator uses. */
export interface Padder {
  readonly paddingSide: Side;
  pad(encodings: EncodedColumns, options: PaddingOptions & { readonly returnTensors: true }): PaddedEncoding<Tensor>;
}

export interface PaddingCollatorOptions {
  /** To the longest row of the batch (true, the default, or "longest"), to `maxLength`, or not at all. */
  readonly padding?: PaddingOptions["padding"];
  /** The length that `padding: "max_length"` pads to; default: the model's maximum. */
  readonly maxLength?: number;
  /** Lengths are made multiples of this. */
  readonly padToMultipleOf?: number;
  /** Where padding goes. Default: the tokenizer's. */
  readonly paddingSide?: Side;
}

const OPTION_NAMES = [
  "padding",
  "maxLength",
  "padToMultipleOf",
  "paddingSide",
] as const satisfies readonly (keyof PaddingCollatorOptions)[];

/**
 * Pads the model inputs of a batch's rows and makes a tensor of each column; `label` and `label_ids` become `labels`, int32
 * of classes and float32 of scores.
 */
export class DataCollatorWithPadding implements CollatorObject<object, PaddedBatch> {
  readonly #tokenizer: Padder;
  readonly #options: PaddingOptions & { readonly returnTensors: true };

  /** Throws ConfigError for an option that does not exist. */
  constructor(tokenizer: Padder, options: PaddingCollatorOptions = {}) {
    expectKnown("the collator", options, OPTION_NAMES);
    this.#tokenizer = tokenizer;
    this.#options = { ...options, returnTensors: true };
  }

  /** Throws DataError, naming column and row, where rows have no input_ids or a column cannot be a tensor. */
  collate(data: RowsOrColumns, context: CollateContext = {}): PaddedBatch {
    const columns = toColumns(data);
    const inputs = [...columns].filter(([name]) => MODEL_INPUTS.includes(name));
    // `pad` says what is missing where there are no input_ids.
    const encodings = Object.fromEntries(inputs.length > 0 ? inputs : columns) as unknown as EncodedColumns;
    const batch = this.#tokenizer.pad(encodings, this.#options) as PaddedBatch;
    for (const [name, values] of nameLabels(columns)) {
      if (!MODEL_INPUTS.includes(name)) batch[name] = columnToTensor(name, values, context);
    }
    return batch;
  }
}
