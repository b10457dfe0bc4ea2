// Features and Arrow's fields: which layout stores which feature, and which feature a file's column has where nothing says
// so. The schema's metadata `huggingface` is Python's form: {"info": {"features": ...}}.
import { ConfigError } from "../../support/errors.js";
import {
  ClassLabel,
  describeFeature,
  type Feature,
  isStruct,
  Json,
  LargeList,
  List,
  type StructFeature,
  Value,
} from "../features.js";
import { isTypedList, typedList } from "../infer.js";
import { ArrayFeature, namedFeature } from "../named-features.js";
import { featureFromJson } from "../read-features.js";
import {
  type ArrowField,
  type ArrowSchema,
  type ArrowType,
  dtypeName,
  EXTENSION_METADATA,
  EXTENSION_NAME,
  isJsonField,
  typeOfDtype,
} from "./types.js";
import { TYPED_LIST } from "./values.js";

const NO_METADATA: ReadonlyMap<string, string> = new Map();
const TYPED: ReadonlyMap<string, string> = new Map([[TYPED_LIST, "true"]]);

/**
 * The field that stores a feature. `given` is the feature that was inferred from the values, where it is another: it knows
 * which lists came as typed arrays, which are given back as such.
 *
 * @throws ConfigError where a dtype has parameters that no Arrow type has
 */
export function fieldOf(name: string, feature: Feature, given: Feature = feature): ArrowField {
  const make = (type: ArrowType, children: ArrowField[] = [], metadata = NO_METADATA): ArrowField => {
    return { name, type, nullable: true, children, metadata };
  };
  if (feature instanceof ClassLabel) return make({ kind: "int", bits: 64, signed: true });
  if (feature instanceof Json) return make({ kind: "utf8", form: "small" }, [], extension("arrow.json", ""));
  if (feature instanceof ArrayFeature) return arrayField(name, feature);
  if (feature instanceof List) {
    const element = fieldOf("item", feature.feature, given instanceof List ? given.feature : undefined);
    const type: ArrowType =
      feature.length === -1
        ? { kind: "list", large: feature instanceof LargeList }
        : { kind: "fixedList", size: feature.length };
    return make(type, [element], isTypedList(given) && isTypedArrayElement(element.type) ? TYPED : NO_METADATA);
  }
  if (isStruct(feature)) {
    const inferred = isStruct(given) ? given : {};
    return make(
      { kind: "struct" },
      Object.entries(feature).map(([field, each]) => fieldOf(field, each, inferred[field] ?? each)),
    );
  }
  const type = typeOfDtype(feature.dtype);
  if (type === undefined) throw new ConfigError(`column "${name}": ${feature} is not a type that can be stored`);
  return make(type);
}

/** The metadata of a field whose values are of an extension. */
function extension(name: string, metadata: string): ReadonlyMap<string, string> {
  return new Map([
    [EXTENSION_METADATA, metadata],
    [EXTENSION_NAME, name],
  ]);
}

const ARRAY_EXTENSION = /^datasets\.features\.features\.(Array[2-5]D)ExtensionType$/;

/** Lists of lists of any length, under Python's name for arrays: it does not take lists of fixed length for one. */
function arrayField(name: string, feature: ArrayFeature): ArrowField {
  const { shape, dtype } = feature;
  let lists: Feature = new Value(dtype);
  for (let i = 0; i < shape.length; i++) lists = new List(lists);
  const type = `datasets.features.features.Array${shape.length}DExtensionType`;
  return { ...fieldOf(name, lists), metadata: extension(type, JSON.stringify([shape, dtype])) };
}

/** The feature of an extension that Python's datasets has; undefined for others, which are read as what they are stored as. */
function extensionFeature(field: ArrowField): Feature | undefined {
  if (isJsonField(field)) return new Json();
  const [, name] = ARRAY_EXTENSION.exec(field.metadata.get(EXTENSION_NAME) ?? "") ?? [];
  if (name === undefined) return undefined;
  const [shape, dtype] = JSON.parse(field.metadata.get(EXTENSION_METADATA) ?? "[]") as unknown[];
  return namedFeature(name, { shape, dtype });
}

/** True for the elements of JavaScript's typed arrays of numbers. */
function isTypedArrayElement(type: ArrowType): boolean {
  return (type.kind === "int" && type.bits < 64) || (type.kind === "float" && type.bits > 16);
}

/** The feature of a column that nothing but its field describes. */
export function featureOf(field: ArrowField): Feature {
  const { type, children, metadata } = field;
  const extended = extensionFeature(field);
  if (extended !== undefined) return extended;
  switch (type.kind) {
    case "list": {
      const element = featureOf(children[0]);
      if (type.large) return new LargeList(element);
      return element instanceof Value && metadata.get(TYPED_LIST) === "true" ? typedList(element) : new List(element);
    }
    case "fixedList":
      return new List(featureOf(children[0]), { length: type.size });
    case "struct":
      return Object.fromEntries(children.map((child) => [child.name, featureOf(child)]));
    default:
      return new Value(dtypeName(type));
  }
}

/**
 * The features of a file's columns: those of its metadata, else those of its fields.
 *
 * @throws Error, with the reason, where the metadata cannot be read or names other columns or types than the file holds
 */
export function featuresOf(schema: ArrowSchema): StructFeature {
  const described = describedFeatures(schema);
  return Object.fromEntries(
    schema.fields.map((field) => {
      const feature = described?.[field.name];
      if (feature === undefined) return [field.name, featureOf(field)];
      checkStored(field.name, feature, field);
      return [field.name, feature];
    }),
  );
}

function describedFeatures({ metadata }: ArrowSchema): StructFeature | undefined {
  const json = metadata.get("huggingface");
  if (json === undefined) return undefined;
  try {
    const features = (JSON.parse(json) as { info?: { features?: unknown } } | null)?.info?.features;
    return features === undefined || features === null ? undefined : (featureFromJson(features) as StructFeature);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`its metadata "huggingface" cannot be read: ${reason}`, { cause: error });
  }
}

/** Throws Error where values of `field` cannot be read as `feature`. */
export function checkStored(column: string, feature: Feature, field: ArrowField): void {
  if (holds(field, feature)) return;
  const stored = describeFeature(featureOf(field));
  throw new Error(`column "${column}" is said to be ${describeFeature(feature)}, but is stored as ${stored}`);
}

function holds(field: ArrowField, feature: Feature): boolean {
  const { type, children } = field;
  if (type.kind === "null") return true;
  if (feature instanceof Json || isJsonField(field)) return feature instanceof Json && isJsonField(field);
  if (feature instanceof List) {
    return (type.kind === "list" || type.kind === "fixedList") && holds(children[0], feature.feature);
  }
  if (isStruct(feature)) {
    return (
      type.kind === "struct" &&
      Object.entries(feature).every(([name, each]) =>
        children.some((child) => child.name === name && holds(child, each)),
      )
    );
  }
  if (type.kind === "list" || type.kind === "fixedList" || type.kind === "struct") return false;
  const wanted = typeOfDtype(feature.dtype)?.kind;
  const isBytes = (kind: string | undefined) => kind === "binary" || kind === "fixedBinary";
  return wanted === type.kind || (isBytes(wanted) && isBytes(type.kind));
}

/** The metadata that tells Python's datasets, and our own reader, the features of a schema. */
export function huggingfaceMetadata(features: StructFeature): [key: string, value: string] {
  return ["huggingface", JSON.stringify({ info: { features } })];
}

/** The schema that stores columns of these fields and features. */
export function schemaOf(fields: readonly ArrowField[], features: StructFeature): ArrowSchema {
  return { fields, metadata: new Map([huggingfaceMetadata(features)]) };
}
