// From rows of JavaScript values to columns, and from a column to a tensor.
import { DataError } from "../support/errors.js";
import { concat, reshape, sameShape, Tensor, tensor } from "../tensor/index.js";
import type { CollateContext, ColumnType, RowsOrColumns } from "./collator.js";

/** A column's values, row by row. */
export type ColumnValues = ArrayLike<unknown>;

/** Columns that a tokenizer makes for a model, and pads. */
export const MODEL_INPUTS: readonly string[] = ["input_ids", "token_type_ids", "attention_mask", "special_tokens_mask"];

type RowFields = { readonly [column: string]: unknown };
type ColumnFields = { readonly [column: string]: ColumnValues };

/** Rows as columns, under the names of the first row. Throws DataError where there is no row, or one lacks a column. */
export function toColumns(data: RowsOrColumns): Map<string, ColumnValues> {
  const columns = Array.isArray(data) ? transpose(data as readonly RowFields[]) : checkLengths(data as ColumnFields);
  for (const [name, values] of columns) {
    if (values[0] instanceof Tensor) columns.set(name, Array.from(values, numbersOf));
  }
  return columns;
}

/** Of a tensor, which a dataset's format makes of a value, the numbers where the host knows them; else the value itself. */
export function numbersOf(value: unknown): unknown {
  if (!(value instanceof Tensor) || value.host === undefined) return value;
  const { host, shape } = value;
  const nested = (axis: number, start: number, size: number): unknown => {
    if (axis === shape.length) return host[start];
    if (axis === shape.length - 1) return host.subarray(start, start + size);
    const step = size / shape[axis];
    return Array.from({ length: shape[axis] }, (_, i) => nested(axis + 1, start + i * step, step));
  };
  return nested(0, 0, host.length);
}

function transpose(rows: readonly RowFields[]): Map<string, ColumnValues> {
  if (rows.length === 0) throw new DataError("a batch needs at least one row");
  const fieldOf = (name: string, row: RowFields, i: number): unknown => {
    if (name in row) return row[name];
    throw new DataError(`row ${i} of the batch has no "${name}"; it has ${Object.keys(row).join(", ") || "nothing"}`);
  };
  return new Map(Object.keys(rows[0]).map((name) => [name, rows.map((row, i) => fieldOf(name, row, i))]));
}

function checkLengths(data: ColumnFields): Map<string, ColumnValues> {
  const columns = new Map(Object.entries(data));
  const lengths = new Set([...columns.values()].map(({ length }) => length));
  if (lengths.size > 1) {
    const list = [...columns].map(([name, { length }]) => `${name} ${length}`).join(", ");
    throw new DataError(`the columns of a batch differ in length: ${list}`);
  }
  if (lengths.size === 0 || lengths.has(0)) throw new DataError("a batch needs at least one row");
  return columns;
}

/** The columns under the names that models know: `label` and `label_ids` become `labels`, their features with them. */
export function nameLabels<T>(entries: Iterable<readonly [name: string, value: T]>): Map<string, T> {
  return new Map(
    Array.from(entries, ([name, value]) => [name === "label" || name === "label_ids" ? "labels" : name, value]),
  );
}

/**
 * A column as a tensor [rows, ...]: int32 of integers and booleans, float32 of other numbers, of typed arrays of floats and
 * where the dataset says that the column holds floats; tensors are put one on another.
 * @throws DataError, naming column and row, where a value is no number, or rows differ in length
 */
export function columnToTensor(name: string, values: ColumnValues, context: CollateContext = {}): Tensor {
  if (values[0] instanceof Tensor) return stackTensors(name, values);
  const shape = [values.length, ...shapeOf(values[0])];
  const rowShape = shape.slice(1);
  const flat = new Float64Array(shape.reduce((a, b) => a * b, 1)); // exact for int32 and float32 alike
  let floats = isFloatColumn(name, context) || isFloatArray(values) || isFloatArray(values[0]);
  let at = 0;
  const walk = (value: unknown, depth: number, row: number): void => {
    if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") {
      if (depth !== rowShape.length) throw unequal(name, row, value, rowShape);
      const number = Number(value);
      if (!Number.isInteger(number)) floats = true;
      flat[at++] = number;
      return;
    }
    if (!isList(value)) throw notNumbers(name, row, value);
    if (value.length !== rowShape[depth]) throw unequal(name, row, value, rowShape);
    for (let i = 0; i < value.length; i++) walk(value[i], depth + 1, row);
  };
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value instanceof Tensor) throw notNumbers(name, row, value);
    walk(value, 0, row);
  }
  return floats ? tensor(Float32Array.from(flat), { shape }) : tensor(flat, { shape, dtype: "int32" });
}

/** Tensors of one shape and dtype, [...], as one [rows, ...]. */
function stackTensors(name: string, values: ColumnValues): Tensor {
  const [first] = values as ArrayLike<Tensor> & Iterable<Tensor>;
  const parts = Array.from(values, (value, row) => {
    if (!(value instanceof Tensor)) throw notNumbers(name, row, value);
    if (!sameShape(value.shape, first.shape) || value.dtype !== first.dtype)
      throw unequal(name, row, value, first.shape);
    return reshape(value, [1, ...value.shape]);
  });
  return concat(parts);
}

function shapeOf(value: unknown): number[] {
  return isList(value) ? [value.length, ...(value.length > 0 ? shapeOf(value[0]) : [])] : [];
}

export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);
}

function isFloatArray(value: unknown): boolean {
  return value instanceof Float32Array || value instanceof Float64Array;
}

function isFloatColumn(name: string, { features }: CollateContext): boolean {
  let feature: unknown = features && nameLabels(Object.entries(features)).get(name);
  while (isColumnType(feature) && feature.feature !== undefined) feature = feature.feature;
  return isColumnType(feature) && typeof feature.dtype === "string" && feature.dtype.startsWith("float");
}

/** The type of field `name` of a struct column, or of a column where `path` is empty; undefined where it is not known. */
export function featureOf(
  features: { readonly [column: string]: unknown } | undefined,
  path: string,
  name: string,
): unknown {
  const struct = path === "" ? features : features?.[path];
  return typeof struct === "object" && struct !== null
    ? (struct as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function isColumnType(value: unknown): value is ColumnType {
  return typeof value === "object" && value !== null;
}

function notNumbers(name: string, row: number, value: unknown): DataError {
  const found = typeof value === "string" ? `the string ${JSON.stringify(value.slice(0, 40))}` : describe(value);
  return new DataError(
    `"${name}" of row ${row} of the batch is ${found}, of which no tensor can be made: ` +
      `remove the column, dataset.removeColumns("${name}"), or give a collator that knows it`,
  );
}

function unequal(name: string, row: number, value: unknown, shape: readonly number[]): DataError {
  const first = shape.length === 0 ? "a number" : `of shape [${shape.join(", ")}]`;
  const remedy = MODEL_INPUTS.includes(name)
    ? "pass collator: new DataCollatorWithPadding(tokenizer), which pads them"
    : "rows of one batch are of one shape (DataCollatorWithPadding pads the model's inputs only)";
  return new DataError(
    `"${name}" of row ${row} of the batch is ${describe(value)}, and that of row 0 is ${first}: ${remedy}`,
  );
}

function describe(value: unknown): string {
  if (isList(value)) return `a list of ${value.length}`;
  if (value === null || value === undefined || value instanceof Tensor) return String(value);
  return typeof value === "object"
    ? `a ${value.constructor?.name ?? "object"}`
    : `the ${typeof value} ${String(value)}`;
}
