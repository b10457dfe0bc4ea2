// Batches for multiple choice: each row holds several texts, of which one is right.
import { DataError } from "../../support/errors.js";
import { reshape, type Tensor } from "../../tensor/index.js";
import type { Batch, CollateContext, CollatorObject, RowsOrColumns } from "../collator.js";
import { type ColumnValues, columnToTensor, isList, nameLabels, toColumns } from "../columns.js";
import { DataCollatorWithPadding, type PaddedBatch, type Padder, type PaddingCollatorOptions } from "./with-padding.js";

/**
 * Pads rows whose model inputs are lists of one entry a choice: int32 [rows, choices, length], with `labels`, int32 [rows],
 * the number of the right choice. Rows without labels give a batch without.
 */
export class DataCollatorForMultipleChoice implements CollatorObject<object, PaddedBatch> {
  readonly #padding: DataCollatorWithPadding;

  constructor(tokenizer: Padder, options: PaddingCollatorOptions = {}) {
    this.#padding = new DataCollatorWithPadding(tokenizer, options);
  }

  /** Throws DataError, naming row and field, where rows differ in their number of choices. */
  collate(data: RowsOrColumns, context: CollateContext = {}): PaddedBatch {
    const { labels, ...inputs } = Object.fromEntries(nameLabels(toColumns(data)));
    const rows = Object.values(inputs)[0]?.length ?? 0;
    const choices = isList(inputs.input_ids?.[0]) ? inputs.input_ids[0].length : 0;
    const flat = Object.entries(inputs).map(([name, column]) => [name, flatten(name, column, choices)]);
    const padded = this.#padding.collate(Object.fromEntries(flat), context);
    const batch: Batch = Object.fromEntries(
      Object.entries(padded).map(([name, values]) => [name, byChoice(values, rows, choices)]),
    );
    if (labels !== undefined) batch.labels = columnToTensor("labels", labels, context);
    return batch as PaddedBatch;
  }
}

/** The choices of all rows one after another. */
function flatten(name: string, column: ColumnValues, choices: number): unknown[] {
  return Array.from(column).flatMap((row, i) => {
    if (isList(row) && row.length === choices) return Array.from(row);
    const found = isList(row) ? `${row.length} entries` : `the value ${String(row)}`;
    throw new DataError(
      `"${name}" of row ${i} of the batch has ${found}, one for each of ${choices} choices is needed: ` +
        "tokenize every choice of a row, and remove columns that are not by choice",
    );
  });
}

/** [rows * choices, ...] -> [rows, choices, ...] */
function byChoice(values: Tensor, rows: number, choices: number): Tensor {
  return reshape(values, [rows, choices, ...values.shape.slice(1)]);
}
