// skip: the rows behind the first ones.
import { type Table, takeRows } from "../table.js";
import { expectCount } from "./count.js";
import { rowRange } from "./take.js";

/** The table without its first `count` rows; without any where it has no more. Throws ConfigError on a wrong count. */
export function skip(table: Table, count: number): Table {
  expectCount("skip", "a number of rows", count, 0);
  return takeRows(table, rowRange(Math.min(count, table.length), table.length));
}
