// config.json: keys as Python writes them, defaults of the family, label names.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Activation } from "../backends/kernels.js";
import { ADAPTED_CONFIG, CONFIG } from "../checkpoint/index.js";
import { writeFileAtomic } from "../support/atomic.js";
import { ConfigError, FileFormatError, nearest } from "../support/errors.js";
import { isObject } from "../support/json-object.js";

export type ProblemType = "regression" | "single_label_classification" | "multi_label_classification";

/** What every family's config has, with keys as in config.json. */
export interface CommonConfig {
  model_type: string;
  architectures?: readonly string[];
  /** Label names by class number; their number is the number of outputs of a classification head. */
  id2label: Readonly<Record<number, string>>;
  label2id: Readonly<Record<string, number>>;
  problem_type?: ProblemType;
  initializer_range: number;
  /** Rows of the table of positions: no sequence is longer. */
  max_position_embeddings?: number;
  /** Keys that Attune does not know; kept and written back. */
  readonly [key: string]: unknown;
}

/** Choices that every family's config accepts beside its own keys. */
export interface ConfigOptions {
  /** Number of outputs of a classification head; label names become LABEL_0 ... unless id2label is given. */
  readonly numLabels?: number;
  readonly id2label?: Readonly<Record<number, string>> | readonly string[];
  readonly label2id?: Readonly<Record<string, number>>;
  readonly problemType?: ProblemType;
}

export function numLabels(config: CommonConfig): number {
  return Object.keys(config.id2label).length;
}

/** The raw config.json of a checkpoint folder. Throws FileFormatError if it is missing or not a JSON object. */
export async function readConfig(folder: string): Promise<Record<string, unknown>> {
  const found = await readFirst(folder, [CONFIG, ADAPTED_CONFIG]);
  if (!("text" in found)) {
    throw new FileFormatError(`${folder} is not a checkpoint: ${CONFIG} cannot be read (${found.error.message})`, {
      cause: found.error,
    });
  }
  const { path, text } = found;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new FileFormatError(`${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!isObject(json)) {
    throw new FileFormatError(`${path} does not hold a JSON object`);
  }
  return json;
}

/** The first of some files that can be read, or why the first cannot. */
async function readFirst(
  folder: string,
  names: readonly string[],
): Promise<{ readonly path: string; readonly text: string } | { readonly error: Error }> {
  let error: Error | undefined;
  for (const path of names.map((name) => join(folder, name))) {
    try {
      return { path, text: await readFile(path, "utf8") };
    } catch (failure) {
      error ??= failure as Error;
    }
  }
  return { error: error ?? new Error("there is none") };
}

/** Keys that Python's config classes take as float only: a whole number is written with its ".0". */
const FLOAT_KEYS = ["initializer_range", "initializer_cutoff_factor", "layer_norm_eps", "norm_eps"];
const WHOLE_FLOAT = new RegExp(`^(  "(?:${FLOAT_KEYS.join("|")})": -?\\d+)(?=,?$)`, "gm");

/** Writes config.json as Python does: sorted keys, two spaces, a newline at the end. */
export async function writeConfig(folder: string, config: CommonConfig, name = CONFIG): Promise<void> {
  const entries = Object.entries(config).filter(([, value]) => value !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const json = JSON.stringify(Object.fromEntries(entries), null, 2).replaceAll(WHOLE_FLOAT, "$1.0");
  await writeFileAtomic(join(folder, name), `${json}\n`);
}

/** Completes a raw config with the family's defaults, label names and the caller's choices. */
export function completeConfig<Config extends CommonConfig>(
  defaults: Config,
  raw: Readonly<Record<string, unknown>>,
  options: ConfigOptions & Readonly<Record<string, unknown>>,
): Config {
  const { numLabels: count, id2label, label2id, problemType, ...overrides } = options;
  const merged: Record<string, unknown> = { ...defaults, ...withoutNull(raw), ...overrides };
  for (const [key, value] of Object.entries(defaults)) {
    if (typeof value === "number" && typeof merged[key] !== "number") {
      throw new ConfigError(`config: ${key} must be a number, not ${JSON.stringify(merged[key])}`);
    }
  }
  const fromRaw = raw.id2label as Record<number, string> | undefined;
  const names =
    normalizeLabels(id2label) ??
    (count !== undefined && count !== Object.keys(fromRaw ?? defaults.id2label).length ? numbered(count) : fromRaw) ??
    numbered(count ?? (typeof raw.num_labels === "number" ? raw.num_labels : 2));
  if (count !== undefined && Object.keys(names).length !== count) {
    throw new ConfigError(`numLabels is ${count}, but id2label names ${Object.keys(names).length} labels`);
  }
  delete merged.num_labels;
  merged.id2label = names;
  merged.label2id = label2id ?? Object.fromEntries(Object.entries(names).map(([id, name]) => [name, Number(id)]));
  if (problemType) merged.problem_type = problemType;
  return merged as Config;
}

function numbered(count: number): Record<number, string> {
  if (!Number.isInteger(count) || count < 1)
    throw new ConfigError(`numLabels must be a positive integer, not ${count}`);
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [i, `LABEL_${i}`]));
}

function normalizeLabels(labels: ConfigOptions["id2label"]): Record<number, string> | undefined {
  return labels && Object.fromEntries(Object.entries(labels).map(([id, name]) => [Number(id), name as string]));
}

/** Python writes null for what is not set. */
function withoutNull(raw: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null));
}

/** A family's config: config.json's content completed with defaults and the caller's overrides. Throws ConfigError. */
export type ConfigFunction<Config extends CommonConfig = CommonConfig> = (
  raw?: Readonly<Record<string, unknown>>,
  options?: ConfigOptions & Readonly<Record<string, unknown>>,
) => Config;

/** Throws ConfigError where a config asks for a value of `key` that Attune does not do; an absent key is fine. */
export function refuse(config: CommonConfig, key: string, supported: readonly unknown[]): void {
  const value = config[key];
  if (value === undefined || supported.includes(value)) return;
  throw new ConfigError(
    `config: ${key} ${JSON.stringify(value)} is not supported; ${supported.map((one) => JSON.stringify(one)).join(" and ")} is`,
  );
}

/** Throws ConfigError where `size` is not a multiple of `parts`. */
export function requireMultiple<Config extends CommonConfig>(
  config: Config,
  size: keyof Config,
  parts: keyof Config,
): void {
  const [whole, number] = [Number(config[size]), Number(config[parts])];
  if (whole % number !== 0) {
    throw new ConfigError(`config: ${String(size)} ${whole} is not a multiple of ${String(parts)} ${number}`);
  }
}

/** Names of activations in config.json (transformers: activations.py) and their kernels. */
const activations: Readonly<Record<string, Activation>> = {
  gelu: "gelu",
  gelu_new: "gelu_tanh",
  gelu_fast: "gelu_tanh",
  gelu_pytorch_tanh: "gelu_tanh",
  relu: "relu",
  silu: "silu",
  swish: "silu",
  tanh: "tanh",
};

export function activationOf(name: string): Activation {
  if (Object.hasOwn(activations, name)) return activations[name];
  const near = nearest(name, Object.keys(activations));
  throw new ConfigError(
    `config: hidden_act "${name}" is not known${near ? `; did you mean "${near}"?` : ""} (${Object.keys(activations).join(", ")})`,
  );
}
