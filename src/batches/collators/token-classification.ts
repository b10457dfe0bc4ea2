// Batches for token classification: a label for each token, padded as the tokens are.
import type { CollateContext, CollatorObject, RowsOrColumns } from "../collator.js";
import { nameLabels, toColumns } from "../columns.js";
import { padLabels } from "./labels.js";
import { DataCollatorWithPadding, type PaddedBatch, type Padder, type PaddingCollatorOptions } from "./with-padding.js";

export interface TokenClassificationCollatorOptions extends PaddingCollatorOptions {
  /** What stands at padding among the labels. Default -100, which losses leave out. */
  readonly labelPadTokenId?: number;
}

/**
 * Pads the model inputs of rows, and their `labels` (also `label`), a number for each token, to the same length and on the
 * same side. Rows without labels give a batch without.
 */
export class DataCollatorForTokenClassification implements CollatorObject<object, PaddedBatch> {
  readonly #tokenizer: Padder;
  readonly #padding: DataCollatorWithPadding;
  readonly #options: TokenClassificationCollatorOptions;

  constructor(tokenizer: Padder, options: TokenClassificationCollatorOptions = {}) {
    const { labelPadTokenId: _, ...padding } = options;
    this.#tokenizer = tokenizer;
    this.#padding = new DataCollatorWithPadding(tokenizer, padding);
    this.#options = options;
  }

  /** Throws DataError where a row has not as many labels as tokens, and as DataCollatorWithPadding does. */
  collate(data: RowsOrColumns, context: CollateContext = {}): PaddedBatch {
    const { labels, ...inputs } = Object.fromEntries(nameLabels(toColumns(data)));
    const batch = this.#padding.collate(inputs, context);
    if (labels !== undefined) {
      const side = this.#options.paddingSide ?? this.#tokenizer.paddingSide;
      batch.labels = padLabels(labels, inputs.input_ids, batch.input_ids.shape[1], {
        value: this.#options.labelPadTokenId ?? -100,
        side,
      });
    }
    return batch;
  }
}
