// interleave: the rows of several datasets taken by turns, in a circle or by chance; for a seed, in Python's order.
import { randomInt } from "node:crypto";
import { ConfigError } from "../../support/errors.js";
import { cumulative, NumpyGenerator } from "../../support/numpy-generator.js";
import { type Table, takeRows } from "../table.js";
import { concatenate } from "./concatenate.js";

/** Whose turn it is, and when the last one was. */
export interface InterleaveOptions {
  /** The chance of each dataset to give the next row. Default: one after the other, in a circle. */
  probabilities?: readonly number[];
  /** Of the chances, as numpy's `default_rng(seed)` draws. Default: others each time. */
  seed?: number;
  /**
   * `first_exhausted` (default): until one dataset has given its last row. `all_exhausted`: until each has, those that are
   * through beginning again. `all_exhausted_without_replacement`: until each has, those that are through left out.
   */
  stoppingStrategy?: StoppingStrategy;
}

export type StoppingStrategy = "first_exhausted" | "all_exhausted" | "all_exhausted_without_replacement";

const STRATEGIES: readonly StoppingStrategy[] = [
  "first_exhausted",
  "all_exhausted",
  "all_exhausted_without_replacement",
];

/** The rows of Python's `interleave_datasets`. Throws as concatenate does, and ConfigError on wrong options. */
export function interleave(tables: readonly Table[], options: InterleaveOptions = {}): Table {
  checkInterleave(tables.length, options);
  const lengths = tables.map(({ length }) => length);
  const offsets = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0));
  const { stoppingStrategy = "first_exhausted", probabilities } = options;
  const turns =
    probabilities === undefined ? circle(tables.length) : chances(probabilities, options.seed ?? randomInt(2 ** 32));
  checkLengths(lengths, probabilities, stoppingStrategy);

  const withReplacement = stoppingStrategy !== "all_exhausted_without_replacement";
  const wholeRounds = probabilities === undefined && withReplacement;
  const taken = lengths.map(() => 0);
  const drawn = lengths.map((_, i) => probabilities === undefined || probabilities[i] > 0);
  const isThrough = (source: number) => taken[source] >= lengths[source];
  const sources = lengths.map((_, i) => i).filter((i) => drawn[i]);
  const isOver =
    stoppingStrategy === "first_exhausted" ? () => sources.some(isThrough) : () => sources.every(isThrough);
  const rows: number[] = [];
  while (!isOver() || (wholeRounds && rows.length % tables.length > 0)) {
    const source = turns.next().value;
    if (isThrough(source) && !withReplacement) continue;
    rows.push(offsets[source] + (taken[source] % lengths[source]));
    taken[source]++;
  }
  return takeRows(concatenate(tables), Uint32Array.from(rows));
}

/** Throws ConfigError where options of `interleave` are wrong for `count` sources. */
export function checkInterleave(count: number, { probabilities, stoppingStrategy }: InterleaveOptions): void {
  if (count === 0) throw new ConfigError("interleaveDatasets: there is no dataset in the list");
  if (stoppingStrategy !== undefined && !STRATEGIES.includes(stoppingStrategy)) {
    throw new ConfigError(
      `interleaveDatasets: stoppingStrategy is ${STRATEGIES.join(", ")}, not ${String(stoppingStrategy)}`,
    );
  }
  if (probabilities !== undefined && probabilities.length !== count) {
    throw new ConfigError(`interleaveDatasets: there are ${probabilities.length} probabilities for ${count} datasets`);
  }
}

/** What could not be brought to an end. */
function checkLengths(
  lengths: readonly number[],
  probabilities: readonly number[] | undefined,
  strategy: StoppingStrategy,
): void {
  if (strategy === "first_exhausted" && probabilities === undefined) return;
  for (const [i, length] of lengths.entries()) {
    const chance = probabilities?.[i] ?? 1;
    if (length === 0 && chance > 0 && strategy !== "all_exhausted_without_replacement") {
      throw new ConfigError(`interleaveDatasets: dataset ${i} has no rows to take: leave it out`);
    }
    if (length > 0 && chance === 0 && strategy !== "first_exhausted") {
      throw new ConfigError(
        `interleaveDatasets: dataset ${i} has probability 0, so it is never exhausted: leave it out`,
      );
    }
  }
}

function* circle(count: number): Generator<number, never> {
  for (;;) for (let i = 0; i < count; i++) yield i;
}

function* chances(probabilities: readonly number[], seed: number): Generator<number, never> {
  const generator = new NumpyGenerator(seed);
  const bounds = cumulative(probabilities);
  for (;;) yield generator.weighted(bounds);
}
