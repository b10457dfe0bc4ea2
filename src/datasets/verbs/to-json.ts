// toJson: the rows as JSON Lines, or as one array of objects.
import { ConfigError } from "../../support/errors.js";
import { rowsOf, type Table } from "../table.js";
import { plainJson } from "./to-csv.js";
import { type WriteTextOptions, writeText } from "./write-text.js";

/** How a JSON file is written. */
export interface ToJsonOptions extends WriteTextOptions {
  /** An object a line (default), or one array of objects. */
  lines?: boolean;
}

/**
 * Writes the rows to `path`. Dates are ISO 8601, bytes base64; NaN and infinities, which JSON has not, are null.
 *
 * @throws ConfigError on wrong options; AttuneError where the file cannot be written: nothing half-written is left
 */
export async function toJson(table: Table, path: string, options: ToJsonOptions = {}): Promise<void> {
  const { lines = true } = options;
  if (typeof lines !== "boolean") throw new ConfigError(`toJson: lines is true or false, not ${String(lines)}`);
  await writeText("toJson", table, path, options, {
    head: lines ? "" : "[",
    tail: lines ? "" : "]\n",
    textOf: (columns, length, first) =>
      rowsOf(columns, length)
        .map((row, i) => {
          const text = JSON.stringify(row, plainJson);
          return lines ? `${text}\n` : `${first + i === 0 ? "" : ","}\n${text}`;
        })
        .join(""),
  });
}
