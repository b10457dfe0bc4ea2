// repeat: all rows, several times over.
import { type Table, takeRows } from "../table.js";
import { expectCount } from "./count.js";

/** The table's rows `times` times, one round after another. Throws ConfigError on a wrong number. */
export function repeat(table: Table, times: number): Table {
  expectCount("repeat", "a number of times", times, 0);
  return takeRows(
    table,
    Uint32Array.from({ length: table.length * times }, (_, i) => i % table.length),
  );
}
