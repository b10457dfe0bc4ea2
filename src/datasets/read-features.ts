// Reads features from their two written forms: the JSON of Python's datasets (schema metadata of Parquet and Arrow files,
// dataset_info.json) and the YAML of a dataset card. Writing the JSON form is `JSON.stringify(features)`.
// Forms and older spellings are those of datasets 5.2, features/features.py: generate_from_dict, _from_yaml_list.
import { ConfigError } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import { ClassLabel, type Feature, isStruct, LargeList, List, type StructFeature, Value } from "./features.js";
import { namedFeature, nameOfCard } from "./named-features.js";

/**
 * The feature that Python's JSON form describes: `{"dtype":"string","_type":"Value"}`, ClassLabel, List (also under its
 * older name Sequence), LargeList, those of named-features.ts, structs as objects without `_type`, a list in brackets.
 *
 * @throws ConfigError, saying what it cannot read, on any other form.
 */
export function featureFromJson(json: unknown): Feature {
  if (Array.isArray(json) && json.length === 1) return new List(featureFromJson(json[0]));
  if (!isObject(json)) {
    throw new ConfigError(`${JSON.stringify(json)} does not describe a feature`);
  }
  const fields = json as Readonly<Record<string, unknown>>;
  switch (fields._type) {
    case "Value":
      return new Value(String(fields.dtype));
    case "ClassLabel":
      return new ClassLabel({ names: stringNames(fields.names) });
    case "LargeList":
      return new LargeList(featureFromJson(fields.feature));
    case "List":
    case "Sequence": {
      const feature = featureFromJson(fields.feature);
      const options = typeof fields.length === "number" ? { length: fields.length } : {};
      if (fields._type !== "Sequence" || !isStruct(feature)) return new List(feature, options);
      return mapValues(feature, (field) => new List(field, options)); // a Sequence of structs is a struct of lists
    }
    case undefined:
      return mapValues(fields, featureFromJson);
    default: {
      if (typeof fields._type === "object") return mapValues(fields, featureFromJson); // a struct's field of that name
      const { _type, ...options } = fields;
      const named = namedFeature(String(_type), options);
      if (named !== undefined) return named;
      throw new ConfigError(`the feature ${String(_type)} is not known: it is none of Python's datasets 5.2`);
    }
  }
}

function stringNames(names: unknown): string[] {
  if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names;
  throw new ConfigError(`a list of names is needed, not ${JSON.stringify(names)}`);
}

function mapValues<T>(fields: Readonly<Record<string, T>>, change: (value: T) => Feature): StructFeature {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, change(value)]));
}

/**
 * The features that a dataset card's `dataset_info.features` describes: a list of `{name, dtype}`, where dtype is a
 * scalar's name or `{class_label: {names: {"0": ...}}}`, and `list`, `sequence` or `struct` may stand in its place.
 *
 * @throws ConfigError, saying what it cannot read, on any other form.
 */
export function featuresFromYaml(yaml: unknown): StructFeature {
  if (!Array.isArray(yaml))
    throw new ConfigError(`features should be a list of names and dtypes, not ${JSON.stringify(yaml)}`);
  return Object.fromEntries(
    yaml.map((entry: unknown) => {
      if (typeof entry !== "object" || entry === null || !("name" in entry)) {
        throw new ConfigError(`${JSON.stringify(entry)} is not a feature: it has no name`);
      }
      const { name, ...type } = entry;
      return [String(name), featureFromYaml(type)];
    }),
  );
}

function featureFromYaml(yaml: unknown): Feature {
  if (typeof yaml === "string") return namedFeature(nameOfCard(yaml) ?? "", {}) ?? new Value(yaml);
  if (Array.isArray(yaml)) return featuresFromYaml(yaml);
  if (typeof yaml !== "object" || yaml === null)
    throw new ConfigError(`${JSON.stringify(yaml)} does not describe a feature`);
  const fields = yaml as Readonly<Record<string, unknown>>;
  const options = typeof fields.length === "number" ? { length: fields.length } : {};
  if ("dtype" in fields) return featureFromYaml(fields.dtype);
  if ("struct" in fields) return featuresFromYaml(fields.struct);
  if ("list" in fields) return new List(featureFromYaml(fields.list), options);
  if ("large_list" in fields) return new LargeList(featureFromYaml(fields.large_list));
  if ("sequence" in fields) {
    const feature = featureFromYaml(fields.sequence);
    if (!Array.isArray(fields.sequence) || !isStruct(feature)) return new List(feature, options);
    return mapValues(feature, (field) => new List(field, options));
  }
  if ("class_label" in fields) return classLabelFromYaml(fields.class_label);
  const [[spelling, named] = ["", undefined]] = Object.entries(fields);
  const feature = namedFeature(nameOfCard(spelling) ?? "", (named ?? {}) as Readonly<Record<string, unknown>>);
  if (feature !== undefined) return feature;
  throw new ConfigError(`${JSON.stringify(yaml)} does not describe a feature that is known`);
}

function classLabelFromYaml(yaml: unknown): ClassLabel {
  const names: unknown = typeof yaml === "object" && yaml !== null && "names" in yaml ? yaml.names : undefined;
  if (!isObject(names)) return new ClassLabel({ names: stringNames(names) });
  const byClass = names as Readonly<Record<string, unknown>>;
  const classes = Object.keys(byClass);
  const ordered = classes.map((_, i) => {
    if (!(i in byClass)) throw new ConfigError(`class_label names ${classes.join(", ")} leave out class ${i}`);
    return String(byClass[i]); // YAML reads a bare yes or 1 as something else than a string
  });
  return new ClassLabel({ names: ordered });
}
