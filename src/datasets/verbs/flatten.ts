// flatten: the fields of structs as columns of their own.
import type { Column } from "../column.js";
import { FieldColumn } from "../column-views.js";
import { isStruct, type StructFeature } from "../features.js";
import type { Table } from "../table.js";
import { expectCount } from "./count.js";

/** How deep flatten goes. */
export interface FlattenOptions {
  /** Where to stop, counted as Python does: structs are left that stand within maxDepth - 1 others. Default 16. */
  maxDepth?: number;
}

/** The table with a column `answers.text` for the field `text` of each column `answers` of structs, and so on within it. */
export function flatten(table: Table, { maxDepth = 16 }: FlattenOptions = {}): Table {
  expectCount("flatten", "maxDepth, a number of levels,", maxDepth, 1);
  const columns = new Map<string, Column>();
  const add = (name: string, column: Column, depth: number): void => {
    if (depth >= maxDepth || !hasFields(column)) columns.set(name, column);
    else
      for (const field of Object.keys(column.feature))
        add(`${name}.${field}`, new FieldColumn(column, field), depth + 1);
  };
  for (const [name, column] of table.columns) add(name, column, 1);
  return { ...table, columns };
}

function hasFields(column: Column): column is Column & { readonly feature: StructFeature } {
  return isStruct(column.feature);
}
