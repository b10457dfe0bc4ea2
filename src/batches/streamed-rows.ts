// What a loader walks where rows come one after another: a streamed dataset.
import { info } from "../support/log.js";

/** Rows one after another: an IterableDataset, or any iterable of rows. */
export interface StreamedRows<Row> {
  [Symbol.asyncIterator]?(): AsyncIterator<Row>;
  [Symbol.iterator]?(): Iterator<Row>;
  /** Called with the epoch before its rows are asked for: a shuffled stream has another order then. */
  setEpoch?(epoch: number): void;
  /** Where the stream stands, as JSON can hold it. */
  stateDict?(): unknown;
  /** Makes the next iteration go on where a state was taken. */
  loadStateDict?(state: unknown): void;
  /** The types of the columns, where they are known; they are handed to the collator. */
  readonly features?: { readonly [column: string]: unknown };
}

/** Which of the batches of several processes are this one's: of every `size` batches that of number `rank`. */
export interface Share {
  readonly rank: number;
  readonly size: number;
}

/** True for rows that come one after another only, and not by number. */
export function isStreamed(dataset: object): dataset is StreamedRows<never> {
  const { at, length } = dataset as { readonly at?: unknown; readonly length?: unknown };
  if (typeof at === "function" && typeof length === "number") return false;
  return Symbol.asyncIterator in dataset || Symbol.iterator in dataset;
}

/** Rows in batches, each with the state of the stream behind it; `state` and `skip` say where it goes on. */
export async function* streamedBatches<Row>(
  dataset: StreamedRows<Row>,
  plan: {
    readonly epoch: number;
    readonly batchSize: number;
    readonly dropLast: boolean;
    /** Of the stream, from which it goes on; without it the rows of `skip` batches are read and left. */
    readonly state?: unknown;
    readonly skip: number;
    /** Of the rows of `size` batches, those of batch `rank`. */
    readonly share: Share;
  },
): AsyncGenerator<{ readonly rows: readonly Row[]; readonly state: unknown; readonly filler: boolean }, void, void> {
  const { rank, size } = plan.share;
  const batchSize = plan.batchSize * size;
  const own = (rows: readonly Row[]) => {
    const mine = rows.slice(rank * plan.batchSize, (rank + 1) * plan.batchSize);
    return { rows: mine.length > 0 ? mine : rows.slice(0, plan.batchSize), filler: mine.length === 0 };
  };
  dataset.setEpoch?.(plan.epoch);
  let left = plan.skip * batchSize;
  if (left > 0 && plan.state !== undefined && dataset.loadStateDict) {
    dataset.loadStateDict(plan.state);
    left = 0;
  } else if (left > 0) {
    info(`the stream cannot say where it stood: its first ${left} rows are read again, to go on behind them`);
  }
  let rows: Row[] = [];
  for await (const row of dataset as AsyncIterable<Row>) {
    if (left > 0) {
      left--;
      continue;
    }
    rows.push(row);
    if (rows.length < batchSize) continue;
    yield { ...own(rows), state: dataset.stateDict?.() };
    rows = [];
  }
  if (rows.length > 0 && !plan.dropLast) yield { ...own(rows), state: dataset.stateDict?.() };
}
