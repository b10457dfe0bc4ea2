// The types of columns: Value, ClassLabel, Json, List, and structs (plain objects of features), as in Python's datasets.
// Their JSON form is what Python writes into Parquet's and Arrow's schema metadata and into dataset_info.json.
import { inspect } from "node:util";
import { ConfigError, DataError, nearest } from "../support/errors.js";

/** The type of a column or of a part of one: a value, a class label, JSON, a list, or a struct of named features. */
export type Feature = Value | ClassLabel | Json | List | StructFeature;

/** The features of a record's fields by name. */
export interface StructFeature {
  readonly [field: string]: Feature;
}

const PLAIN_DTYPES = (
  "null bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 " +
  "date32 date64 string large_string string_view binary large_binary binary_view"
).split(" ");
const PARAMETRIC_DTYPE =
  /^(timestamp|time32|time64|duration|decimal128|decimal256|fixed_size_binary)\[.+\]$|^decimal(128|256)\(.+\)$/;
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["float", "float32"],
  ["double", "float64"],
]);

/** A scalar of an Arrow type, `new Value("int64")`: numbers, booleans, strings, bytes, dates. */
export class Value {
  /** Arrow's name of the type: `int64`, `float32`, `string`, `timestamp[ms]`, ... */
  readonly dtype: string;

  /** Throws ConfigError where `dtype` is not a name of an Arrow type. */
  constructor(dtype: string) {
    const name = ALIASES.get(dtype) ?? dtype;
    if (!PLAIN_DTYPES.includes(name) && !PARAMETRIC_DTYPE.test(name)) {
      const near = nearest(dtype, PLAIN_DTYPES);
      throw new ConfigError(
        `"${dtype}" is not a dtype of a Value${near === undefined ? "" : `; did you mean "${near}"?`}`,
      );
    }
    this.dtype = name;
  }

  toJSON(): object {
    return { dtype: this.dtype, _type: "Value" };
  }

  toString(): string {
    return `Value("${this.dtype}")`;
  }
}

/** An integer that stands for a name: 0 for the first of `names`, -1 where the label is unknown (GLUE's test splits). */
export class ClassLabel<Name extends string = string> {
  /** The names by class: `names[1]` is the name of class 1. */
  readonly names: readonly Name[];

  /**
   * The names, or a number of classes, which are then named "0", "1" and so on. Throws ConfigError where a name stands
   * twice, since its class could not be told, or where there is neither or both.
   */
  constructor(options: { names: readonly Name[]; numClasses?: undefined } | { names?: undefined; numClasses: number }) {
    this.names = namesOf(options);
    const repeated = this.names.find((name, i) => this.names.indexOf(name) !== i);
    if (repeated !== undefined)
      throw new ConfigError(`the name "${repeated}" stands twice in a ClassLabel of ${list(this.names)}`);
  }

  /** How classes are stored: `int64`, as in Python. */
  get dtype(): "int64" {
    return "int64";
  }

  get numClasses(): number {
    return this.names.length;
  }

  /** The name of a class, or the names of many. Throws DataError where a number is not a class. */
  int2str(label: number): Name;
  int2str(labels: Iterable<number>): Name[];
  int2str(labels: number | Iterable<number>): Name | Name[] {
    return typeof labels === "number" ? this.#name(labels) : Array.from(labels, (label) => this.#name(label));
  }

  /**
   * The class of a name, or the classes of many: blanks around a name and a class's number as text are taken too, as in
   * Python. Throws DataError where a name is unknown.
   */
  str2int(name: string): number;
  str2int(names: readonly string[]): number[];
  str2int(names: string | readonly string[]): number | number[] {
    return typeof names === "string" ? this.#class(names) : names.map((name) => this.#class(name));
  }

  #name(label: number): Name {
    if (Number.isInteger(label) && label >= 0 && label < this.names.length) return this.names[label];
    throw new DataError(`${label} is not a class: the ${this.names.length} classes, from 0, are ${list(this.names)}`);
  }

  #class(name: string): number {
    const names: readonly string[] = this.names;
    const label = [name, name.trim()].map((each) => names.indexOf(each)).find((found) => found >= 0);
    if (label !== undefined) return label;
    if (/^\s*-?\d+\s*$/.test(name) && Number(name) >= -1 && Number(name) < names.length) return Number(name);
    const near = nearest(name, names);
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    throw new DataError(`"${name}" is not the name of a class: the classes are ${list(this.names)}${hint}`);
  }

  toJSON(): object {
    return { names: this.names, _type: "ClassLabel" };
  }

  toString(): string {
    return `ClassLabel(${list(this.names)})`;
  }
}

/** Values of any type that JSON has, another in each row where need be: stored as text, read as what the text says. */
export class Json {
  readonly #options: object;

  /** `decode` is Python's, which gives the text where it is false; it is kept for it. */
  constructor(options: { decode?: boolean } = {}) {
    this.#options = { ...options };
  }

  toJSON(): object {
    return { ...this.#options, _type: "Json" };
  }

  toString(): string {
    return "Json()";
  }
}

/** A list of values of one feature, of any length or, where `length` is not -1, of that length. */
export class List {
  readonly feature: Feature;
  readonly length: number;

  constructor(feature: Feature, options: { length?: number } = {}) {
    this.feature = feature;
    this.length = options.length ?? -1;
  }

  /** A list of the same kind whose values are of another feature. */
  holding(feature: Feature): List {
    return new List(feature, { length: this.length });
  }

  toJSON(): object {
    return { feature: this.feature, ...(this.length === -1 ? {} : { length: this.length }), _type: this.kind };
  }

  toString(): string {
    return `${this.kind}(${describeFeature(this.feature)}${this.length === -1 ? "" : `, length ${this.length}`})`;
  }

  [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    const fixed = this.length === -1 ? {} : { length: this.length };
    return `${this.kind} ${print({ feature: this.feature, ...fixed }, { ...options, depth: null })}`;
  }

  /** Its name, here and in Python. */
  protected get kind(): string {
    return "List";
  }
}

/** A list that is stored with offsets of 64 bits; its values are those of a List. */
export class LargeList extends List {
  constructor(feature: Feature) {
    super(feature);
  }

  override holding(feature: Feature): LargeList {
    return new LargeList(feature);
  }

  protected override get kind(): string {
    return "LargeList";
  }
}

/** A struct that has a name in Python's datasets, Image say, and options that are kept for it (see named-features.ts). */
export class NamedStruct {
  readonly #name: string;
  readonly #options: Readonly<Record<string, unknown>>;

  /** The feature's name; not a property, for those are the struct's fields. */
  static nameOf(struct: NamedStruct): string {
    return struct.#name;
  }

  /** `options` are as Python writes them. */
  constructor(name: string, fields: StructFeature, options: Readonly<Record<string, unknown>>) {
    this.#name = name;
    this.#options = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    Object.assign(this, fields);
  }

  toJSON(): object {
    return { ...this.#options, _type: this.#name };
  }

  toString(): string {
    const options = Object.entries(this.#options).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
    return `${this.#name}(${options.join(", ")})`;
  }

  [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    return `${this.#name} ${print(this.#options, options)}`;
  }
}

/** True where `feature` is a struct: an object of features. */
export function isStruct(feature: Feature): feature is StructFeature {
  const isOther = feature instanceof Value || feature instanceof ClassLabel || feature instanceof Json;
  return !(isOther || feature instanceof List);
}

/** A feature in words, for messages: `Value("int64")`, `{a: Value("string")}`. */
export function describeFeature(feature: Feature): string {
  if (!isStruct(feature) || feature instanceof NamedStruct) return String(feature);
  return `{${Object.entries(feature)
    .map(([name, field]) => `${name}: ${describeFeature(field)}`)
    .join(", ")}}`;
}

/** True where two features are the same type: dtypes, names in order, lengths and fields. */
export function sameFeature(a: Feature, b: Feature): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function namesOf<Name extends string>(options: { names?: readonly Name[]; numClasses?: number }): Name[] {
  const { names, numClasses } = options;
  if ((names === undefined) === (numClasses === undefined)) {
    throw new ConfigError("a ClassLabel has names, or a number of classes, numClasses, and not both");
  }
  if (names !== undefined) return [...names];
  if (!(Number.isInteger(numClasses) && Number(numClasses) >= 0)) {
    throw new ConfigError(`numClasses is ${String(numClasses)}: give a whole number of classes`);
  }
  return Array.from({ length: Number(numClasses) }, (_, i) => String(i) as Name);
}

/** Names in quotes, with commas: for messages. */
function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
