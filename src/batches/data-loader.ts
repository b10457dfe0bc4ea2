// DataLoader: batches of a dataset, one after another, ready before the device asks for them and never far ahead of it.
import { ConfigError, DataError, nearest } from "../support/errors.js";
import { type Fence, fence, Tensor } from "../tensor/index.js";
import { type Batch, type Collator, collateFunction } from "./collator.js";
import { DefaultDataCollator } from "./default-collator.js";
import type { Sampler } from "./sampler.js";
import { RandomSampler } from "./samplers/random.js";
import { SequentialSampler } from "./samplers/sequential.js";

/** Rows by number: a Dataset, or an array of rows. */
export interface IndexedRows<Row> {
  readonly length: number;
  at(index: number): Row | undefined;
  /** The rows of these numbers: where it is there it reads the rows of a batch at once. */
  select?(indices: Iterable<number>): { slice(): readonly Row[] };
  /** The types of the columns, where they are known; they are handed to the collator. */
  readonly features?: { readonly [column: string]: unknown };
}

export interface DataLoaderOptions<Row, Output = Batch> {
  /** Rows of a batch. Default 1. */
  readonly batchSize?: number;
  /** Read rows in a random order, another each epoch. Default false: in their own order. */
  readonly shuffle?: boolean;
  /** Of the random order; epoch e uses seed + e, as Python's Trainer does. Default 42, the Trainer's default. */
  readonly seed?: number;
  /** An order of one's own, in place of `shuffle` and `seed`. */
  readonly sampler?: Sampler;
  /** Leave out the last batch where it has fewer rows than the others. Default false. */
  readonly dropLast?: boolean;
  /** What makes a batch of rows. Default: DefaultDataCollator. */
  readonly collator?: Collator<Row, Output>;
  /** Batches made ahead, while the device works, beside the one that is next. Default 1. */
  readonly prefetch?: number;
}

/** Where a loader stands. */
export interface DataLoaderState {
  /** The epoch that goes on, from 0. */
  readonly epoch: number;
  /** How many of its batches were handed out. */
  readonly batch: number;
}

const OPTION_NAMES = [
  "batchSize",
  "shuffle",
  "seed",
  "sampler",
  "dropLast",
  "collator",
  "prefetch",
] as const satisfies readonly (keyof DataLoaderOptions<unknown>)[];

/** How many batches the device may still work on when the next is handed out. */
const BATCHES_IN_FLIGHT = 2;

/**
 * Walks a dataset in batches: `for await (const batch of loader)`. Each such loop is an epoch of its own; one that was left
 * early is over, unless `loadStateDict` brings it back.
 *
 * Before a batch is handed out the loader waits until the device has done what was enqueued up to the batch before last,
 * and gives timers, signals and servers their turn; a device error of an earlier step is thrown here.
 */
export class DataLoader<Row extends object, Output = Batch> implements AsyncIterable<Output> {
  readonly dataset: IndexedRows<Row>;
  readonly batchSize: number;
  readonly dropLast: boolean;
  readonly sampler: Sampler;
  readonly #collate: (rows: readonly Row[]) => Output;
  readonly #prefetch: number;
  /** Where the loop that runs, or ran last, stands. */
  #position: DataLoaderState = { epoch: 0, batch: 0 };
  /** Where the next loop begins. */
  #next: DataLoaderState = { epoch: 0, batch: 0 };

  /** Throws ConfigError where an option does not exist, is out of range, or contradicts another. */
  constructor(dataset: IndexedRows<Row>, options: DataLoaderOptions<Row, Output> = {}) {
    checkDataset(dataset);
    checkOptions(options);
    const { batchSize = 1, shuffle = false, seed = 42, dropLast = false, prefetch = 1 } = options;
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.dropLast = dropLast;
    this.sampler =
      options.sampler ?? (shuffle ? new RandomSampler(dataset.length, seed) : new SequentialSampler(dataset.length));
    // Without a collator Output is Batch, which is what the default makes.
    const collate = collateFunction(
      options.collator ?? (new DefaultDataCollator() as unknown as Collator<Row, Output>),
    );
    this.#collate = (rows) => collate(rows, { features: dataset.features });
    this.#prefetch = prefetch;
  }

  /** Batches of an epoch. */
  get length(): number {
    const batches = this.sampler.length / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
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
    const { epoch, batch: first } = this.#next;
    this.#next = { epoch: epoch + 1, batch: 0 };
    this.#position = { epoch, batch: first };
    const order = this.sampler.order(epoch);
    const { length } = this;
    const ready: Output[] = []; // the next batch and those made ahead
    const fences: Fence[] = [];
    let made = first;
    const make = (): void => {
      ready.push(this.#make(order, made++));
    };
    try {
      for (let batch = first; batch < length; batch++) {
        if (ready.length === 0) make();
        await macrotask();
        const oldest = fences.length === BATCHES_IN_FLIGHT ? fences.shift() : undefined;
        if (oldest) await workWhile(oldest.wait(), () => made < length && ready.length <= this.#prefetch, make);
        fences.push(fence());
        this.#position = batch + 1 < length ? { epoch, batch: batch + 1 } : { epoch: epoch + 1, batch: 0 };
        yield ready.shift() as Output;
      }
    } finally {
      for (const batch of ready) disposeTensors(batch);
    }
  }

  #make(order: ArrayLike<number>, batch: number): Output {
    const start = batch * this.batchSize;
    const indices = Array.from({ length: Math.min(this.batchSize, order.length - start) }, (_, i) => order[start + i]);
    return this.#collate(this.#rows(indices));
  }

  #rows(indices: readonly number[]): readonly Row[] {
    if (this.dataset.select) return this.dataset.select(indices).slice();
    return indices.map((index) => {
      const row = this.dataset.at(index);
      if (row === undefined) throw new DataError(`the dataset of ${this.dataset.length} rows has no row ${index}`);
      return row;
    });
  }
}

/** Lets timers, signals, servers and finished promises have their turn. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits for `promise`; while it is pending and there is work, does a piece of work at a time. */
async function workWhile(promise: Promise<void>, hasWork: () => boolean, work: () => void): Promise<void> {
  let pending = true;
  const end = (): void => {
    pending = false;
  };
  promise.then(end, end); // a rejection is thrown by the last line, not lost while work is done
  while (pending && hasWork()) {
    work();
    await macrotask();
  }
  await promise;
}

/** Frees the tensors of a batch that nobody will get. */
function disposeTensors(batch: unknown): void {
  if (batch instanceof Tensor) batch.dispose();
  else if (typeof batch === "object" && batch !== null) Object.values(batch).forEach(disposeTensors);
}

function checkOptions(options: DataLoaderOptions<never, unknown>): void {
  for (const name of Object.keys(options)) {
    if ((OPTION_NAMES as readonly string[]).includes(name)) continue;
    const near = nearest(name.replaceAll("_", ""), OPTION_NAMES);
    throw new ConfigError(`DataLoader has no option "${name}"${near ? `; did you mean ${near}?` : ""}`);
  }
  expectCount("batchSize", options.batchSize ?? 1, 1);
  expectCount("prefetch", options.prefetch ?? 1, 0);
  if (options.sampler && (options.shuffle || options.seed !== undefined)) {
    throw new ConfigError("a DataLoader with a sampler has its order from it: leave out shuffle and seed");
  }
}

function checkDataset(dataset: unknown): void {
  const rows = dataset as Partial<IndexedRows<unknown>> | null | undefined;
  if (typeof rows?.length === "number" && typeof rows.at === "function") return;
  throw new ConfigError(
    "a DataLoader walks rows by number: give one split, such as dataset.train, or an array of rows, not the whole dataset",
  );
}

function expectCount(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new ConfigError(`${name} is ${value}; a whole number of at least ${least} is needed`);
}
