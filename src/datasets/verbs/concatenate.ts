// concatenate: the rows of several datasets one after another, or their columns side by side.
import { ConfigError, DataError } from "../../support/errors.js";
import type { Column } from "../column.js";
import { ChainedColumn, NullColumn } from "../column-views.js";
import { ClassLabel, describeFeature, type Feature, sameFeature, Value } from "../features.js";
import { alignColumn, type Table, tableOf } from "../table.js";

/** Which way datasets are put together. */
export interface ConcatenateOptions {
  /** 0: rows below rows (default); 1: columns beside columns. */
  axis?: 0 | 1;
}

/**
 * The tables as one. With axis 0 a column that some table lacks is null in its rows, as in Python; with axis 1 the tables
 * have one length and no column in common.
 *
 * @throws ConfigError where there is no table or the axis is neither; DataError where columns of one name differ in type
 * or in the order of label names, or lengths or names do not go together.
 */
export function concatenate(tables: readonly Table[], { axis = 0 }: ConcatenateOptions = {}): Table {
  if (tables.length === 0) throw new ConfigError("concatenateDatasets: there is no dataset in the list");
  if (axis === 0) return below(tables);
  if (axis === 1) return beside(tables);
  throw new ConfigError(`concatenateDatasets: axis is ${JSON.stringify(axis)}: give 0 for rows or 1 for columns`);
}

function below(tables: readonly Table[]): Table {
  if (tables.length === 1) return tables[0];
  const filled = tables.filter(({ columns }) => columns.size > 0);
  const names = new Set(filled.flatMap(({ columns }) => [...columns.keys()]));
  const columns = new Map<string, Column>();
  for (const name of names) {
    const feature = commonFeature(name, filled);
    const parts = filled.map((table) => {
      const column = table.columns.get(name);
      return column === undefined ? new NullColumn(feature, table.length) : alignColumn(table, column);
    });
    columns.set(name, new ChainedColumn(feature, parts));
  }
  return tableOf(
    columns,
    filled.reduce((sum, { length }) => sum + length, 0),
  );
}

/** The one feature of a column in all tables that have it; null gives way to any other. */
function commonFeature(name: string, tables: readonly Table[]): Feature {
  let common: Feature | undefined;
  for (const [i, { columns }] of tables.entries()) {
    const feature = columns.get(name)?.feature;
    if (feature === undefined || isNull(feature)) continue;
    if (common !== undefined && !sameFeature(common, feature)) {
      const labels = common instanceof ClassLabel && feature instanceof ClassLabel;
      throw new DataError(
        `concatenateDatasets: column "${name}" is ${describeFeature(feature)} in dataset ${i}, ${describeFeature(common)} ` +
          `before it: ${labels ? "alignLabelsWithMapping gives them one order" : "castColumn makes them one type"}`,
      );
    }
    common ??= feature;
  }
  return common ?? new Value("null");
}

function isNull(feature: Feature): boolean {
  return feature instanceof Value && feature.dtype === "null";
}

function beside(tables: readonly Table[]): Table {
  const [first] = tables;
  const columns = new Map<string, Column>();
  for (const [i, table] of tables.entries()) {
    if (table.length !== first.length) {
      throw new DataError(
        `concatenateDatasets: dataset ${i} has ${table.length} rows, the first ${first.length}: side by side, lengths are equal`,
      );
    }
    for (const [name, column] of table.columns) {
      if (columns.has(name)) {
        throw new DataError(
          `concatenateDatasets: more than one dataset has a column "${name}": rename or remove it first`,
        );
      }
      columns.set(name, alignColumn(table, column));
    }
  }
  return tableOf(columns, first.length);
}
