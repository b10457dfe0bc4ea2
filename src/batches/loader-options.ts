// What a DataLoader may be asked for, what its options come to, and what is refused before any row is read.
import { ConfigError } from "../support/errors.js";
import { expectCount, expectKnown, expectWhole } from "../support/options.js";
import type { Batch, Collator } from "./collator.js";
import type { IndexedRows } from "./indexed-rows.js";
import { rowLengths } from "./lengths.js";
import type { BatchSampler, Sampler } from "./sampler.js";
import { ChunkSampler } from "./samplers/chunks.js";
import { LengthGroupedSampler } from "./samplers/length-grouped.js";
import { RandomSampler } from "./samplers/random.js";
import { SequentialSampler } from "./samplers/sequential.js";
import { TokenBudgetSampler } from "./samplers/token-budget.js";
import { isStreamed } from "./streamed-rows.js";

export interface DataLoaderOptions<Row, Output = Batch> {
  /** Rows of a batch; with `maxTokensPerBatch`, at most. Default 1; with `maxTokensPerBatch`, as many as fit. */
  readonly batchSize?: number;
  /** Read rows in a random order, another each epoch. Default false: in their own order. */
  readonly shuffle?: boolean;
  /** Of the random order; epoch e uses seed + e, as Python's Trainer does. Default 42, the Trainer's default. */
  readonly seed?: number;
  /** An order of one's own, in place of `shuffle` and `seed`. */
  readonly sampler?: Sampler;
  /** Batches of one's own, in place of all options above and below that say what a batch is. */
  readonly batchSampler?: BatchSampler;
  /** Leave out the last batch where it has fewer rows than the others. Default false. */
  readonly dropLast?: boolean;
  /** A random order in which rows of about equal length stand together, as Python's Trainer groups them. Default false. */
  readonly groupByLength?: boolean;
  /**
   * Tokens of a batch at most, in place of a number of rows; padding does not count. With `shuffle`, batches are of rows of
   * about equal length and come in a random order.
   */
  readonly maxTokensPerBatch?: number;
  /** The column that knows how many tokens a row has. Default "length"; where there is none, input_ids are counted. */
  readonly lengthColumn?: string;
  /** What makes a batch of rows. Default: `defaultCollate`, as in Python. */
  readonly collator?: Collator<Row, Output>;
  /** Batches made ahead, while the device works, beside the one that is next. Default 1. */
  readonly prefetch?: number;
}

const OPTION_NAMES = [
  "batchSize",
  "shuffle",
  "seed",
  "sampler",
  "batchSampler",
  "dropLast",
  "groupByLength",
  "maxTokensPerBatch",
  "lengthColumn",
  "collator",
  "prefetch",
] as const satisfies readonly (keyof DataLoaderOptions<unknown>)[];

/** Throws ConfigError where an option does not exist, is out of range, or contradicts another or the dataset. */
export function checkOptions(dataset: unknown, options: DataLoaderOptions<never, unknown>): void {
  checkDataset(dataset);
  expectKnown("DataLoader", options, OPTION_NAMES);
  expectCount("batchSize", options.batchSize, 1);
  expectCount("prefetch", options.prefetch, 0);
  expectCount("maxTokensPerBatch", options.maxTokensPerBatch, 1);
  expectWhole("seed", options.seed);
  const given = (names: readonly (keyof DataLoaderOptions<never>)[]): string =>
    names.filter((name) => options[name] !== undefined && options[name] !== false).join(", ");
  refuse("a sampler has the order of rows", options.sampler, given(["shuffle", "seed", "groupByLength"]));
  refuse(
    "batches of tokens have an order of their own",
    options.maxTokensPerBatch,
    given(["sampler", "groupByLength"]),
  );
  refuse("batches of tokens are of unequal length anyway", options.maxTokensPerBatch, given(["dropLast"]));
  refuse(
    "a batchSampler says what a batch is",
    options.batchSampler,
    given(["batchSize", "shuffle", "seed", "sampler", "dropLast", "groupByLength", "maxTokensPerBatch"]),
  );
  if (!isStreamed(dataset as object)) return;
  refuse(
    "a streamed dataset has its own order (shuffle it with its own shuffle)",
    dataset,
    given(["shuffle", "seed", "sampler", "batchSampler", "groupByLength", "maxTokensPerBatch"]),
  );
}

/** What the batches of a dataset are by these options; their lengths are read where they matter. */
export function batchesBy(dataset: IndexedRows<object>, options: DataLoaderOptions<never, unknown>): BatchSampler {
  const { batchSize = 1, shuffle = false, seed = 42, dropLast = false, maxTokensPerBatch: maxTokens } = options;
  if (options.batchSampler) return options.batchSampler;
  const lengths = () => rowLengths(dataset, options.lengthColumn);
  if (maxTokens !== undefined) {
    return new TokenBudgetSampler(lengths(), {
      maxTokens,
      maxRows: options.batchSize,
      seed: shuffle ? seed : undefined,
    });
  }
  const sampler = (): Sampler => {
    if (options.groupByLength) return new LengthGroupedSampler(lengths(), batchSize, seed);
    return shuffle ? new RandomSampler(dataset.length, seed) : new SequentialSampler(dataset.length);
  };
  return new ChunkSampler(options.sampler ?? sampler(), batchSize, dropLast);
}

function refuse(why: string, option: unknown, others: string): void {
  if (option !== undefined && others !== "") throw new ConfigError(`DataLoader: ${why}: leave out ${others}`);
}

function checkDataset(dataset: unknown): void {
  const rows = dataset as Partial<IndexedRows<unknown>> | null | undefined;
  if (typeof rows?.length === "number" && typeof rows.at === "function") return;
  if (typeof dataset === "object" && dataset !== null && isStreamed(dataset)) return;
  throw new ConfigError(
    "a DataLoader walks rows by number or one after another: give one split, such as dataset.train, an array of rows, or a " +
      "streamed dataset, not the whole dataset",
  );
}
