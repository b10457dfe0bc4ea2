// map: a function over every row or batch of rows; the columns it returns are added, or replace those of the same name.
import { setImmediate as nextTurn } from "node:timers/promises";
import { ConfigError, DataError } from "../../support/errors.js";
import type { Column } from "../column.js";
import { ColumnBuilder } from "../column-builder.js";
import { alignColumn, columnOf, readColumns, readRows, type Table } from "../table.js";
import { type BatchFunction, callAt, checkInputs, nameRows, type RowFunction } from "./call.js";

/** How map calls the function and which columns it drops. */
export interface MapOptions<Inputs extends object, Removed extends string> {
  /** Call the function with batches of rows, as columns, instead of single rows. Default false. */
  batched?: boolean;
  /** Rows a call with `batched`; null for all rows at once. Default 1000. */
  batchSize?: number | null;
  /** Columns of the dataset that the result leaves out, unless the function returns columns of these names. */
  removeColumns?: Removed | readonly Removed[];
  /** What the function uses beside its rows, a tokenizer say: handed to it in its second argument. */
  with?: Inputs;
}

/** Columns that the function returned for some rows. */
type Returned = ReadonlyMap<string, ArrayLike<unknown>>;

const ROWS_A_TURN = 1000; // rows mapped one by one before timers and signals get their turn

/**
 * The table with what `fn` returned for its rows. A batched function may return another number of rows than it was
 * given, provided that no column of the table is kept beside its own.
 *
 * @throws DataError, naming rows and columns, where the function throws, returns something else than columns of values,
 * returns columns of unequal length or of changing type; ConfigError on wrong options.
 */
export async function map(
  table: Table,
  fn: RowFunction | BatchFunction,
  options: MapOptions<object, string> = {},
): Promise<Table> {
  const { batched = false, batchSize = 1000, with: inputs } = options;
  const removed = new Set([options.removeColumns ?? []].flat());
  for (const name of removed) columnOf(table, name);
  checkInputs("map", inputs);
  if (batchSize !== null && !(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new ConfigError(
      `map: batchSize is ${batchSize}: give a whole number of rows above 0, or null for all rows at once`,
    );
  }
  const size = batched ? (batchSize ?? Math.max(1, table.length)) : ROWS_A_TURN;

  let builders: Map<string, ColumnBuilder> | undefined;
  for (let start = 0; start < table.length; start += size) {
    const end = Math.min(start + size, table.length);
    const returned = batched
      ? await mapBatch(table, fn as BatchFunction, inputs, start, end)
      : await mapRows(table, fn as RowFunction, inputs, start, end);
    const kept = [...table.columns.keys()].filter((name) => !removed.has(name) && !returned.has(name));
    checkLengths(returned, kept, start, end);
    builders ??= new Map([...returned.keys()].map((name) => [name, new ColumnBuilder(name)]));
    checkNames(builders, returned, nameRows(start, end));
    for (const [name, values] of returned) {
      builders
        .get(name)
        ?.append(values, (i) => (values.length === end - start ? `row ${start + i}` : nameRows(start, end)));
    }
    await nextTurn();
  }
  return assemble(table, builders ?? new Map(), removed);
}

async function mapBatch(
  table: Table,
  fn: BatchFunction,
  inputs: object | undefined,
  start: number,
  end: number,
): Promise<Returned> {
  const indices = Array.from({ length: end - start }, (_, i) => start + i);
  const batch = readColumns(table, start, end);
  const where = nameRows(start, end);
  const returned = await callAt("map", where, () => fn(batch, { ...inputs, indices, rank: 0 }));
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

async function mapRows(
  table: Table,
  fn: RowFunction,
  inputs: object | undefined,
  start: number,
  end: number,
): Promise<Returned> {
  const columns = new Map<string, unknown[]>();
  for (const [i, row] of readRows(table, start, end).entries()) {
    const index = start + i;
    const where = `row ${index}`;
    const returned = await callAt("map", where, () => fn(row, { ...inputs, index, rank: 0 }));
    const fields = new Map(fieldsOf(returned, where));
    if (i === 0) for (const name of fields.keys()) columns.set(name, []);
    checkNames(columns, fields, where);
    for (const [name, value] of fields) columns.get(name)?.push(value);
  }
  return columns;
}

/** The named values of what a function returned. */
function fieldsOf(returned: unknown, where: string): [string, unknown][] {
  if (typeof returned === "object" && returned !== null && !Array.isArray(returned) && !ArrayBuffer.isView(returned)) {
    return Object.entries(returned);
  }
  throw new DataError(
    `map: the function returned ${nameType(returned)} for ${where}: return an object of columns ` +
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

function checkLengths(returned: Returned, kept: readonly string[], start: number, end: number): void {
  const where = nameRows(start, end);
  const lengths = [...returned].map(([name, values]) => [name, values.length] as const);
  const [first, ...others] = lengths;
  if (first === undefined) return;
  const other = others.find(([, length]) => length !== first[1]);
  if (other !== undefined) {
    throw new DataError(
      `map: the function returned columns of unequal length for ${where}: ` +
        `"${first[0]}" has ${first[1]} values, "${other[0]}" ${other[1]}`,
    );
  }
  if (first[1] !== end - start && kept.length > 0) {
    throw new DataError(
      `map: the function returned ${first[1]} rows for ${where}, beside which ${kept.map((name) => `"${name}"`).join(", ")} ` +
        `cannot be kept: return ${end - start}, or name these columns in removeColumns`,
    );
  }
}

/** Throws DataError where what was returned has not the columns that earlier rows had. */
function checkNames(before: ReadonlyMap<string, unknown>, returned: ReadonlyMap<string, unknown>, where: string): void {
  const lacks = [...before.keys()].find((name) => !returned.has(name));
  if (lacks !== undefined) {
    throw new DataError(`map: the function returned no "${lacks}" for ${where}, but did for the rows before`);
  }
  const extra = [...returned.keys()].find((name) => !before.has(name));
  if (extra !== undefined) {
    throw new DataError(`map: the function returned "${extra}" for ${where}, but not for the rows before`);
  }
}

/** Kept columns in their place, replaced ones in theirs, new ones behind. A replaced column keeps its feature where it can. */
function assemble(table: Table, builders: Map<string, ColumnBuilder>, removed: ReadonlySet<string>): Table {
  const columns = new Map<string, Column>();
  for (const [name, column] of table.columns) {
    if (removed.has(name)) continue;
    columns.set(name, builders.get(name)?.build(column.feature) ?? alignColumn(table, column));
  }
  for (const [name, builder] of builders) {
    if (!columns.has(name)) columns.set(name, builder.build(table.columns.get(name)?.feature));
  }
  const [first] = columns.values();
  return { columns, rows: undefined, length: first?.length ?? table.length };
}
