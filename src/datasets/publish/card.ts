// The card of a published dataset: `dataset_info` and `configs` in the YAML at its beginning, written or brought up to date,
// with all else that stands in it left as it is. Forms are those of datasets 5.2 (info.py, utils/metadata.py).
import { type Document, parseDocument } from "yaml";
import { ConfigError, FileFormatError } from "../../support/errors.js";
import { isObject } from "../../support/json-object.js";
import {
  ClassLabel,
  type Feature,
  Json,
  LargeList,
  List,
  NamedStruct,
  type StructFeature,
  Value,
} from "../features.js";
import { ArrayFeature, cardSpelling } from "../named-features.js";

/** A split as `dataset_info` lists it. */
export interface SplitInfo {
  readonly name: string;
  /** In Arrow. */
  readonly num_bytes: number;
  readonly num_examples: number;
}

/** What was published of a configuration. */
export interface PublishedConfig {
  readonly name: string;
  /** Folder of its files. */
  readonly dataDir: string;
  readonly features: StructFeature;
  readonly splits: readonly SplitInfo[];
  /** Bytes of the files of these splits now, and of those that they replace. */
  readonly uploaded: number;
  readonly replaced: number;
  /** It is the one to load where none is named. */
  readonly isDefault: boolean;
}

type Fields = Record<string, unknown>;

const FRONT_MATTER = /^\uFEFF?---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)/s;

/**
 * The text of a card with a configuration written into it; splits of it that were there before and are not replaced stay.
 * @throws ConfigError where those have other features; FileFormatError for a card whose YAML cannot be read
 */
export function updatedCard(text: string | undefined, config: PublishedConfig): string {
  const [matter, yaml = ""] = FRONT_MATTER.exec(text ?? "") ?? [""];
  const document = parseDocument(yaml, { logLevel: "error" });
  if (document.errors.length > 0) {
    throw new FileFormatError(`the card README.md has YAML that cannot be read: ${document.errors[0].message}`);
  }
  const fields = recordOf(document.toJS() ?? {}, "the card README.md");
  writeInfo(document, fields, config);
  writeConfigs(document, fields, config);
  const body = (text ?? "").slice(matter.length);
  return `---\n${document.toString({ lineWidth: 0 })}---\n${body}`;
}

function writeInfo(document: Document, fields: Fields, config: PublishedConfig): void {
  const infos = new Map(listOf(fields.dataset_info).map((info) => [String(info.config_name ?? "default"), info]));
  const before = infos.get(config.name);
  const oldSplits = listOf(before?.splits);
  const kept = oldSplits.filter(({ name }) => !config.splits.some((split) => split.name === name));
  const features = featuresToYaml(config.features);
  if (before !== undefined && kept.length > 0 && JSON.stringify(before.features) !== JSON.stringify(features)) {
    throw new ConfigError(
      `the configuration "${config.name}" has the splits ${kept.map(({ name }) => String(name)).join(", ")} with other features ` +
        "than those to be published: publish all splits together, or under another configuration",
    );
  }
  const splits = [...kept, ...config.splits];
  const bytes = splits.reduce((sum, split) => sum + Number(split.num_bytes ?? 0), 0);
  const downloads = kept.length > 0 ? Number(before?.download_size ?? 0) - config.replaced : 0;
  infos.set(config.name, {
    features,
    splits,
    download_size: Math.max(0, downloads) + config.uploaded,
    dataset_size: bytes,
  });
  const named = [...infos].map(([name, { config_name: _, ...info }]) => ({ config_name: name, ...info }));
  const [{ config_name: only, ...single }] = named;
  if (named.length > 1) document.set("dataset_info", document.createNode(named.sort(byName)));
  else document.set("dataset_info", document.createNode(only === "default" ? single : named[0]));
}

function writeConfigs(document: Document, fields: Fields, { name, dataDir, splits, isDefault }: PublishedConfig): void {
  const configs = listOf(fields.configs);
  const before = configs.find((config) => config.config_name === name);
  const current = splits.map((split) => ({ split: split.name, path: `${dataDir}/${split.name}-*` }));
  const kept = listOf(before?.data_files).filter(({ split }) => !splits.some((each) => each.name === split));
  const named = isDefault && name !== "default";
  const config = { config_name: name, data_files: [...kept, ...current], ...(named ? { default: true } : {}) };
  const others = configs.filter((each) => each !== before).map((each) => withoutDefault(each, isDefault));
  document.set("configs", document.createNode([...others, config].sort(byName)));
}

function withoutDefault(config: Fields, elsewhere: boolean): Fields {
  const { default: isDefault, ...rest } = config;
  return elsewhere || isDefault === undefined ? rest : config;
}

function byName(a: Fields, b: Fields): number {
  return String(a.config_name) < String(b.config_name) ? -1 : 1;
}

/** Features as a card lists them: `{name, dtype}`, `{name, list}`, `{name, struct}`. */
export function featuresToYaml(features: StructFeature): Fields[] {
  return Object.entries(features).map(([name, feature]) => ({ name, ...featureToYaml(feature) }));
}

function featureToYaml(feature: Feature): Fields {
  if (feature instanceof Value) return { dtype: feature.dtype };
  if (feature instanceof ClassLabel) {
    return { dtype: { class_label: { names: Object.fromEntries(feature.names.map((name, i) => [String(i), name])) } } };
  }
  if (feature instanceof Json || feature instanceof ArrayFeature || feature instanceof NamedStruct) {
    const { _type, ...options } = JSON.parse(JSON.stringify(feature)) as Fields;
    const name = cardSpelling(String(_type));
    return { dtype: Object.keys(options).length === 0 ? name : { [name]: options } };
  }
  if (feature instanceof List) {
    const inner = featureToYaml(feature.feature);
    const length = feature.length === -1 ? {} : { length: feature.length };
    const isPlain = Object.keys(inner).length === 1 && "dtype" in inner;
    const key = feature instanceof LargeList ? "large_list" : "list";
    return { [key]: isPlain ? inner.dtype : (inner.struct ?? inner), ...length };
  }
  return { struct: featuresToYaml(feature) };
}

function recordOf(value: unknown, where: string): Fields {
  if (isObject(value)) return value;
  throw new FileFormatError(`${where} has YAML that is no list of fields`);
}

/** A field that holds one record or a list of them. */
function listOf(value: unknown): Fields[] {
  return [value ?? []].flat().filter((each): each is Fields => typeof each === "object" && each !== null);
}
