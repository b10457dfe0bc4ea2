// The features of a Parquet file's columns: from the Hub's metadata in the file, from the file's own schema, and the check
// that a declared feature is what the file holds.
import type { FileMetaData, SchemaTree } from "hyparquet";
import { parquetSchema } from "hyparquet";
import { FileFormatError } from "../../support/errors.js";
import { decimalOf } from "../arrow/decimals.js";
import { kindOf } from "../dtypes.js";
import {
  ClassLabel,
  describeFeature,
  type Feature,
  isStruct,
  Json,
  List,
  type StructFeature,
  sameFeature,
  Value,
} from "../features.js";
import { featureFromJson } from "../read-features.js";

/** Features that a dataset's description declares, and where it stands, for messages. */
export interface DeclaredFeatures {
  readonly features: StructFeature;
  readonly source: string;
}

/**
 * The feature of each column to read: as declared, else as the file's metadata of the Hub says, else as its schema does.
 *
 * @throws FileFormatError where the file does not hold the columns that are declared, or none of the three can be read.
 */
export function fileFeatures(file: string, metadata: FileMetaData, declared?: DeclaredFeatures): StructFeature {
  const held = Object.fromEntries(
    parquetSchema(metadata).children.map((node) => [node.element.name, schemaFeature(node)]),
  );
  const embedded = embeddedFeatures(file, metadata);
  const described = declared ?? embedded;
  if (described === undefined) return supported(file, held);
  checkFeatures(file, described, held);
  if (declared !== undefined && embedded !== undefined) checkLabels(file, declared, embedded);
  return described.features;
}

/** The features that the Hub's libraries write into the key-value metadata under `huggingface`. */
function embeddedFeatures(file: string, metadata: FileMetaData): DeclaredFeatures | undefined {
  const json = metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value;
  if (json === undefined) return undefined;
  try {
    const parsed = JSON.parse(json) as { info?: { features?: unknown } } | null;
    const features = parsed?.info?.features;
    if (features === undefined || features === null) return undefined;
    return { features: featureFromJson(features) as StructFeature, source: "its own metadata" };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileFormatError(`${file}: its metadata "huggingface" cannot be read: ${reason}`, { cause: error });
  }
}

const INTEGERS: ReadonlyMap<string, string> = new Map([
  ["INT_8", "int8"],
  ["INT_16", "int16"],
  ["INT_32", "int32"],
  ["INT_64", "int64"],
  ["UINT_8", "uint8"],
  ["UINT_16", "uint16"],
  ["UINT_32", "uint32"],
  ["UINT_64", "uint64"],
]);
const PHYSICAL: ReadonlyMap<string, string> = new Map([
  ["BOOLEAN", "bool"],
  ["INT32", "int32"],
  ["INT64", "int64"],
  ["INT96", "timestamp[ns]"],
  ["FLOAT", "float32"],
  ["DOUBLE", "float64"],
  ["BYTE_ARRAY", "binary"],
  ["FIXED_LEN_BYTE_ARRAY", "binary"],
]);

/** The feature of a column of the file's schema; undefined where none describes it: a map, or values of any type. */
function schemaFeature(node: SchemaTree): Feature | undefined {
  const { element, children } = node;
  if (element.repetition_type === "REPEATED")
    return wrapList(schemaFeature({ ...node, element: { ...element, repetition_type: "REQUIRED" } }));
  if (element.converted_type === "LIST" || element.logical_type?.type === "LIST") {
    // the three-level form: a group of a repeated group of an element; older writers leave the middle one out
    const [repeated] = children;
    if (repeated === undefined) return undefined; // a damaged schema
    const inner =
      repeated.children.length === 1 && repeated.element.name !== "array" ? repeated.children[0] : undefined;
    return inner === undefined ? schemaFeature(repeated) : wrapList(schemaFeature(inner));
  }
  const logical = element.logical_type?.type;
  if (element.converted_type === "MAP" || logical === "MAP" || logical === "VARIANT") return undefined;
  if (children.length > 0) {
    const fields = children.map((child) => [child.element.name, schemaFeature(child)] as const);
    return fields.every((field): field is readonly [string, Feature] => field[1] !== undefined)
      ? Object.fromEntries(fields)
      : undefined;
  }
  return element.converted_type === "JSON" || logical === "JSON" ? new Json() : new Value(leafType(element));
}

function wrapList(feature: Feature | undefined): List | undefined {
  return feature === undefined ? undefined : new List(feature);
}

/** The dtype of a leaf of the schema. */
export function leafType(element: SchemaTree["element"]): string {
  const { type, converted_type: converted, logical_type: logical } = element;
  switch (logical?.type) {
    case "STRING":
    case "ENUM":
    case "JSON":
    case "UUID":
      return "string";
    case "NULL":
      return "null";
    case "FLOAT16":
      return "float16";
    case "DATE":
      return "date32";
    case "TIMESTAMP":
      return `timestamp[${unitOf(logical.unit)}${logical.isAdjustedToUTC ? ", tz=UTC" : ""}]`;
    case "TIME":
      return `time${logical.unit === "MILLIS" ? "32" : "64"}[${unitOf(logical.unit)}]`;
    case "DECIMAL":
      return decimalName(logical.precision, logical.scale);
    default:
  }
  if (converted === "DECIMAL") return decimalName(element.precision ?? 0, element.scale ?? 0);
  if (converted === "UTF8" || converted === "ENUM" || converted === "JSON") return "string";
  if (converted === "DATE") return "date32";
  if (converted === "TIMESTAMP_MILLIS" || converted === "TIMESTAMP_MICROS") {
    return `timestamp[${converted === "TIMESTAMP_MILLIS" ? "ms" : "us"}]`;
  }
  return INTEGERS.get(converted ?? "") ?? PHYSICAL.get(type ?? "") ?? "binary";
}

/** As Arrow reads it: 38 digits are what 128 bits hold. */
function decimalName(precision: number, scale: number): string {
  return `decimal${precision > 38 ? 256 : 128}(${precision}, ${scale})`;
}

function unitOf(unit: "MILLIS" | "MICROS" | "NANOS"): string {
  return { MILLIS: "ms", MICROS: "us", NANOS: "ns" }[unit];
}

function supported(file: string, held: Readonly<Record<string, Feature | undefined>>): StructFeature {
  for (const [name, feature] of Object.entries(held)) {
    if (feature === undefined)
      throw new FileFormatError(`${file}: column "${name}" is of a type that is not supported`);
  }
  return held as StructFeature;
}

/** Throws FileFormatError where the file does not hold what is declared. */
function checkFeatures(
  file: string,
  { features, source }: DeclaredFeatures,
  held: Readonly<Record<string, Feature | undefined>>,
): void {
  for (const [name, feature] of Object.entries(features)) {
    if (!Object.hasOwn(held, name)) {
      const names = Object.keys(held).map((each) => `"${each}"`);
      throw new FileFormatError(`${file} has no column "${name}", which ${source} names: it has ${names.join(", ")}`);
    }
    const stored = held[name];
    if (stored !== undefined && !holds(feature, stored)) {
      const types = `${describeFeature(feature)}, but the file holds ${describeFeature(stored)}`;
      throw new FileFormatError(`${file}: ${source} says that column "${name}" is ${types}`);
    }
  }
  const extra = Object.keys(held).find((name) => !Object.hasOwn(features, name));
  if (extra !== undefined) throw new FileFormatError(`${file} has a column "${extra}", which ${source} does not name`);
}

/** Throws FileFormatError where two descriptions name a label's classes differently: one of them would mislabel every row. */
function checkLabels(file: string, one: DeclaredFeatures, other: DeclaredFeatures): void {
  for (const [name, feature] of Object.entries(one.features)) {
    const label = other.features[name];
    if (feature instanceof ClassLabel && label instanceof ClassLabel && !sameFeature(feature, label)) {
      throw new FileFormatError(
        `${file}: ${one.source} says that column "${name}" is ${feature}, but ${other.source} that it is ${label}`,
      );
    }
  }
}

/** Whether values stored as `held` can be read as `feature`. */
function holds(feature: Feature, held: Feature): boolean {
  if (held instanceof Value && held.dtype === "null") return true;
  if (feature instanceof Json || held instanceof Json) {
    return [feature, held].every(
      (each) => each instanceof Json || (each instanceof Value && kindOf(each.dtype) === "string"),
    );
  }
  if (feature instanceof List) return held instanceof List && holds(feature.feature, held.feature);
  if (isStruct(feature)) {
    return isStruct(held) && Object.keys(feature).every((name) => name in held && holds(feature[name], held[name]));
  }
  if (!(held instanceof Value) || kindOf(feature.dtype) !== kindOf(held.dtype)) return false;
  return kindOf(held.dtype) !== "decimal" || decimalOf(feature.dtype).scale === decimalOf(held.dtype).scale;
}
