// addColumn: one column more, from values given.
import { ConfigError, DataError } from "../../support/errors.js";
import { ColumnBuilder } from "../column-builder.js";
import type { Feature } from "../features.js";
import { alignColumn, type Table, tableOf } from "../table.js";

/** How the values of a new column are taken. */
export interface AddColumnOptions {
  /** The column's type. Default: inferred from the values. */
  feature?: Feature;
}

/**
 * The table with a column more, behind the others.
 *
 * @throws ConfigError where a column has that name; DataError where there are more or fewer values than rows, or they are
 * not of one type or not of the one asked for.
 */
export function addColumn(
  table: Table,
  name: string,
  values: ArrayLike<unknown>,
  options: AddColumnOptions = {},
): Table {
  if (table.columns.has(name)) {
    throw new ConfigError(`addColumn: the dataset has a column "${name}": remove or rename it first`);
  }
  if (values.length !== table.length && table.columns.size > 0) {
    throw new DataError(`addColumn: there are ${values.length} values for "${name}", but ${table.length} rows`);
  }
  const builder = new ColumnBuilder(name, { wished: options.feature, strict: true });
  builder.append(values, (i) => `row ${i}`);
  const columns = [...table.columns].map(([each, column]) => [each, alignColumn(table, column)] as const);
  return tableOf(new Map([...columns, [name, builder.build()] as const]), values.length);
}
