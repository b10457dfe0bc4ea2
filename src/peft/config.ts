// What a LoRA adapter is: LoraConfig, and adapter_config.json as Python's peft writes and reads it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, FileFormatError } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import { expectKnown, expectOneOf } from "../support/options.js";

export const ADAPTER_CONFIG = "adapter_config.json";

/** peft's names of what a model is for. With one, Python's peft wraps the model in the class of that task. */
export const TASK_TYPES = [
  "SEQ_CLS",
  "TOKEN_CLS",
  "QUESTION_ANS",
  "FEATURE_EXTRACTION",
  "CAUSAL_LM",
  "SEQ_2_SEQ_LM",
] as const;
export type PeftTaskType = (typeof TASK_TYPES)[number];

/** Choices of an adapter, under peft's names and with its defaults. */
export interface LoraOptions {
  /** Rank of the update matrices. Default 8. */
  readonly r?: number;
  /** The update is scaled by loraAlpha / r. Default 8. */
  readonly loraAlpha?: number;
  /**
   * Which linear layers are adapted: ends of their paths (["query", "value"]), a regular expression over whole paths, or
   * "all-linear" for all but the head. Default: what peft takes for the architecture, query and value.
   */
  readonly targetModules?: string | readonly string[];
  /** Of those the ones that are not; spelled as targetModules. Default none. */
  readonly excludeModules?: string | readonly string[];
  /** Probability with which an input of an update is dropped. Default 0. */
  readonly loraDropout?: number;
  /** Biases that train too: none, all, or those of adapted layers. Default "none". */
  readonly bias?: "none" | "all" | "lora_only";
  /** Modules that train as a whole and are saved with the adapter, by the ends of their paths. Default: the model's head. */
  readonly modulesToSave?: readonly string[];
  /** Default: by the model's head. */
  readonly taskType?: PeftTaskType;
  /** Scale by loraAlpha / sqrt(r) (Kalajdzievski 2023). Default false. */
  readonly useRslora?: boolean;
  /** Ranks of single layers, by regular expressions over ends of their paths. Default none. */
  readonly rankPattern?: Readonly<Record<string, number>>;
  /** The same for loraAlpha. */
  readonly alphaPattern?: Readonly<Record<string, number>>;
  /** Only layers of these numbers are adapted. Default all. */
  readonly layersToTransform?: number | readonly number[];
  /** What stands before a layer's number in paths ("layer"), where it is not found. */
  readonly layersPattern?: string | readonly string[];
  /** First values: true, down as a linear layer's and up zero; "gaussian", down normal of deviation 1/r; false, up is not zero. Default true. */
  readonly initLoraWeights?: boolean | "gaussian";
}

const NAMES = [
  "r",
  "loraAlpha",
  "targetModules",
  "excludeModules",
  "loraDropout",
  "bias",
  "modulesToSave",
  "taskType",
  "useRslora",
  "rankPattern",
  "alphaPattern",
  "layersToTransform",
  "layersPattern",
  "initLoraWeights",
] as const satisfies readonly (keyof LoraOptions)[];

/** An adapter's choices, complete and checked. */
export class LoraConfig {
  readonly r: number;
  readonly loraAlpha: number;
  readonly targetModules: string | readonly string[] | undefined;
  readonly excludeModules: string | readonly string[] | undefined;
  readonly loraDropout: number;
  readonly bias: "none" | "all" | "lora_only";
  readonly modulesToSave: readonly string[] | undefined;
  readonly taskType: PeftTaskType | undefined;
  readonly useRslora: boolean;
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
  readonly layersToTransform: number | readonly number[] | undefined;
  readonly layersPattern: string | readonly string[] | undefined;
  readonly initLoraWeights: boolean | "gaussian";

  /** @throws ConfigError for an option that does not exist, with the nearest, or a value out of range */
  constructor(options: LoraOptions = {}) {
    expectKnown("LoraConfig", options, NAMES);
    this.r = options.r ?? 8;
    this.loraAlpha = options.loraAlpha ?? 8;
    this.targetModules = options.targetModules;
    this.excludeModules = options.excludeModules;
    this.loraDropout = options.loraDropout ?? 0;
    this.bias = options.bias ?? "none";
    this.modulesToSave = options.modulesToSave;
    this.taskType = options.taskType;
    this.useRslora = options.useRslora ?? false;
    this.rankPattern = options.rankPattern ?? {};
    this.alphaPattern = options.alphaPattern ?? {};
    this.layersToTransform = options.layersToTransform;
    this.layersPattern = options.layersPattern;
    this.initLoraWeights = options.initLoraWeights ?? true;
    for (const [name, rank] of [["r", this.r], ...Object.entries(this.rankPattern)] as const) {
      if (!(Number.isInteger(rank) && rank > 0))
        throw new ConfigError(`LoraConfig: ${name} is ${rank}; a rank is a positive integer`);
    }
    for (const [name, alpha] of [["loraAlpha", this.loraAlpha], ...Object.entries(this.alphaPattern)] as const) {
      if (!Number.isFinite(alpha)) throw new ConfigError(`LoraConfig: ${name} is ${alpha}; a number is needed`);
    }
    if (!(this.loraDropout >= 0 && this.loraDropout < 1))
      throw new ConfigError(
        `LoraConfig: loraDropout is ${this.loraDropout}; a probability from 0 to below 1 is needed`,
      );
    expectOneOf("LoraConfig: bias", this.bias, ["none", "all", "lora_only"]);
    expectOneOf("LoraConfig: initLoraWeights", this.initLoraWeights, [true, false, "gaussian"]);
    expectOneOf("LoraConfig: taskType", this.taskType, TASK_TYPES);
  }

  /** The same with other choices. */
  with(changes: LoraOptions): LoraConfig {
    return new LoraConfig({ ...this, ...changes });
  }
}

/** Names in adapter_config.json of the options that it shares with LoraOptions. */
const SPELLED: Readonly<Record<(typeof NAMES)[number], string>> = {
  r: "r",
  loraAlpha: "lora_alpha",
  targetModules: "target_modules",
  excludeModules: "exclude_modules",
  loraDropout: "lora_dropout",
  bias: "bias",
  modulesToSave: "modules_to_save",
  taskType: "task_type",
  useRslora: "use_rslora",
  rankPattern: "rank_pattern",
  alphaPattern: "alpha_pattern",
  layersToTransform: "layers_to_transform",
  layersPattern: "layers_pattern",
  initLoraWeights: "init_lora_weights",
};

/** adapter_config.json. `base`: the checkpoint that the adapter belongs to. */
export function adapterConfigJson(config: LoraConfig, base: string | undefined): string {
  const own = NAMES.map((name): [string, unknown] => [SPELLED[name], config[name] ?? null]);
  const others = {
    auto_mapping: null,
    base_model_name_or_path: base ?? null,
    fan_in_fan_out: false,
    inference_mode: true,
    lora_bias: false,
    peft_type: "LORA",
    revision: null,
    use_dora: false,
  };
  const entries = [...own, ...Object.entries(others)].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(entries), null, 2);
}

export interface SavedAdapterConfig {
  readonly config: LoraConfig;
  /** The checkpoint that the adapter belongs to, where the file says. */
  readonly base: string | undefined;
}

/** Keys that say nothing about what an adapter computes once it is trained. */
const WITHOUT_EFFECT = new Set([
  "auto_mapping",
  "base_model_name_or_path",
  "inference_mode",
  "peft_type",
  "peft_version",
  "revision",
  "megatron_core",
  "qalora_group_size",
  "runtime_config",
  "parent_library",
  "eva_config",
  "lora_ga_config",
]);

/** First values of adapters that leave the base model as it is: all the same once trained. */
const ORDINARY_STARTS: readonly unknown[] = [true, false, "gaussian", "eva", "orthogonal", "lora_ga"];

/** @throws FileFormatError where the file is missing or no adapter's; ConfigError for an adapter of a kind that is not supported */
export async function readAdapterConfig(folder: string): Promise<SavedAdapterConfig> {
  const path = join(folder, ADAPTER_CONFIG);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new FileFormatError(
      `${folder} is no adapter: ${ADAPTER_CONFIG} cannot be read (${(error as Error).message})`,
      {
        cause: error,
      },
    );
  }
  if (!isObject(json)) throw new FileFormatError(`${path} does not hold a JSON object`);
  const raw = json;
  if (raw.peft_type !== "LORA") {
    throw new ConfigError(`${path}: peft_type ${JSON.stringify(raw.peft_type)} is not supported; "LORA" is`);
  }
  const known = new Set(Object.values(SPELLED));
  for (const [key, value] of Object.entries(raw)) {
    if (known.has(key) || WITHOUT_EFFECT.has(key) || isUnset(value)) continue;
    throw new ConfigError(
      `${path}: ${key} ${JSON.stringify(value)} is not supported: the adapter would compute something else`,
    );
  }
  const start = raw.init_lora_weights ?? true;
  if (!ORDINARY_STARTS.includes(start)) {
    throw new ConfigError(
      `${path}: init_lora_weights ${JSON.stringify(start)} changes the base model; convert the adapter to an ordinary one with peft ` +
        "(path_initial_model_for_weight_conversion)",
    );
  }
  const options = Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = raw[SPELLED[name]];
      return value === undefined || value === null ? [] : [[name, value]];
    }),
  );
  const config = new LoraConfig({
    ...options,
    initLoraWeights: start === "gaussian" || typeof start === "boolean" ? start : true,
  });
  const base = raw.base_model_name_or_path;
  return { config, base: typeof base === "string" && base !== "" ? base : undefined };
}

function isUnset(value: unknown): boolean {
  if (value === null || value === false || value === undefined) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
