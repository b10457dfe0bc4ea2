// Rows that a function makes, gathered into a table: in memory while they are few, else in files that nobody else sees.
import { ConfigError, DataError } from "../support/errors.js";
import type { Feature } from "./features.js";
import type { Table } from "./table.js";
import { TableBuilder } from "./table-builder.js";

/** Rows one after another, as a generator function gives them. */
export type Rows<Row> = Iterable<Row> | AsyncIterable<Row>;

const GATHERED = 1000;

/**
 * The rows that `generate` gives; a column that a row lacks is null there.
 *
 * @throws ConfigError where it is no function that gives rows; DataError where a column mixes types or a value does not fit
 * its feature; what `generate` throws
 */
export async function tableOfGenerated(
  generate: () => Rows<object>,
  features: Readonly<Record<string, Feature | undefined>> = {},
): Promise<Table> {
  const rows: unknown = typeof generate === "function" ? generate() : undefined;
  if (!isRows(rows)) throw new ConfigError("fromGenerator: give a generator function, function* () { yield { ... } }");
  const builder = new TableBuilder({ names: Object.keys(features), wished: features, strict: true });
  let gathered: object[] = [];
  const append = (): void => {
    const first = builder.length;
    const names = new Set(gathered.flatMap((row) => Object.keys(row)));
    const columns = new Map<string, unknown[]>();
    for (const name of names)
      columns.set(
        name,
        gathered.map((row) => (row as Readonly<Record<string, unknown>>)[name]),
      );
    builder.append(columns, gathered.length, (i) => `row ${first + i}`);
    gathered = [];
  };
  try {
    for await (const row of rows) {
      if (typeof row !== "object" || row === null) {
        throw new DataError(`fromGenerator: row ${builder.length + gathered.length} is ${String(row)}: yield objects`);
      }
      gathered.push(row);
      if (gathered.length === GATHERED) append();
    }
    if (gathered.length > 0) append();
    return builder.finish();
  } catch (error) {
    builder.abandon();
    throw error;
  }
}

function isRows(value: unknown): value is Rows<unknown> {
  return typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}
