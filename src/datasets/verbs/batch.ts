// batch: rows gathered into rows of lists.
import { BatchedColumn } from "../column-views.js";
import { alignColumn, type Table, tableOf } from "../table.js";
import { expectCount } from "./count.js";

/** How rows are gathered. */
export interface BatchOptions {
  /** Rows of a batch. */
  batchSize: number;
  /** Leave out the last batch where it has fewer rows than the others. Default false. */
  dropLastBatch?: boolean;
}

/** A table of a row for each `batchSize` rows, whose columns hold lists of values. Throws ConfigError on a wrong size. */
export function batch(table: Table, { batchSize, dropLastBatch = false }: BatchOptions): Table {
  expectCount("batch", "batchSize, a number of rows,", batchSize, 1);
  const batches = table.length / batchSize;
  const length = dropLastBatch ? Math.floor(batches) : Math.ceil(batches);
  const columns = [...table.columns].map(
    ([name, column]) => [name, new BatchedColumn(alignColumn(table, column), batchSize, length)] as const,
  );
  return tableOf(new Map(columns), length);
}
