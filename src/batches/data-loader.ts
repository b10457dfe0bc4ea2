// DataLoader: batches of a dataset, one after another, ready before the device asks for them and never far ahead of it.
import { ConfigError, DataError } from "../support/errors.js";
import { debug, info } from "../support/log.js";
import { expectCount } from "../support/options.js";
import { type Fence, fence, Tensor } from "../tensor/index.js";
import { type Batch, type CollateContext, collateFunction } from "./collator.js";
import { defaultCollate } from "./collators/recursive.js";
import type { IndexedRows } from "./indexed-rows.js";
import { batchesBy, checkOptions, type DataLoaderOptions } from "./loader-options.js";
import { countPositions, type PaddingCounts } from "./padding-share.js";
import type { BatchSampler } from "./sampler.js";
import { isStreamed, type Share, type StreamedRows, streamedBatches } from "./streamed-rows.js";

/** Where a loader stands; it can be written as JSON. */
export interface DataLoaderState {
  /** The epoch that goes on, from 0. */
  readonly epoch: number;
  /** How many of its batches were handed out. */
  readonly batch: number;
  /** Where a streamed dataset stands, if it says so. */
  readonly stream?: unknown;
}

/** How many batches the device may still work on when the next is handed out. */
const BATCHES_IN_FLIGHT = 2;

/** A batch that is ready, and where the loader stands once it is handed out. */
interface Ready<Output> {
  readonly batch: Output;
  readonly position: DataLoaderState;
  readonly filler: boolean;
}

/**
 * Walks a dataset in batches: `for await (const batch of loader)`. Each such loop is an epoch of its own; one that was left
 * early is over, unless `loadStateDict` brings it back.
 *
 * Before a batch is handed out the loader waits until the device has done what was enqueued up to the batch before last,
 * and gives timers, signals and servers their turn; a device error of an earlier step is thrown here.
 */
export class DataLoader<Row extends object, Output = Batch> implements AsyncIterable<Output> {
  readonly dataset: IndexedRows<Row> | StreamedRows<Row>;
  readonly batchSize: number;
  readonly dropLast: boolean;
  /** What the batches of an epoch are; undefined where the dataset is streamed. */
  readonly batchSampler: BatchSampler | undefined;
  readonly #collate: (rows: readonly Row[], context: CollateContext) => Output;
  readonly #prefetch: number;
  /** Where the loop that runs, or ran last, stands. */
  #position: DataLoaderState = { epoch: 0, batch: 0 };
  /** Where the next loop begins. */
  #next: DataLoaderState = { epoch: 0, batch: 0 };
  #share: Share = { rank: 0, size: 1 };
  #filler = false;
  /** Whether the share of padding is worth a line: once, for a loader that orders its rows for training. */
  #tellsPadding: boolean;

  /**
   * `groupByLength` and `maxTokensPerBatch` read the lengths of all rows.
   * @throws ConfigError where an option does not exist, is out of range, or contradicts another; DataError where lengths
   *   matter and a row has none, or is longer than a batch may be
   */
  constructor(dataset: IndexedRows<Row> | StreamedRows<Row>, options: DataLoaderOptions<Row, Output> = {}) {
    checkOptions(dataset, options);
    this.dataset = dataset;
    this.batchSize = options.batchSize ?? 1;
    this.dropLast = options.dropLast ?? false;
    this.batchSampler = isStreamed(dataset) ? undefined : batchesBy(dataset as IndexedRows<Row>, options);
    // Without a collator Output is Batch, which is what the default makes of rows of numbers.
    this.#collate = options.collator
      ? collateFunction(options.collator)
      : (rows, context) => defaultCollate(rows, context) as unknown as Output;
    this.#prefetch = options.prefetch ?? 1;
    this.#tellsPadding = options.shuffle === true || options.groupByLength === true || isStreamed(dataset);
  }

  /** Batches of an epoch; Infinity where the dataset is streamed, whose length nobody knows. */
  get length(): number {
    const batches = (this.batchSampler?.length ?? Infinity) / this.#share.size;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /**
   * Makes this loader one of `size` that share the batches, as processes do: of every `size` batches it gives that of
   * number `rank`. Where the last of an epoch are fewer, those without one get a filler, and `dropLast` leaves them all out.
   * Positions count batches of this loader.
   * @throws ConfigError where there is no such share
   */
  shard(rank: number, size: number): void {
    expectCount("size", size, 1);
    expectCount("rank", rank, 0);
    if (rank >= size) throw new ConfigError(`a loader cannot be number ${rank} of ${size}: they are counted from 0`);
    this.#share = { rank, size };
  }

  /** Whether the batch handed out last stands in for one that is not there: its rows are another share's, too. */
  get filler(): boolean {
    return this.#filler;
  }

  /** The epoch that the next loop walks, from 0. */
  get epoch(): number {
    return this.#next.epoch;
  }

  /** Makes the next loop walk epoch `epoch` from its beginning. */
  setEpoch(epoch: number): void {
    this.loadStateDict({ epoch, batch: 0 });
  }

  /** Where the loop that runs, or ran last, stands: batches that were made ahead do not count. */
  stateDict(): DataLoaderState {
    return this.#position;
  }

  /**
   * Makes the next loop go on at `state`: no row before it is read.
   * @throws ConfigError where there is no such place in this loader
   */
  loadStateDict(state: DataLoaderState): void {
    expectCount("epoch", state.epoch, 0);
    expectCount("batch", state.batch, 0);
    if (state.batch > this.length) {
      throw new ConfigError(`the loader has ${this.length} batches an epoch; it cannot go on after ${state.batch}`);
    }
    this.#next = state.batch === this.length && this.length > 0 ? { epoch: state.epoch + 1, batch: 0 } : { ...state };
    this.#position = this.#next;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Output, void, void> {
    const start = this.#next;
    this.#next = { epoch: start.epoch + 1, batch: 0 };
    this.#position = start;
    const source = this.batchSampler ? this.#indexed(this.batchSampler, start) : this.#streamed(start);
    const ready: Ready<Output>[] = []; // the next batch and those made ahead
    const fences: Fence[] = [];
    const seen = { positions: 0, padding: 0 };
    let exhausted = false;
    const make = async (): Promise<void> => {
      const next = await source.next();
      if (next.done) exhausted = true;
      else ready.push(next.value);
    };
    try {
      for (;;) {
        if (ready.length === 0) await make();
        if (ready.length === 0) break;
        await macrotask();
        const oldest = fences.length === BATCHES_IN_FLIGHT ? fences.shift() : undefined;
        if (oldest) await workWhile(oldest.wait(), () => !exhausted && ready.length <= this.#prefetch, make);
        fences.push(fence());
        const { batch, position, filler } = ready.shift() as Ready<Output>;
        this.#position = position;
        this.#filler = filler;
        add(seen, countPositions(batch));
        yield batch;
      }
      this.#position = this.#next;
      this.#sayPadding(start.epoch, seen);
    } finally {
      await source.return(undefined);
      for (const { batch } of ready) disposeTensors(batch);
    }
  }

  async *#indexed(sampler: BatchSampler, { epoch, batch: first }: DataLoaderState): AsyncGenerator<Ready<Output>> {
    const batches = sampler.batches(epoch);
    const { length } = this;
    const { rank, size } = this.#share;
    for (let batch = first; batch < length; batch++) {
      const own = batch * size + rank;
      const filler = own >= sampler.length;
      const number = filler ? batch * size : own;
      const rows = batches.at(number);
      if (rows === undefined)
        throw new DataError(`the batch sampler has ${sampler.length} batches an epoch, and no batch ${number}`);
      const position = batch + 1 < length ? { epoch, batch: batch + 1 } : { epoch: epoch + 1, batch: 0 };
      yield { batch: this.#collate(this.#rows(Array.from(rows)), this.#context(epoch, number)), position, filler };
    }
  }

  async *#streamed({ epoch, batch: first, stream }: DataLoaderState): AsyncGenerator<Ready<Output>> {
    const { batchSize, dropLast } = this;
    const plan = { epoch, batchSize, dropLast, state: stream, skip: first, share: this.#share };
    const { rank, size } = this.#share;
    let batch = first;
    for await (const { rows, state, filler } of streamedBatches(this.dataset as StreamedRows<Row>, plan)) {
      const made = this.#collate(rows, this.#context(epoch, batch++ * size + rank));
      yield { batch: made, position: { epoch, batch, ...(state === undefined ? {} : { stream: state }) }, filler };
    }
  }

  #context(epoch: number, batch: number): CollateContext {
    return { features: this.dataset.features, epoch, batch };
  }

  #rows(indices: readonly number[]): readonly Row[] {
    const dataset = this.dataset as IndexedRows<Row>;
    if (dataset.select) return dataset.select(indices).slice();
    return indices.map((index) => {
      const row = dataset.at(index);
      if (row === undefined) throw new DataError(`the dataset of ${dataset.length} rows has no row ${index}`);
      return row;
    });
  }

  #sayPadding(epoch: number, { positions, padding }: PaddingCounts): void {
    if (positions === 0) return;
    const say = this.#tellsPadding ? info : debug;
    this.#tellsPadding = false;
    const share = ((100 * padding) / positions).toFixed(1);
    say(`epoch ${epoch}: ${share} % of ${positions} positions in its batches were padding, which is not computed`);
  }
}

function add(sum: { positions: number; padding: number }, counts: PaddingCounts | undefined): void {
  sum.positions += counts?.positions ?? 0;
  sum.padding += counts?.padding ?? 0;
}

/** Lets timers, signals, servers and finished promises have their turn. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits for `promise`; while it is pending and there is work, does a piece of work at a time. */
async function workWhile(promise: Promise<void>, hasWork: () => boolean, work: () => Promise<void>): Promise<void> {
  let pending = true;
  const end = (): void => {
    pending = false;
  };
  promise.then(end, end); // a rejection is thrown by the last line, not lost while work is done
  while (pending && hasWork()) {
    await work();
    await macrotask();
  }
  await promise;
}

/** Frees the tensors of a batch that nobody will get. */
function disposeTensors(batch: unknown): void {
  if (batch instanceof Tensor) batch.dispose();
  else if (typeof batch === "object" && batch !== null) Object.values(batch).forEach(disposeTensors);
}
