// Runs a mapped function over a range of a table's rows and gathers what it returns: what one thread of map does.
import { setImmediate as nextTurn } from "node:timers/promises";
import { readColumn, rowsOf, type Table } from "../../table.js";
import type { TableBuilder } from "../../table-builder.js";
import { type BatchFunction, nameRows, type RowFunction } from "../call.js";
import { callBatch, callRows, checkLengths, checkNames } from "./calls.js";

/** How the function is called, in words that can be sent to a thread. */
export interface MapPlan {
  readonly batched: boolean;
  /** Rows of a call, or of a turn of the event loop for functions of single rows. */
  readonly size: number;
  readonly dropLastBatch: boolean;
  /** The columns that the function is given; undefined for all. */
  readonly inputColumns: readonly string[] | undefined;
  readonly removed: readonly string[];
}

/** Rows mapped one by one before timers and signals get their turn. */
export const ROWS_A_TURN = 1000;

/**
 * Appends what `fn` returns for rows `start` to `end` - 1 to `builder`; `done` is told of rows that are.
 *
 * @throws DataError, naming rows and columns, where the function throws or returns what cannot be a column
 */
export async function runMap(
  table: Table,
  fn: RowFunction | BatchFunction,
  context: object,
  plan: MapPlan,
  range: { readonly start: number; readonly end: number; readonly rank: number },
  builder: TableBuilder,
  done: (rows: number) => void = () => undefined,
): Promise<void> {
  const { batched, size, inputColumns, removed } = plan;
  const names = inputColumns ?? [...table.columns.keys()];
  const others = [...table.columns.keys()].filter((name) => !removed.includes(name));
  let before: ReadonlySet<string> | undefined;
  for (let from = range.start; from < range.end; from += size) {
    const to = Math.min(from + size, range.end);
    if (batched && plan.dropLastBatch && to - from < size) break;
    const input = batchOf(table, names, from, to);
    const returned = batched
      ? await callBatch(fn as BatchFunction, input, context, range.rank, from, to)
      : await callRows(fn as RowFunction, rowsOf(input, to - from), context, range.rank, from);
    const kept = others.filter((name) => !returned.has(name));
    checkLengths(returned, kept, from, to);
    if (before === undefined) before = new Set(returned.keys());
    else checkNames(before, returned, nameRows(from, to));
    const [length = 0] = Array.from(returned.values(), (values) => values.length);
    builder.append(returned, length, (i) => (length === to - from ? `row ${from + i}` : nameRows(from, to)));
    done(to - from);
    await nextTurn();
  }
}

/** Rows `start` to `end` - 1 as columns, each read when the function asks for it. */
function batchOf(table: Table, names: readonly string[], start: number, end: number): Record<string, unknown[]> {
  const batch: Record<string, unknown[]> = {};
  for (const name of names) {
    const column = table.columns.get(name);
    if (column === undefined) continue;
    const settle = (values: unknown[]): unknown[] => {
      Object.defineProperty(batch, name, { value: values, writable: true, enumerable: true, configurable: true });
      return values;
    };
    Object.defineProperty(batch, name, {
      get: () => settle(readColumn(table, column, start, end)),
      set: settle,
      enumerable: true,
      configurable: true,
    });
  }
  return batch;
}
