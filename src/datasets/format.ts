// Formats: the form in which a dataset's values are read, where plain arrays and numbers are not what a program wants. A
// format changes what reading gives (at, slice, columns, column, iteration); the rows, and what verbs see, stay as they are.
import { ConfigError, DataError } from "../support/errors.js";
import { Tensor, tensor } from "../tensor/index.js";
import { kindOf } from "./dtypes.js";
import { ClassLabel, type Feature, isStruct, List, Value } from "./features.js";
import { ArrayFeature } from "./named-features.js";
import { readColumns, type Table } from "./table.js";

/** `typed`: lists of numbers as typed arrays. `tensor`: numbers and lists of numbers as tensors. */
export type FormatType = "typed" | "tensor";

/** Which columns a format concerns. */
export interface FormatOptions<Name extends string = string> {
  /** The columns that reading gives. Default: all. */
  columns?: readonly Name[];
  /** Give the other columns too, as they are. Default false. */
  outputAllColumns?: boolean;
}

/** A function over a batch of rows, as columns; it returns columns of equal length. */
export type Transform = (batch: Record<string, unknown[]>) => Readonly<Record<string, ArrayLike<unknown>>>;

/** How a dataset's values are read. */
export interface Format {
  readonly columns: readonly string[] | undefined;
  readonly outputAllColumns: boolean;
  /** A form for each value, or a function over whole batches. */
  readonly form: FormatType | Transform;
}

/** The format of `options` for a table. Throws DataError where a column does not exist, ConfigError where a form does not. */
export function formatOf(table: Table, form: FormatType | Transform, options: FormatOptions): Format {
  if (typeof form !== "function" && form !== "typed" && form !== "tensor") {
    throw new ConfigError(`there is no format ${JSON.stringify(form)}: "typed" and "tensor" are, or null for none`);
  }
  const unknown = options.columns?.find((name) => !table.columns.has(name));
  if (unknown !== undefined) {
    throw new DataError(
      `the format names the column "${unknown}": the columns are ${[...table.columns.keys()].join(", ")}`,
    );
  }
  return { columns: options.columns, outputAllColumns: options.outputAllColumns ?? false, form };
}

/** Rows `start` to `end` - 1 as columns in the table's format. */
export function readFormatted(
  table: Table,
  format: Format | undefined,
  start: number,
  end: number,
): Record<string, unknown[]> {
  if (format === undefined) return readColumns(table, start, end);
  const shown = format.columns?.filter((name) => table.columns.has(name)) ?? [...table.columns.keys()];
  const read = format.outputAllColumns ? table.columns.keys() : shown;
  const columns = new Map(Array.from(read, (name) => [name, table.columns.get(name)] as const));
  const values = readColumns({ ...table, columns: columns as Table["columns"] }, start, end);
  if (typeof format.form === "function") {
    const formatted = Object.fromEntries(shown.map((name) => [name, values[name]]));
    for (const name of shown) delete values[name];
    return { ...values, ...transformed(format.form, formatted, end - start) };
  }
  for (const name of shown) {
    const feature = table.columns.get(name)?.feature;
    if (feature !== undefined) values[name] = values[name].map(converterOf(feature, format.form));
  }
  return values;
}

function transformed(transform: Transform, batch: Record<string, unknown[]>, rows: number): Record<string, unknown[]> {
  const columns = transform(batch);
  const result: Record<string, unknown[]> = {};
  for (const [name, values] of Object.entries(columns)) {
    if (typeof values !== "object" || values === null || values.length !== rows) {
      const found = typeof values === "object" && values !== null ? `${values.length} values` : `a ${typeof values}`;
      throw new DataError(`the transform returned ${found} as column "${name}" for ${rows} rows: return a value a row`);
    }
    result[name] = Array.from(values);
  }
  return result;
}

function converterOf(feature: Feature, form: FormatType): (value: unknown) => unknown {
  if (feature instanceof ArrayFeature && form === "tensor") return arrayConverter(feature);
  if (feature instanceof List) {
    const element = feature.feature;
    const make = arrayMaker(element);
    if (make === undefined) {
      const convert = converterOf(element, form);
      return (value) => (value === null ? null : Array.from(value as ArrayLike<unknown>, convert));
    }
    const isFloat = element instanceof Value && kindOf(element.dtype) === "float";
    return (value) => {
      if (value === null || Array.prototype.includes.call(value, null)) return value; // no typed array holds null
      if (form === "typed") return make(value as ArrayLike<number>);
      return tensor(Array.from(value as ArrayLike<number>, Number), { dtype: isFloat ? "float32" : "int32" });
    };
  }
  if (isStruct(feature)) {
    const fields = Object.entries(feature).map(([name, field]) => [name, converterOf(field, form)] as const);
    return (value) => {
      if (value === null) return null;
      const struct = value as Readonly<Record<string, unknown>>;
      return Object.fromEntries(fields.map(([name, convert]) => [name, convert(struct[name])]));
    };
  }
  if (form === "typed" || arrayMaker(feature) === undefined) return (value) => value;
  const dtype = feature instanceof Value && kindOf(feature.dtype) === "float" ? "float32" : "int32";
  return (value) => (value === null || value instanceof Tensor ? value : tensor([Number(value)], { dtype, shape: [] }));
}

/** One tensor for each array; an array in which values are missing stays as it is. */
function arrayConverter({ shape, dtype }: ArrayFeature): (value: unknown) => unknown {
  const depth = shape.length;
  const isFloat = kindOf(dtype) === "float";
  return (value) => {
    if (value === null) return null;
    const numbers = (value as unknown[]).flat(depth - 1);
    if (numbers.includes(null)) return value;
    const lengths = [(value as unknown[]).length, ...shape.slice(1).map(Number)];
    return tensor(numbers.map(Number), { dtype: isFloat ? "float32" : "int32", shape: lengths });
  };
}

type Numbers = ArrayLike<number>;

/** Typed arrays by dtype; 64-bit integers are float64, in which they are exact where they are exact as numbers at all. */
const ARRAYS: ReadonlyMap<string, (values: Numbers) => ArrayLike<number>> = new Map<
  string,
  (values: Numbers) => ArrayLike<number>
>([
  ["bool", (values) => Uint8Array.from(values, Number)],
  ["int8", (values) => Int8Array.from(values)],
  ["int16", (values) => Int16Array.from(values)],
  ["int32", (values) => Int32Array.from(values)],
  ["int64", (values) => Float64Array.from(values)],
  ["uint8", (values) => Uint8Array.from(values)],
  ["uint16", (values) => Uint16Array.from(values)],
  ["uint32", (values) => Uint32Array.from(values)],
  ["uint64", (values) => Float64Array.from(values)],
  ["float16", (values) => Float32Array.from(values)],
  ["float32", (values) => Float32Array.from(values)],
  ["float64", (values) => Float64Array.from(values)],
]);

/** What makes a typed array of values of `feature`; undefined where they are no numbers. */
function arrayMaker(feature: Feature): ((values: Numbers) => ArrayLike<number>) | undefined {
  return feature instanceof Value || feature instanceof ClassLabel ? ARRAYS.get(feature.dtype) : undefined;
}
