// Batches without padding: the rows of a batch as one sequence, one row after another.
import { DataError } from "../../support/errors.js";
import { expectKnown } from "../../support/options.js";
import { tensor } from "../../tensor/index.js";
import type { Batch, CollateContext, CollatorObject, RowsOrColumns } from "../collator.js";
import { type ColumnValues, isList, toColumns } from "../columns.js";
import { IGNORED } from "./labels.js";

export interface FlatteningCollatorOptions {
  /** With position_ids, which begin anew in each row. Default true. */
  readonly returnPositionIds?: boolean;
  /** The position of a row's first token. Default 0; RoBERTa and its kin count from 2. */
  readonly positionIdsStart?: number;
  /** The label that stands where a row begins. Default -100, which losses leave out. */
  readonly separatorId?: number;
  /** With seq_idx: for each token the number of its row in the batch. Default false. */
  readonly returnSeqIdx?: boolean;
  /** With cu_seq_lens_q and cu_seq_lens_k, int32 [rows + 1]: where each row begins, and the end. Default false. */
  readonly returnFlashAttnKwargs?: boolean;
}

const OPTION_NAMES = [
  "returnPositionIds",
  "positionIdsStart",
  "separatorId",
  "returnSeqIdx",
  "returnFlashAttnKwargs",
] as const satisfies readonly (keyof FlatteningCollatorOptions)[];

/**
 * Makes one sequence of the rows: input_ids, labels (the rows', or the ids themselves) and position_ids, int32 [1, tokens].
 * The encoders of this package tell the rows apart by position_ids, so that none sees another's tokens. They do not need it:
 * they leave out the padding of any batch that has an attention_mask.
 */
export class DataCollatorWithFlattening implements CollatorObject<object, Batch> {
  readonly #options: FlatteningCollatorOptions;

  /** Throws ConfigError for an option that does not exist. */
  constructor(options: FlatteningCollatorOptions = {}) {
    expectKnown("DataCollatorWithFlattening", options, OPTION_NAMES);
    this.#options = options;
  }

  /** Throws DataError, naming the row, where it has no input_ids, or labels of another length. */
  collate(data: RowsOrColumns, _context: CollateContext = {}): Batch {
    const { returnPositionIds = true, positionIdsStart = 0, separatorId = IGNORED, ...options } = this.#options;
    const columns = toColumns(data);
    const ids = lists("input_ids", columns.get("input_ids"));
    const labels = columns.has("labels") ? lists("labels", columns.get("labels")) : ids;
    labels.forEach((row, i) => {
      if (row.length === ids[i].length) return;
      throw new DataError(`row ${i} of the batch has ${ids[i].length} input_ids and ${row.length} labels`);
    });
    const sequence = (rowOf: (row: number) => ArrayLike<number>) => {
      const flat = Int32Array.from(ids.flatMap((_, row) => Array.from(rowOf(row))));
      return tensor(flat, { shape: [1, flat.length] });
    };
    const count = (row: number, valueAt: (i: number) => number) => Array.from(ids[row], (_, i) => valueAt(i));
    const batch: Batch = {
      input_ids: sequence((row) => ids[row]),
      labels: sequence((row) => count(row, (i) => (i === 0 ? separatorId : labels[row][i]))),
    };
    if (returnPositionIds) batch.position_ids = sequence((row) => count(row, (i) => positionIdsStart + i));
    if (options.returnSeqIdx) batch.seq_idx = sequence((row) => count(row, () => row));
    if (options.returnFlashAttnKwargs) {
      const bounds = new Int32Array(ids.length + 1);
      ids.forEach((row, i) => {
        bounds[i + 1] = bounds[i] + row.length;
      });
      batch.cu_seq_lens_q = tensor(bounds);
      batch.cu_seq_lens_k = tensor(bounds);
    }
    return batch;
  }
}

function lists(name: string, column: ColumnValues | undefined): ArrayLike<number>[] {
  if (column === undefined) throw new DataError(`the rows of the batch have no "${name}": tokenize them first`);
  return Array.from(column, (row, i) => {
    if (isList(row) && Array.prototype.every.call(row, Number.isInteger)) return row as ArrayLike<number>;
    throw new DataError(`"${name}" of row ${i} of the batch is no list of whole numbers`);
  });
}
