// renameColumns: other names for columns, which stay in their places.
import { ConfigError } from "../../support/errors.js";
import type { Column } from "../column.js";
import { columnOf, type Table } from "../table.js";

/**
 * The table with the columns that `names` maps from old names under their new ones.
 *
 * @throws DataError where there is no such column, ConfigError where a new name would stand twice.
 */
export function renameColumns(table: Table, names: Readonly<Record<string, string>>): Table {
  const renamed = new Map(Object.entries(names));
  for (const name of renamed.keys()) columnOf(table, name);
  const columns = new Map<string, Column>();
  for (const [name, column] of table.columns) {
    const newName = renamed.get(name) ?? name;
    if (newName === "") throw new ConfigError(`column "${name}" cannot be renamed to an empty name`);
    if (columns.has(newName)) {
      throw new ConfigError(
        `column "${name}" cannot be "${newName}": another column has that name, remove or rename it first`,
      );
    }
    columns.set(newName, column);
  }
  return { ...table, columns };
}
