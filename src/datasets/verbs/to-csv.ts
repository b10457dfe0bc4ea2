// toCsv: the rows as a CSV file, as RFC 4180 quotes them and as loadDataset, pandas and spreadsheets read them.
import { ConfigError } from "../../support/errors.js";
import { floatText } from "../convert.js";
import { kindOf } from "../dtypes.js";
import { type Feature, Json, Value } from "../features.js";
import type { Table } from "../table.js";
import { type WriteTextOptions, writeText } from "./write-text.js";

/** How a CSV file is written. */
export interface ToCsvOptions extends WriteTextOptions {
  /** One character between fields. Default: a comma, a tab where the file's name ends in .tsv. */
  delimiter?: string;
  /** Write the names of the columns as the first line. Default true. */
  header?: boolean;
  /** What stands for a missing value. Default: nothing. */
  naRep?: string;
}

/**
 * Writes the rows to `path`. Booleans are True and False, floats have a point or an exponent, dates are ISO 8601, bytes
 * base64, lists and structs JSON.
 *
 * @throws ConfigError on wrong options; AttuneError where the file cannot be written: nothing half-written is left
 */
export async function toCsv(table: Table, path: string, options: ToCsvOptions = {}): Promise<void> {
  const { header = true, naRep = "", delimiter = /\.tsv(\.gz)?$/.test(path) ? "\t" : "," } = options;
  if (delimiter.length !== 1 || /["\r\n]/.test(delimiter)) {
    throw new ConfigError(`toCsv: delimiter is one character, not ${JSON.stringify(delimiter)}`);
  }
  const quote = quoterFor(delimiter);
  const columns = [...table.columns].map(([name, { feature }]) => ({ name, spell: spellerOf(feature) }));
  const alone = columns.length === 1; // an empty line would be no row
  await writeText("toCsv", table, path, options, {
    head: header ? `${columns.map(({ name }) => quote(name)).join(delimiter)}\n` : "",
    textOf: (values, length) => {
      let text = "";
      for (let row = 0; row < length; row++) {
        const fields = columns.map(({ name, spell }) => {
          const value = values[name][row];
          return value === null || value === undefined ? quote(naRep) : quote(spell(value));
        });
        const line = fields.join(delimiter);
        text += `${alone && line === "" ? '""' : line}\n`;
      }
      return text;
    },
  });
}

function quoterFor(delimiter: string): (text: string) => string {
  return (text) => (text.includes(delimiter) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
}

function spellerOf(feature: Feature): (value: unknown) => string {
  if (feature instanceof Json) return (value) => JSON.stringify(value);
  switch (feature instanceof Value ? kindOf(feature.dtype) : undefined) {
    case "bool":
      return (value) => (value === true ? "True" : "False");
    case "float": {
      const single = feature instanceof Value && feature.dtype === "float32";
      return (value) => {
        const text = floatText(value as number, single);
        return /^-?\d+$/.test(text) ? `${text}.0` : text; // so that a reader knows a float
      };
    }
    case "date":
      return (value) => (value instanceof Date ? value.toISOString().slice(0, 10) : String(value));
    case "timestamp":
      return (value) => (value instanceof Date ? value.toISOString().replace("T", " ").slice(0, -1) : String(value));
    case "binary":
      return (value) => Buffer.from(value as Uint8Array).toString("base64");
    default:
      return (value) => (typeof value === "object" ? JSON.stringify(value, plainJson) : String(value));
  }
}

/** For JSON.stringify: typed arrays as arrays, bytes as base64; NaN and infinities become null there by themselves. */
export function plainJson(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<unknown>) : value;
}
