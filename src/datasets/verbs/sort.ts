// sort: rows in the order of columns' values, equal ones in the order they had.
import { ConfigError, DataError } from "../../support/errors.js";
import { ClassLabel, describeFeature, Value } from "../features.js";
import { columnOf, readColumn, type Table, takeRows } from "../table.js";

/** In which direction rows are sorted. */
export interface SortOptions {
  /** From the largest value down: for all columns, or for each of them. Default false. */
  reverse?: boolean | readonly boolean[];
  /** Where rows without a value stand, whatever the direction. Default "at_end". */
  nullPlacement?: "at_start" | "at_end";
}

/**
 * The rows as Python's `sort` orders them: by the first column named, where its values are equal by the second, and so on.
 * Strings are compared by code points, NaN stands beside the nulls.
 *
 * @throws DataError where there is no such column or it holds lists or structs; ConfigError on wrong options.
 */
export function sort(table: Table, names: string | readonly string[], options: SortOptions = {}): Table {
  const columns = [names].flat();
  const { nullPlacement = "at_end" } = options;
  const reverse = typeof options.reverse === "object" ? options.reverse : columns.map(() => options.reverse === true);
  if (columns.length === 0) throw new ConfigError("sort: name the column or the columns to sort by");
  if (reverse.length !== columns.length) {
    throw new ConfigError(`sort: reverse has ${reverse.length} directions for ${columns.length} columns`);
  }
  if (nullPlacement !== "at_end" && nullPlacement !== "at_start") {
    throw new ConfigError(`sort: nullPlacement is "at_start" or "at_end", not ${JSON.stringify(nullPlacement)}`);
  }
  const keys = columns.map((name, i) => ({
    values: sortableValues(table, name),
    direction: reverse[i] ? -1 : 1,
  }));
  const missing = nullPlacement === "at_end" ? 1 : -1;
  const order = Uint32Array.from({ length: table.length }, (_, i) => i).sort((a, b) => {
    for (const { values, direction } of keys) {
      const [rankA, rankB] = [missingRank(values[a]), missingRank(values[b])];
      const difference =
        rankA !== 0 || rankB !== 0 ? (rankA - rankB) * missing : compareValues(values[a], values[b]) * direction;
      if (difference !== 0) return difference;
    }
    return a - b;
  });
  return takeRows(table, order);
}

function sortableValues(table: Table, name: string): unknown[] {
  const column = columnOf(table, name);
  if (column.feature instanceof Value || column.feature instanceof ClassLabel) {
    return readColumn(table, column, 0, table.length);
  }
  throw new DataError(`sort: column "${name}" is ${describeFeature(column.feature)}: only single values have an order`);
}

/** 0 for a value, 1 for NaN, 2 for null. */
function missingRank(value: unknown): number {
  if (value === null) return 2;
  return typeof value === "number" && Number.isNaN(value) ? 1 : 0;
}

function compareValues(a: unknown, b: unknown): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  const [x, y] = [Number(a), Number(b)]; // numbers, booleans, dates
  return x < y ? -1 : x > y ? 1 : 0;
}

const SURROGATES = /[\ud800-\udfff]/;

/** The order of two strings by code points, which is that of their UTF-8; JavaScript's own is that of UTF-16. */
export function compareText(a: string, b: string): number {
  if (SURROGATES.test(a) || SURROGATES.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}
