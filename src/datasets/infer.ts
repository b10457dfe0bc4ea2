// The feature of values that come without one: what a mapped function returned, or rows given as they are.
import { decimalOf, unscaledOf } from "./arrow/decimals.js";
import { integerRanges, kindOf } from "./dtypes.js";
import { isJsonValue } from "./exact-json.js";
import {
  ClassLabel,
  describeFeature,
  type Feature,
  isStruct,
  Json,
  List,
  NamedStruct,
  sameFeature,
  Value,
} from "./features.js";

const NULL = new Value("null");
const BOOL = new Value("bool");
const STRING = new Value("string");
const INT64 = new Value("int64");
const FLOAT64 = new Value("float64");
const DATE = new Value("timestamp[ms]");

const TYPED_ARRAYS: ReadonlyMap<string, Value> = new Map(
  Object.entries({
    Int8Array: "int8",
    Int16Array: "int16",
    Int32Array: "int32",
    Uint8Array: "uint8",
    Uint8ClampedArray: "uint8",
    Uint16Array: "uint16",
    Uint32Array: "uint32",
    Float32Array: "float32",
    Float64Array: "float64",
  }).map(([name, dtype]) => [name, new Value(dtype)]),
);

const INT32 = TYPED_ARRAYS.get("Int32Array");

/** The dtype of a typed array's elements; undefined where `value` is none, or one of bigints. */
export function elementType(value: unknown): Value | undefined {
  if (!ArrayBuffer.isView(value)) return undefined;
  if (value.constructor === Int32Array) return INT32; // a tokenizer's rows, told fast; others, and other realms', by name
  return value instanceof Uint8Array ? TYPED_ARRAYS.get("Uint8Array") : TYPED_ARRAYS.get(value.constructor.name);
}

/** Lists whose values came as typed arrays, all of them: storage gives typed arrays back. */
const typedLists = new WeakSet<object>();

/** True of an inferred feature all of whose values are typed arrays, and are to be read as such. */
export function isTypedList(feature: Feature): boolean {
  return typedLists.has(feature);
}

/** The feature of lists that are typed arrays, all of them. */
export function typedList(element: Value): List {
  const list = new List(element);
  typedLists.add(list);
  return list;
}

/** Why a value has no feature, in words: "the bigint 3n, where a number is needed". */
export class NoFeature {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** The feature of one value, or why it has none. Integers are int64, other numbers float64, null and undefined null. */
export function inferFeature(value: unknown): Feature | NoFeature {
  switch (typeof value) {
    case "string":
      return STRING;
    case "number":
      return Number.isSafeInteger(value) ? INT64 : FLOAT64;
    case "boolean":
      return BOOL;
    case "undefined":
      return NULL;
    case "bigint":
      return new NoFeature(`the bigint ${value}n, where a number or a string is needed`);
    case "object":
      return value === null ? NULL : inferObject(value);
    default:
      return new NoFeature(`a ${typeof value}`);
  }
}

function inferObject(value: object): Feature | NoFeature {
  const element = elementType(value);
  if (element !== undefined) return typedList(element);
  if (Array.isArray(value)) return inferList(value);
  if (value instanceof Date) return DATE;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return new NoFeature(
      `a ${value.constructor.name}, where numbers, strings, booleans, dates, arrays or plain objects are needed`,
    );
  }
  const fields: Record<string, Feature> = {};
  for (const [name, field] of Object.entries(value)) {
    const feature = inferFeature(field);
    if (feature instanceof NoFeature) return new NoFeature(`${feature.reason}, in its field "${name}"`);
    fields[name] = feature;
  }
  return fields;
}

function inferList(values: readonly unknown[]): List | NoFeature {
  let element: Feature = NULL;
  for (const value of values) {
    const feature = inferFeature(value);
    if (feature instanceof NoFeature) return new NoFeature(`a list with ${feature.reason}`);
    const both = unifyFeatures(element, feature);
    if (both === undefined) {
      return new NoFeature(`a list of both ${describeFeature(element)} and ${describeFeature(feature)}`);
    }
    element = both;
  }
  return new List(element);
}

function isNull(feature: Feature): boolean {
  return feature === NULL || (feature instanceof Value && feature.dtype === "null");
}

/**
 * The feature that holds values of both: null gives way, two integer types become int64, integers with floats float64,
 * structs gain each other's fields. Undefined where there is none.
 */
export function unifyFeatures(a: Feature, b: Feature): Feature | undefined {
  if (a === b || isNull(b)) return a;
  if (isNull(a)) return b;
  if (a instanceof List && b instanceof List) {
    const element = unifyFeatures(a.feature, b.feature);
    if (element === undefined) return undefined;
    if (typedLists.has(a) && typedLists.has(b) && element instanceof Value) {
      return element === a.feature ? a : typedList(element);
    }
    return element === a.feature && !typedLists.has(a) ? a : new List(element);
  }
  if (a instanceof Value && b instanceof Value) {
    if (a.dtype === b.dtype) return a;
    const integers = [a, b].map((value) => integerRanges.has(value.dtype));
    if (integers[0] && integers[1]) return INT64;
    const numeric = [a, b].every((value) => integerRanges.has(value.dtype) || value.dtype.startsWith("float"));
    return numeric ? FLOAT64 : undefined;
  }
  if (isStruct(a) && isStruct(b)) {
    if (a instanceof NamedStruct && sameFeature(a, b)) return a; // one of plain fields would lose its name
    const fields: Record<string, Feature> = Object.fromEntries(Object.entries(a));
    for (const [name, field] of Object.entries(b)) {
      const both = name in fields ? unifyFeatures(fields[name], field) : field;
      if (both === undefined) return undefined;
      fields[name] = both;
    }
    return fields;
  }
  return sameFeature(a, b) ? a : undefined;
}

/** Whether a feature holds JSON, whose values are of no type that could be inferred. */
export function holdsJson(feature: Feature): boolean {
  if (feature instanceof List) return holdsJson(feature.feature);
  return feature instanceof Json || (isStruct(feature) && Object.values(feature).some(holdsJson));
}

/** Whether `feature` can hold `value`; null fits everywhere. */
export function fits(feature: Feature, value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (feature instanceof ClassLabel) {
    return Number.isInteger(value) && (value as number) >= -1 && (value as number) < feature.names.length;
  }
  if (feature instanceof List) {
    if (!(Array.isArray(value) || elementType(value) !== undefined)) return false;
    const values = value as ArrayLike<unknown>;
    if (feature.length !== -1 && values.length !== feature.length) return false;
    for (let i = 0; i < values.length; i++) if (!fits(feature.feature, values[i])) return false;
    return true;
  }
  if (feature instanceof Value) return fitsValue(feature.dtype, value);
  if (feature instanceof Json) return isJsonValue(value);
  if (typeof value !== "object") return false;
  return Object.entries(value).every(([name, field]) => name in feature && fits(feature[name], field));
}

function fitsValue(dtype: string, value: unknown): boolean {
  const range = integerRanges.get(dtype);
  if (range !== undefined)
    return Number.isInteger(value) && (value as number) >= range[0] && (value as number) <= range[1];
  switch (kindOf(dtype)) {
    case "float":
      return typeof value === "number";
    case "decimal":
      return typeof value === "number" && unscaledOf(value, decimalOf(dtype)) !== undefined;
    case "string":
      return typeof value === "string";
    case "binary":
      return value instanceof Uint8Array;
    case "bool":
      return typeof value === "boolean";
    case "null":
      return false;
    default:
      return value instanceof Date || typeof value === "number"; // dates, times and durations
  }
}
