// transformers' default collator: rows of equal shape become tensors as they are.
import type { Tensor } from "../../tensor/index.js";
import type { Batch, CollateContext, CollatorObject, RowsOrColumns } from "../collator.js";
import { columnToTensor, nameLabels, toColumns } from "../columns.js";

/**
 * Makes a tensor of each column: int32 of integers, float32 of floats. `label` and `label_ids` become `labels`; columns of
 * strings, and those that are null, are left out.
 */
export class DefaultDataCollator implements CollatorObject<object, Batch> {
  /** Throws DataError, naming column and row, where rows differ in shape or hold no numbers. */
  collate(data: RowsOrColumns, context: CollateContext = {}): Batch {
    const batch: Record<string, Tensor> = {};
    for (const [name, values] of nameLabels(toColumns(data))) {
      const first = values[0];
      if (typeof first === "string" || first === null || first === undefined) continue;
      batch[name] = columnToTensor(name, values, context);
    }
    return batch;
  }
}
