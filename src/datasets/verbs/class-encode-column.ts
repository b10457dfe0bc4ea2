// classEncodeColumn: a column of values as classes, whose names are the values in their order as strings.
import { DataError } from "../../support/errors.js";
import { ConvertedColumn } from "../column-views.js";
import { kindOf } from "../dtypes.js";
import { ClassLabel, describeFeature, Value } from "../features.js";
import { columnOf, type Table } from "../table.js";
import { compareText } from "./sort.js";
import { unique } from "./unique.js";

/** What becomes of missing values. */
export interface ClassEncodeOptions {
  /** Make null a class, "None". Default false: null stays null. */
  includeNulls?: boolean;
}

/**
 * The tables with a column's values as classes, the same in each of them. Their names are the values as Python spells them, sorted as strings: so 10
 * comes before 2, and true is "True".
 *
 * @throws DataError where there is no such column, or its values are no strings, whole numbers or booleans.
 */
export function classEncodeColumn(
  tables: readonly Table[],
  name: string,
  { includeNulls = false }: ClassEncodeOptions = {},
): Table[] {
  const values = new Set<string>();
  for (const table of tables) {
    const { feature } = columnOf(table, name);
    if (!(feature instanceof Value) || !["string", "integer", "bool", "null"].includes(kindOf(feature.dtype))) {
      throw new DataError(
        `classEncodeColumn: column "${name}" is ${describeFeature(feature)}: classes are made of strings, whole numbers or booleans`,
      );
    }
    for (const value of unique(table, name)) if (includeNulls || value !== null) values.add(spell(value));
  }
  const feature = new ClassLabel({ names: [...values].sort(compareText) });
  const classes = new Map(feature.names.map((each, i) => [each, i]));
  const encode = (value: unknown): number | null =>
    value === null && !includeNulls ? null : (classes.get(spell(value)) ?? null);
  return tables.map((table) => {
    const encoded = new ConvertedColumn(feature, columnOf(table, name), encode);
    return { ...table, columns: new Map(table.columns).set(name, encoded) };
  });
}

/** A value as Python's `str` spells it. */
function spell(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return String(value);
}
