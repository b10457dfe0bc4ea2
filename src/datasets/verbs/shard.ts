// shard: one of several parts of a dataset, as for processes that share it.
import { ConfigError } from "../../support/errors.js";
import { type Table, takeRows } from "../table.js";
import { expectCount } from "./count.js";
import { rowRange } from "./take.js";

/** Which part of how many. */
export interface ShardOptions {
  numShards: number;
  /** The part, from 0 to numShards - 1. */
  index: number;
  /** Runs of rows (default), the first ones a row longer where they do not divide; or every numShards-th row. */
  contiguous?: boolean;
}

/** The rows that Python's `shard` gives. Throws ConfigError where there is no such part. */
export function shard(table: Table, { numShards, index, contiguous = true }: ShardOptions): Table {
  return takeRows(table, shardOf(table.length, numShards, index, contiguous));
}

/** The rows of part `index`, of `length`. Throws ConfigError where there is no such part. */
export function shardOf(length: number, numShards: number, index: number, contiguous = true): Uint32Array {
  expectCount("shard", "numShards, a number of parts,", numShards, 1);
  if (!(Number.isInteger(index) && index >= 0 && index < numShards)) {
    throw new ConfigError(
      `shard: index is ${index}: of ${numShards} parts, give a whole number from 0 to ${numShards - 1}`,
    );
  }
  if (!contiguous) return rowRange(index, length, numShards);
  const [each, longer] = [Math.floor(length / numShards), length % numShards];
  const start = each * index + Math.min(index, longer);
  return rowRange(start, start + each + (index < longer ? 1 : 0));
}
