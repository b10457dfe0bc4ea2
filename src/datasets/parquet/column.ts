// One column of a row group in Arrow's layout: decoded from its pages where it is flat, else through hyparquet and
// JavaScript's values.
import type { FileMetaData, RowGroup } from "hyparquet";
import { parquetSchema } from "hyparquet";
import { byteRoutines } from "../../backends/native/bytes.js";
import type { ArrayData } from "../arrow/array.js";
import { isNull, NO_BYTES } from "../arrow/array.js";
import { encoderOf } from "../arrow/encoder.js";
import { fieldOf } from "../arrow/features.js";
import { type ArrowField, TIME_UNITS, typeOfDtype } from "../arrow/types.js";
import { integerRanges, kindOf } from "../dtypes.js";
import { ClassLabel, type Feature, Json, List, type StructFeature, Value } from "../features.js";
import { fits } from "../infer.js";
import { type OpenFile, readChunk, unreadable } from "./file.js";
import { type FlatColumn, FlatDecoder, flatColumn } from "./flat-column.js";
import { readPages } from "./pages.js";

/** A column to be read. */
export interface ColumnPlan {
  readonly name: string;
  readonly feature: Feature;
  readonly field: ArrowField;
  /** Undefined for a column that hyparquet decodes. */
  readonly flat: FlatColumn | undefined;
}

/** How the columns of a file are read. */
export function planColumns(metadata: FileMetaData, features: StructFeature): ColumnPlan[] {
  const nodes = new Map(parquetSchema(metadata).children.map((node) => [node.element.name, node]));
  return Object.entries(features).map(([name, feature]) => {
    const field = fieldOf(name, feature);
    const node = nodes.get(name);
    return { name, feature, field, flat: node && flatColumn(node, feature, field) };
  });
}

/** Is told what a value of a row, counted from the group's first, is that its column cannot hold; throws. */
export type RefuseRow = (reason: string, row: number) => never;

/**
 * A column of a row group, whose first row is the file's row `start`, as arrays one behind the other.
 *
 * @throws FileFormatError where it is damaged; what `refuse` throws
 */
export async function readColumn(
  file: OpenFile,
  group: RowGroup,
  plan: ColumnPlan,
  start: number,
  refuse: RefuseRow,
): Promise<readonly ArrayData[]> {
  const flat = plan.flat && (await readFlat(file, group, plan.name, plan.flat));
  if (flat === undefined) return [await readConverted(file, group, plan, start, refuse)];
  let row = 0;
  for (const array of flat) {
    checkValues(array, plan.feature, (reason, i) => refuse(reason, row + i));
    row += array.length;
  }
  return flat;
}

async function readFlat(
  file: OpenFile,
  group: RowGroup,
  name: string,
  column: FlatColumn,
): Promise<ArrayData[] | undefined> {
  const chunk = group.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name)?.meta_data;
  if (chunk === undefined || Number(group.num_rows) === 0) return undefined;
  try {
    const decoder = new FlatDecoder(column);
    await readPages(file.buffer, file.metadata, group, chunk, { page: (page) => decoder.add(page) });
    return decoder.arrays;
  } catch (error) {
    throw unreadable(file.path, error, name);
  }
}

async function readConverted(
  file: OpenFile,
  group: RowGroup,
  { name, feature, field }: ColumnPlan,
  start: number,
  refuse: RefuseRow,
): Promise<ArrayData> {
  const values = await readChunk(file, group, name, start);
  const encoder = encoderOf(field);
  const convert = converter(feature, (reason) => refuse(reason, encoder.length));
  for (let i = 0; i < values.length; i++) encoder.append(convert(values[i]));
  return encoder.finish();
}

/** Refuses labels outside their classes, and integers that are not exact in JavaScript. */
function checkValues(array: ArrayData, feature: Feature, refuse: RefuseRow): void {
  const { type } = array.field;
  if (type.kind !== "int" || type.bits < 64) return;
  const { buffer, byteOffset } = array.values;
  const words = new Int32Array(buffer, byteOffset, 2 * array.length);
  const most = feature instanceof ClassLabel ? feature.numClasses - 1 : Number.MAX_SAFE_INTEGER;
  const least = feature instanceof ClassLabel ? -1 : Number.MIN_SAFE_INTEGER;
  const routines = type.signed && byteOffset % 8 === 0 ? byteRoutines() : undefined;
  const integers = routines && new BigInt64Array(buffer, byteOffset, array.length);
  const first = integers && routines?.firstOutside(integers, array.validity ?? NO_BYTES, least, most);
  if (first === -1) return;
  for (let i = first ?? 0; i < array.length; i++) {
    const high = type.signed ? words[2 * i + 1] : words[2 * i + 1] >>> 0;
    const value = high * 2 ** 32 + (words[2 * i] >>> 0);
    if ((value >= least && value <= most) || isNull(array, i)) continue;
    if (Number.isSafeInteger(value)) refuse(outside(feature, value), i);
    refuse(inexact((BigInt(high) << 32n) + BigInt(words[2 * i] >>> 0)), i);
  }
}

function inexact(value: bigint): string {
  return `the integer ${value}, too large to be exact as a number (store such values as strings)`;
}

function outside(feature: Feature, value: unknown): string {
  if (feature instanceof ClassLabel) return `the label ${String(value)}, outside its ${feature.numClasses} classes`;
  return `the integer ${String(value)}, which ${String(feature)} cannot hold`;
}

/** Nanoseconds, as timestamps are given, in the unit of a feature. */
function ticksIn({ dtype }: Value): (value: unknown) => unknown {
  const type = typeOfDtype(dtype);
  const unit = BigInt(1000 ** (3 - (type?.kind === "timestamp" ? TIME_UNITS.indexOf(type.unit) : 0)));
  return (value) => {
    if (typeof value !== "bigint") return value ?? null;
    return (value - (((value % unit) + unit) % unit)) / unit;
  };
}

/** The integer of a decimal, which is stored as a number or as bytes, the highest first. */
function unscaledInteger(value: unknown): unknown {
  if (typeof value === "number") return BigInt(value);
  if (!(value instanceof Uint8Array)) return value ?? null;
  let integer = value.length > 0 && value[0] >= 0x80 ? -1n : 0n;
  for (const byte of value) integer = (integer << 8n) | BigInt(byte);
  return integer;
}

/** Turns values as hyparquet gives them into those of a feature; `refuse` is told of one that the feature cannot hold. */
function converter(feature: Feature, refuse: (reason: string) => never): (value: unknown) => unknown {
  // 64-bit integers arrive as bigints; datasets give numbers, and refuse what would lose digits
  const exact = (value: unknown): unknown => {
    if (typeof value !== "bigint") return value ?? null;
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : refuse(inexact(value));
  };
  if (feature instanceof ClassLabel || (feature instanceof Value && integerRanges.has(feature.dtype))) {
    return (value) => {
      const integer = exact(value);
      return fits(feature, integer) ? integer : refuse(outside(feature, integer));
    };
  }
  if (feature instanceof Json) return (value) => (typeof value === "string" ? Buffer.from(value) : (value ?? null));
  if (feature instanceof Value && kindOf(feature.dtype) === "timestamp") return ticksIn(feature);
  if (feature instanceof Value && kindOf(feature.dtype) === "decimal") return unscaledInteger;
  if (feature instanceof Value) return exact;
  if (feature instanceof List) {
    const convert = converter(feature.feature, refuse);
    return (value) => (value === null || value === undefined ? null : Array.from(value as ArrayLike<unknown>, convert));
  }
  const fields = Object.entries(feature).map(([name, field]) => [name, converter(field, refuse)] as const);
  return (value) => {
    if (value === null || value === undefined) return null;
    const struct = value as Readonly<Record<string, unknown>>;
    return Object.fromEntries(fields.map(([name, convert]) => [name, convert(struct[name])]));
  };
}
