// addItem: one row more, from values given.

import type { Column } from "../column.js";
import { ColumnBuilder } from "../column-builder.js";
import { type Table, tableOf } from "../table.js";
import { concatenate } from "./concatenate.js";

/**
 * The table with a row behind the others; what it lacks is null, a column that it brings is null in the other rows.
 *
 * @throws DataError where a value does not fit the feature of its column
 */
export function addItem(table: Table, item: object): Table {
  const columns = Object.entries(item).map(([name, value]): [string, Column] => {
    const builder = new ColumnBuilder(name, { wished: table.columns.get(name)?.feature, strict: true });
    builder.append([value], () => "the item");
    return [name, builder.build()];
  });
  return concatenate([table, tableOf(new Map(columns), 1)]);
}
