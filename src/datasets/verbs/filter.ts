// filter: the rows for which a function says true, as a list of rows over the same columns.
import { setImmediate as nextTurn } from "node:timers/promises";
import { DataError } from "../../support/errors.js";
import { readRows, type Table, takeRows } from "../table.js";
import { callAt, checkInputs, type RowFunction } from "./call.js";

/** What filter hands to its function. */
export interface FilterOptions<Inputs extends object> {
  /** What the function uses beside its row: handed to it in its second argument. */
  with?: Inputs;
}

const ROWS_A_TURN = 1000; // rows asked before timers and signals get their turn

/** The rows for which `fn` returns true. Throws DataError, naming the row, where it throws or returns no boolean. */
export async function filter(table: Table, fn: RowFunction, options: FilterOptions<object> = {}): Promise<Table> {
  checkInputs("filter", options.with);
  const kept: number[] = [];
  for (let start = 0; start < table.length; start += ROWS_A_TURN) {
    for (const [i, row] of readRows(table, start, Math.min(start + ROWS_A_TURN, table.length)).entries()) {
      const index = start + i;
      const keep = await callAt("filter", `row ${index}`, () => fn(row, { ...options.with, index, rank: 0 }));
      if (typeof keep !== "boolean") {
        throw new DataError(`filter: the function returned ${String(keep)} for row ${index}: return true or false`);
      }
      if (keep) kept.push(index);
    }
    await nextTurn();
  }
  return takeRows(table, Uint32Array.from(kept));
}
