// filter: the rows for which a function says true, as a list of rows over the same columns.
import { setImmediate as nextTurn } from "node:timers/promises";
import { DataError } from "../../support/errors.js";
import { withoutBuffers } from "../arrow/array.js";
import { fieldOf } from "../arrow/features.js";
import { Value } from "../features.js";
import { columnOf, readRows, type Table, takeRows } from "../table.js";
import { TableBuilder } from "../table-builder.js";
import { callNow, checkInputs, type RowFunction, rowContexts } from "./call.js";
import { columnsRead } from "./columns-read.js";
import { lookUp } from "./mapping/cached.js";

/** What filter hands to its function. */
export interface FilterOptions<Inputs extends object, Input extends string = string> {
  /** What the function uses beside its row: handed to it in its second argument. */
  with?: Inputs;
  /** The columns that the function is given. Default: all; of them those are read that it asks for. */
  inputColumns?: Input | readonly Input[];
  /** Reuse a cached result, and cache this one, where all that it depends on is known. Default true. */
  cache?: boolean;
}

const ROWS_A_TURN = 1000; // rows asked before timers and signals get their turn

/** The rows for which `fn` returns true. Throws DataError, naming the row, where it throws or returns no boolean. */
export async function filter(table: Table, fn: RowFunction, options: FilterOptions<object> = {}): Promise<Table> {
  checkInputs("filter", options.with);
  const all = [...table.columns.keys()];
  const names = options.inputColumns === undefined ? (columnsRead(fn, all) ?? all) : [options.inputColumns].flat();
  for (const name of names) columnOf(table, name);
  const inputs = options.with ?? {};
  const call = { verb: "filter", table, columns: names, fn, inputs, options: [] };
  const place = options.cache === false ? undefined : await lookUp(call);
  if (place?.found !== undefined) return takeRows(table, rowNumbers(place.found));
  const kept = await keptRows(table, fn, names, inputs);
  const draft = place?.draft();
  if (draft !== undefined && place !== undefined) {
    const [wished, batchRows] = [{ [ROW]: ROW_NUMBER }, Math.max(1, kept.length)];
    const builder = new TableBuilder({ folder: draft.folder, names: [ROW], wished, batchRows });
    const values = new Uint8Array(kept.buffer, kept.byteOffset, kept.byteLength);
    const numbers = { ...withoutBuffers(fieldOf(ROW, ROW_NUMBER), kept.length, 0), values };
    try {
      builder.appendArrays([[numbers]], kept.length);
      draft.publish(builder.finishFiles(), place.dependencies);
    } catch (error) {
      builder.abandon();
      draft.discard();
      throw error;
    }
  }
  return takeRows(table, kept);
}

const ROW = "row";
const ROW_NUMBER = new Value("uint32");

function rowNumbers(cached: Table): Uint32Array {
  return Uint32Array.from((cached.columns.get(ROW)?.range(0, cached.length) ?? []) as number[]);
}

async function keptRows(table: Table, fn: RowFunction, names: readonly string[], inputs: object): Promise<Uint32Array> {
  const given: Table = { ...table, columns: new Map(names.map((name) => [name, columnOf(table, name)])) };
  const contextOf = rowContexts(inputs, 0);
  const kept = new Uint32Array(table.length);
  let count = 0;
  for (let start = 0; start < table.length; start += ROWS_A_TURN) {
    const end = Math.min(start + ROWS_A_TURN, table.length);
    const rows = readRows(given, start, end);
    for (let index = start; index < end; index++) {
      const returned = callNow("filter", index, fn, rows[index - start], contextOf(index));
      const keep = typeof returned === "boolean" ? returned : await returned; // no turn of the event loop for each row
      if (typeof keep !== "boolean") {
        throw new DataError(`filter: the function returned ${String(keep)} for row ${index}: return true or false`);
      }
      if (keep) kept[count++] = index;
    }
    await nextTurn();
  }
  return kept.slice(0, count);
}
