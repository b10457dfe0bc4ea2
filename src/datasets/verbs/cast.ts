// cast: columns as other types. Every value is checked at once; it is converted when it is read.
import { ConfigError, DataError } from "../../support/errors.js";
import type { Column } from "../column.js";
import { ConvertedColumn } from "../column-views.js";
import { type Convert, conversion, keep, NoConversion } from "../convert.js";
import type { Feature, StructFeature } from "../features.js";
import { sameFeature } from "../features.js";
import { columnOf, readColumn, type Table } from "../table.js";

/**
 * The table with the types of `features`, which names all of its columns.
 *
 * @throws ConfigError where it names other columns; DataError, naming column and row, where a type or a value cannot become
 * what is asked for.
 */
export function cast(table: Table, features: StructFeature): Table {
  for (const name of Object.keys(features)) columnOf(table, name);
  const left = [...table.columns.keys()].find((name) => !Object.hasOwn(features, name));
  if (left !== undefined) {
    throw new ConfigError(`cast: the features do not name the column "${left}": name all columns, or use castColumn`);
  }
  return Object.entries(features).reduce((result, [name, feature]) => castColumn(result, name, feature), table);
}

/** The table with another type for one column. Throws DataError as cast does, and where there is no such column. */
export function castColumn(table: Table, name: string, feature: Feature): Table {
  const column = columnOf(table, name);
  return { ...table, columns: new Map(table.columns).set(name, convertColumn(table, name, column, feature)) };
}

const ROWS_CHECKED = 1000; // rows read at once

/** `column`, a column of `table`, as `feature`. Throws DataError, naming the row, where a value cannot become it. */
function convertColumn(table: Table, name: string, column: Column, feature: Feature): Column {
  if (sameFeature(column.feature, feature)) return column;
  let row = 0;
  const convert = conversion(column.feature, feature, (reason) => {
    throw new DataError(`cast: column "${name}" holds ${reason}, at row ${row}`);
  });
  if (convert instanceof NoConversion) throw new DataError(`cast: column "${name}" of type ${convert.reason}`);
  if (convert === keep) return new ConvertedColumn(feature, column, keep);
  for (let start = 0; start < table.length; start += ROWS_CHECKED) {
    const values = readColumn(table, column, start, Math.min(start + ROWS_CHECKED, table.length));
    for (const [i, value] of values.entries()) {
      row = start + i;
      convert(value);
    }
  }
  return new ConvertedColumn(feature, column, convert as Convert);
}
