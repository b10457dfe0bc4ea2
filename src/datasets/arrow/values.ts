// From Arrow's layout to JavaScript's values: numbers, strings, booleans, bytes, Dates, arrays and objects.
import { inexactInteger } from "../exact-json.js";
import { type ArrayData, bytesOfView, isSet } from "./array.js";
import { type DecimalType, decimalText, numberOfDecimal } from "./decimals.js";
import { fromFloat16 } from "./float16.js";
import { copier, type NumberArray } from "./small-arrays.js";
import { type ArrowField, type ArrowType, isJsonField, TIME_UNITS, type TimeUnit } from "./types.js";

/** Reads an array's values by index; indices are in range. */
export interface ValueReader {
  get(i: number): unknown;
}

/** Is told what a value cannot be in JavaScript; throws. */
export type Refuse = (reason: string) => never;

/** A list field with this metadata, `true`, holds what was given as typed arrays, and gives typed arrays back. */
export const TYPED_LIST = "ATTUNE:typed";

/** An array's values, where each is one element of a JavaScript typed array; undefined for other types. */
export function numbersOf({ field, values }: ArrayData): NumberArray | undefined {
  const { type } = field;
  if (field.dictionary !== undefined) return undefined;
  const of = <T>(make: new (buffer: ArrayBufferLike, offset: number, length: number) => T, bytes: number): T =>
    new make(values.buffer, values.byteOffset, Math.floor(values.byteLength / bytes));
  if (type.kind === "float") {
    if (type.bits === 64) return of(Float64Array, 8);
    return type.bits === 32 ? of(Float32Array, 4) : undefined;
  }
  if (type.kind !== "int") return undefined;
  switch (type.bits) {
    case 8:
      return type.signed ? of(Int8Array, 1) : of(Uint8Array, 1);
    case 16:
      return type.signed ? of(Int16Array, 2) : of(Uint16Array, 2);
    case 32:
      return type.signed ? of(Int32Array, 4) : of(Uint32Array, 4);
    default:
      return undefined;
  }
}

/** What reads the values of `array`; `refuse` is told of one that has no form in JavaScript, when it is read. */
export function valueReader(array: ArrayData, refuse: Refuse): ValueReader {
  return readerOf(array, (each) => getter(each, refuse), refuse);
}

/**
 * What reads the values as other formats store them: 64-bit integers, times, timestamps and decimals as bigints that count
 * their unit, JSON as its text's bytes; others as valueReader does.
 */
export function storedReader(array: ArrayData, refuse: Refuse): ValueReader {
  return readerOf(array, (each) => storedGetter(each, refuse), refuse);
}

/** Reads the value at an index that is not null. */
type Getter = (i: number) => unknown;

function readerOf(array: ArrayData, getterOf: (array: ArrayData) => Getter, refuse: Refuse): ValueReader {
  const get = array.dictionary === undefined ? getterOf(array) : looked(array, array.dictionary, refuse);
  const { validity } = array;
  if (validity === undefined) return { get };
  return { get: (i) => (((validity[i >> 3] >> (i & 7)) & 1) === 1 ? get(i) : null) };
}

function getter(array: ArrayData, refuse: Refuse, inner = valueReader): Getter {
  const { field, values, children } = array;
  const { type } = field;
  const numbers = numbersOf(array);
  if (numbers !== undefined) return (i) => numbers[i];
  switch (type.kind) {
    case "null":
      return () => null;
    case "bool":
      return (i) => isSet(values, i);
    case "int":
      return integers64(array, type.signed, refuse);
    case "float":
      return float16(array);
    case "decimal":
      return decimals(array, type, refuse);
    case "date": {
      const days = type.bits === 32 ? new Int32Array(values.buffer, values.byteOffset, array.length) : undefined;
      if (days !== undefined) return (i) => new Date(days[i] * 86_400_000);
      return dates(integers64(array, true, refuse), "ms");
    }
    case "time": {
      const short = type.bits === 32 ? new Int32Array(values.buffer, values.byteOffset, array.length) : undefined;
      return short === undefined ? integers64(array, true, refuse) : (i) => short[i];
    }
    case "timestamp":
      return timestamps(array, type.unit);
    case "duration":
      return integers64(array, true, refuse);
    case "utf8":
    case "binary": {
      const read = type.form === "view" ? views(array) : variable(array);
      return isJsonField(field) ? (i) => parsed(String(read(i)), refuse) : read;
    }
    case "fixedBinary":
      return (i) => values.slice(i * type.bytes, (i + 1) * type.bytes);
    case "list": {
      const offsets = array.offsets as Int32Array;
      const read = elements(field, children[0], refuse, inner);
      return (i) => read(offsets[i], offsets[i + 1]);
    }
    case "fixedList": {
      const read = elements(field, children[0], refuse, inner);
      return (i) => read(i * type.size, (i + 1) * type.size);
    }
    case "struct": {
      const fields = children.map((child) => [child.field.name, inner(child, refuse)] as const);
      return (i) => {
        const struct: Record<string, unknown> = {};
        for (const [name, reader] of fields) struct[name] = reader.get(i);
        return struct;
      };
    }
  }
}

function storedGetter(array: ArrayData, refuse: Refuse): Getter {
  const { type } = array.field;
  if (isJsonField(array.field)) return variable({ ...array, field: { ...array.field, type: BYTES } });
  if (type.kind === "decimal") return unscaled(array, type.bits / 8);
  const isWide = type.kind === "timestamp" || type.kind === "duration" || (type.kind === "time" && type.bits === 64);
  if (!isWide && !(type.kind === "int" && type.bits === 64)) return getter(array, refuse, storedReader);
  const { buffer, byteOffset } = array.values;
  const isUnsigned = type.kind === "int" && !type.signed;
  const words = new (isUnsigned ? BigUint64Array<ArrayBufferLike> : BigInt64Array<ArrayBufferLike>)(
    buffer,
    byteOffset,
    array.length,
  );
  return (i) => words[i];
}

const BYTES: ArrowType = { kind: "binary", form: "small" };

/** Reads what an array's indices point to in its dictionary. */
function looked(array: ArrayData, dictionary: ArrayData, refuse: Refuse): (i: number) => unknown {
  const type = array.field.dictionary?.index ?? array.field.type;
  const index = getter({ ...array, field: { ...array.field, type, dictionary: undefined } }, refuse);
  const values = valueReader(dictionary, refuse);
  return (i) => {
    const at = index(i) as number;
    return at >= 0 && at < dictionary.length
      ? values.get(at)
      : refuse(`index ${at} of a dictionary of ${dictionary.length}`);
  };
}

/** 64-bit integers as numbers, without the detour of bigints. */
function integers64({ values }: ArrayData, signed: boolean, refuse: Refuse): (i: number) => number {
  const words = new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2);
  return (i) => {
    const high = words[2 * i + 1];
    const number = (signed ? high : high >>> 0) * 2 ** 32 + (words[2 * i] >>> 0);
    if (number <= Number.MAX_SAFE_INTEGER && number >= Number.MIN_SAFE_INTEGER) return number;
    const exact = (BigInt(signed ? high : high >>> 0) << 32n) + BigInt(words[2 * i] >>> 0);
    return refuse(`the integer ${exact}, too large to be exact as a number (store such values as strings)`);
  };
}

const MILLISECONDS: Readonly<Record<TimeUnit, number>> = { s: 1000, ms: 1, us: 1e-3, ns: 1e-6 };

function dates(read: (i: number) => number, unit: TimeUnit): (i: number) => Date {
  return (i) => new Date(read(i) * MILLISECONDS[unit]);
}

/** Timestamps as Dates, to the millisecond: nanoseconds since 1970 go beyond what a number holds exactly. */
function timestamps({ values, length }: ArrayData, unit: TimeUnit): (i: number) => Date {
  const ticks = new BigInt64Array(values.buffer, values.byteOffset, length);
  const perMillisecond = BigInt(1000 ** Math.max(0, TIME_UNITS.indexOf(unit) - 1));
  if (unit === "s") return (i) => new Date(Number(ticks[i]) * 1000);
  return (i) => {
    const quotient = ticks[i] / perMillisecond;
    return new Date(Number(ticks[i] % perMillisecond < 0n ? quotient - 1n : quotient));
  };
}

function decimals(array: ArrayData, type: DecimalType, refuse: Refuse): (i: number) => number {
  const integer = unscaled(array, type.bits / 8);
  return (i) => {
    const given = integer(i);
    const number = numberOfDecimal(given, type);
    if (number !== undefined) return number;
    const text = decimalText(given, type.scale);
    return refuse(`the decimal ${text}, of too many digits to be exact as a number (store such values as strings)`);
  };
}

/** Decimals as integers, without their scale. */
function unscaled({ values }: ArrayData, bytes: number): (i: number) => bigint {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  return (i) => {
    let integer = view.getBigInt64((i + 1) * bytes - 8, true);
    for (let at = (i + 1) * bytes - 16; at >= i * bytes; at -= 8)
      integer = (integer << 64n) | view.getBigUint64(at, true);
    return integer;
  };
}

function float16({ values, length }: ArrayData): (i: number) => number {
  const words = new Uint16Array(values.buffer, values.byteOffset, length);
  return (i) => fromFloat16(words[i]);
}

function variable({ field, values, offsets: given }: ArrayData): (i: number) => unknown {
  const offsets = given as Int32Array;
  if (field.type.kind === "binary") return (i) => values.slice(offsets[i], offsets[i + 1]);
  const text = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return (i) => text.toString("utf8", offsets[i], offsets[i + 1]);
}

function views({ field, values, data }: ArrayData): (i: number) => unknown {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const isText = field.type.kind === "utf8";
  return (i) => {
    const bytes = bytesOfView(view, data, i) as Uint8Array; // checked when the array was made
    return isText ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8") : bytes.slice();
  };
}

/** What a text of JSON says. */
function parsed(text: string, refuse: Refuse): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refuse(`${JSON.stringify(text.slice(0, 60))}, which is no JSON (${reason})`);
  }
  const inexact = inexactInteger(text);
  if (inexact === undefined) return value;
  return refuse(`JSON with the integer ${inexact}, too large to be exact as a number (store such values as strings)`);
}

/** Reads elements `start` to `end` - 1 of a list's child into an array of their own. */
function elements(
  field: ArrowField,
  child: ArrayData,
  refuse: Refuse,
  inner: typeof valueReader,
): (start: number, end: number) => unknown {
  const numbers = child.validity === undefined ? numbersOf(child) : undefined;
  if (numbers !== undefined) {
    if (field.metadata.get(TYPED_LIST) === "true") return copier(numbers);
    return (start, end) => {
      const list = new Array<number>(end - start);
      for (let i = start; i < end; i++) list[i - start] = numbers[i];
      return list;
    };
  }
  const reader = inner(child, refuse);
  return (start, end) => {
    const list = new Array<unknown>(end - start);
    for (let i = start; i < end; i++) list[i - start] = reader.get(i);
    return list;
  };
}
