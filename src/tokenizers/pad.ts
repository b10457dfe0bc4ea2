// `tokenizer.pad`: padding of rows that are tokenized already, which is what collators do to a batch.
import { DataError } from "../support/errors.js";
import type { Tensor } from "../tensor/index.js";
import type { ByReturnTensors } from "./call-types.js";
import { checkPaddingOptions, type PaddingOptions, planLengths } from "./options.js";
import { type IdRow, paddedLength, padRows, rowsToTensor } from "./padding.js";
import type { Pipeline } from "./pipeline.js";
import { padIdOf, type TokenizerSettings } from "./settings.js";

/** Rows of model inputs. */
export type EncodedRows = readonly { readonly input_ids: IdRow }[];

/** Rows of model inputs as columns. */
export interface EncodedColumns {
  readonly input_ids: readonly IdRow[];
}

/** One row of model inputs. */
export interface EncodedRow {
  readonly input_ids: Int32Array | readonly number[];
}

/** What `pad` makes: model inputs are padded, other fields pass through (rows as columns). */
export interface PaddedEncoding<Ids> {
  input_ids: Ids;
  attention_mask: Ids;
  token_type_ids?: Ids;
  special_tokens_mask?: Ids;
  [field: string]: unknown;
}

/** How `pad` is typed: by what it is given, and by `returnTensors`. */
export type Padded<Encodings, Options> = PaddedEncoding<
  ByReturnTensors<Options, Tensor, Encodings extends EncodedRow ? Int32Array : Int32Array[]>
>;

export function padEncodings(
  pipeline: Pipeline,
  settings: TokenizerSettings,
  encodings: EncodedRows | EncodedColumns | EncodedRow,
  options: PaddingOptions,
): PaddedEncoding<Int32Array | Int32Array[] | Tensor> {
  checkPaddingOptions(options);
  const { padding } = planLengths({ ...options, padding: options.padding ?? true, truncation: false }, settings);
  const side = options.paddingSide ?? settings.paddingSide;
  const [columns, single] = toColumns(encodings);
  const { input_ids: ids } = columns;
  const length = paddedLength(
    ids.reduce((longest, row) => Math.max(longest, row.length), 0),
    padding,
  );

  const result: Record<string, unknown> = { ...columns };
  const put = (name: string, rows: readonly IdRow[], value: number): void => {
    const padded = padRows(rows, length, value, side);
    const { values, starts } = padded;
    if (options.returnTensors) result[name] = rowsToTensor(name, padded);
    else result[name] = single ? values : rows.map((_, i) => values.subarray(starts[i], starts[i + 1]));
  };
  const putIfGiven = (name: string, value: number): void => {
    if (columns[name] !== undefined) put(name, rowsOf(name, columns[name], ids), value);
  };
  put("input_ids", ids, padding ? padIdOf(pipeline, settings) : 0);
  putIfGiven("token_type_ids", settings.padTokenTypeId);
  putIfGiven("special_tokens_mask", 1);
  if (columns.attention_mask !== undefined) putIfGiven("attention_mask", 0);
  else if (options.returnAttentionMask ?? settings.modelInputNames.includes("attention_mask")) {
    const ones = ids.map((row) => new Int32Array(row.length).fill(1));
    put("attention_mask", ones, 0);
  }
  return result as PaddedEncoding<Int32Array | Int32Array[] | Tensor>;
}

type Columns = { readonly input_ids: readonly IdRow[]; readonly [field: string]: unknown };

/** The fields as columns, and whether it was one row. Throws DataError where input_ids are missing or are no rows. */
function toColumns(encodings: EncodedRows | EncodedColumns | EncodedRow): [columns: Columns, single: boolean] {
  const fields: { readonly [field: string]: unknown } = isRows(encodings) ? transpose(encodings) : { ...encodings };
  const { input_ids: ids } = fields;
  if (!isRow(ids) && !Array.isArray(ids)) {
    throw new DataError(`pad needs input_ids; it was given ${Object.keys(fields).join(", ") || "nothing"}`);
  }
  if (ids.length > 0 && isRow(ids)) {
    const columns = Object.entries(fields).map(([name, value]) => [name, isRow(value) ? [value] : value]);
    return [{ ...Object.fromEntries(columns), input_ids: rowsOf("input_ids", [ids]) }, true];
  }
  return [{ ...fields, input_ids: rowsOf("input_ids", ids) }, false];
}

function isRows(encodings: EncodedRows | EncodedColumns | EncodedRow): encodings is EncodedRows {
  return Array.isArray(encodings);
}

function transpose(rows: EncodedRows): Record<string, unknown> {
  const names = Object.keys(rows[0] ?? { input_ids: [] });
  return Object.fromEntries(
    names.map((name) => [name, rows.map((row) => (row as Readonly<Record<string, unknown>>)[name])]),
  );
}

/** The rows of a column. Throws DataError where one is no row of integers, or has not as many as there are ids. */
function rowsOf(name: string, column: unknown, ids?: readonly IdRow[]): readonly IdRow[] {
  const rows = Array.isArray(column) ? (column as readonly unknown[]) : [];
  const count = ids?.length ?? rows.length;
  for (let i = 0; i < count; i++) {
    const row = rows[i];
    if (!isRow(row)) throw new DataError(`${name} of row ${i} is ${String(row)}, not a row of integers`);
    // A typed array takes whatever it is given: null would become 0.
    const wrong = Array.isArray(row) ? row.findIndex((value) => !Number.isSafeInteger(value)) : -1;
    if (wrong >= 0) throw new DataError(`${name} of row ${i} has ${String(row[wrong])} at ${wrong}, not an integer`);
    if (ids && row.length !== ids[i].length) {
      throw new DataError(
        `row ${i} has ${ids[i].length} input_ids and ${row.length} of ${name}: they have to be as many`,
      );
    }
  }
  return rows as readonly IdRow[];
}

function isRow(value: unknown): value is IdRow {
  if (Array.isArray(value)) return value.length === 0 || typeof value[0] === "number";
  return INTEGER_ARRAYS.some((kind) => value instanceof kind);
}

const INTEGER_ARRAYS = [Int32Array, Uint8Array, Uint16Array, Uint32Array, Int8Array, Int16Array];
