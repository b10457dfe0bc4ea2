// How map calls its function, on one batch or on row after row, and what it accepts in return.
import { DataError } from "../../../support/errors.js";
import { isObject } from "../../../support/json-object.js";
import { type BatchFunction, batchHint, callAt, callNow, nameRows, type RowFunction, rowContexts } from "../call.js";

/** Columns that the function returned for some rows. */
export type Returned = ReadonlyMap<string, ArrayLike<unknown>>;

/** Calls a batched function with rows `start` to `end` - 1. */
export async function callBatch(
  fn: BatchFunction,
  batch: Record<string, unknown[]>,
  context: object,
  rank: number,
  start: number,
  end: number,
): Promise<Returned> {
  const indices = Array.from({ length: end - start }, (_, i) => start + i);
  const where = nameRows(start, end);
  const returned = await callAt("map", where, () => fn(batch, { ...context, indices, rank }), batchHint(end - start));
  const columns = new Map<string, ArrayLike<unknown>>();
  for (const [name, values] of fieldsOf(returned, where)) {
    if (!isColumn(values)) {
      throw new DataError(
        `map: the function returned ${nameType(values)} as column "${name}" for ${where}: ` +
          "a batched function returns an array or typed array for each column, with a value a row",
      );
    }
    columns.set(name, values);
  }
  return columns;
}

/** Calls a function with each of the rows, of which the first is row `start`. */
export async function callRows(
  fn: RowFunction,
  rows: readonly Record<string, unknown>[],
  context: object,
  rank: number,
  start: number,
): Promise<Returned> {
  const contextOf = rowContexts(context, rank);
  const columns = new Map<string, unknown[]>();
  let names: string[] = [];
  for (const [i, row] of rows.entries()) {
    const index = start + i;
    const called = callNow("map", index, fn, row, contextOf(index));
    const returned = called instanceof Promise ? await called : called; // no turn of the event loop for each row
    const fields = fieldsOf(returned, index);
    if (i === 0) {
      names = fields.map(([name]) => name);
      for (const name of names) columns.set(name, []);
    }
    if (fields.length !== names.length || fields.some(([name], at) => names[at] !== name)) {
      checkNames(columns, new Map(fields), `row ${index}`);
    }
    for (const [name, value] of fields) columns.get(name)?.push(value);
  }
  return columns;
}

/** The named values of what a function returned. */
function fieldsOf(returned: unknown, where: string | number): [string, unknown][] {
  if (isObject(returned) && !ArrayBuffer.isView(returned)) {
    return Object.entries(returned);
  }
  throw new DataError(
    `map: the function returned ${nameType(returned)} for ${typeof where === "number" ? `row ${where}` : where}: return an object of columns ` +
      "(an arrow function that returns one needs parentheses: row => ({ ... }))",
  );
}

function isColumn(values: unknown): values is ArrayLike<unknown> {
  return Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView));
}

function nameType(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? `a ${value.constructor?.name ?? "object"}` : `a ${typeof value}`;
}

/** Throws DataError where columns differ in length, or in number of rows from columns that are kept beside them. */
export function checkLengths(returned: Returned, kept: readonly string[], start: number, end: number): void {
  const where = nameRows(start, end);
  const lengths = [...returned].map(([name, values]) => [name, values.length] as const);
  const [first, ...others] = lengths;
  if (first === undefined) return;
  const other = others.find(([, length]) => length !== first[1]);
  if (other !== undefined) {
    throw new DataError(
      `map: the function returned columns of unequal length for ${where}: ` +
        `"${first[0]}" has ${first[1]} values, "${other[0]}" ${other[1]}. Return one value a row in every column`,
    );
  }
  if (first[1] !== end - start && kept.length > 0) {
    throw new DataError(
      `map: the function returned ${first[1]} rows for ${where}, beside which ${kept.map((name) => `"${name}"`).join(", ")} ` +
        `cannot be kept: return ${end - start}, or name these columns in removeColumns`,
    );
  }
}

/** What to do about columns that some rows have and others lack, for messages. */
export const SAME_COLUMNS = "return the same columns for every row, with null where there is no value";

/** Throws DataError where what was returned has not the columns that earlier rows had. */
export function checkNames(
  before: ReadonlyMap<string, unknown> | ReadonlySet<string>,
  returned: ReadonlyMap<string, unknown>,
  where: string,
): void {
  const lacks = [...before.keys()].find((name) => !returned.has(name));
  if (lacks !== undefined) {
    throw new DataError(
      `map: the function returned no "${lacks}" for ${where}, but did for the rows before: ${SAME_COLUMNS}`,
    );
  }
  const extra = [...returned.keys()].find((name) => !before.has(name));
  if (extra !== undefined) {
    throw new DataError(
      `map: the function returned "${extra}" for ${where}, but not for the rows before: ${SAME_COLUMNS}`,
    );
  }
}
