// take: the first rows.
import { type Table, takeRows } from "../table.js";
import { expectCount } from "./count.js";

/** The first `count` rows of the table, all of them where it has no more. Throws ConfigError on a wrong count. */
export function take(table: Table, count: number): Table {
  expectCount("take", "a number of rows", count, 0);
  return takeRows(table, rowRange(0, Math.min(count, table.length)));
}

/** The numbers from `start` to `end` - 1, `step` apart. */
export function rowRange(start: number, end: number, step = 1): Uint32Array {
  return Uint32Array.from({ length: Math.max(0, Math.ceil((end - start) / step)) }, (_, i) => start + i * step);
}
