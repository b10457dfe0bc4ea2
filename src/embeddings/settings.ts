// What makes an encoder a model of sentences: how it pools, normalizes, cuts and prompts, in the files of Python's
// sentence-transformers (modules.json and what it names).
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../support/atomic.js";
import { ConfigError, FileFormatError } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import { warn } from "../support/log.js";
import { POOLING_MODES, type PoolingMode } from "./pooling.js";

export interface Settings {
  readonly pooling: PoolingMode;
  readonly normalize: boolean;
  readonly maxSeqLength: number;
  readonly prompts: Readonly<Record<string, string>>;
  readonly defaultPromptName: string | undefined;
}

const MODULES = "modules.json";
const POOLING = "1_Pooling";
const LENGTH = "sentence_bert_config.json";
const PROMPTS = "config_sentence_transformers.json";

/** The files that a repository may have of it. */
export const SETTINGS_FILES = [MODULES, `${POOLING}/config.json`, LENGTH, PROMPTS];

/** What versions of sentence-transformers below 5 call the modes. */
const OLDER_MODES: Readonly<Record<PoolingMode, string>> = {
  cls: "pooling_mode_cls_token",
  mean: "pooling_mode_mean_tokens",
  max: "pooling_mode_max_tokens",
};

/** Writes them so that older and newer versions of sentence-transformers read them. */
export async function writeSettings(folder: string, settings: Settings, dimension: number): Promise<void> {
  const { pooling, normalize, maxSeqLength, prompts, defaultPromptName } = settings;
  await mkdir(join(folder, POOLING), { recursive: true });
  const modes = Object.fromEntries(Object.entries(OLDER_MODES).map(([mode, key]) => [key, mode === pooling]));
  await writeJson(join(folder, POOLING, "config.json"), {
    word_embedding_dimension: dimension,
    ...modes,
    include_prompt: true,
  });
  await writeJson(join(folder, LENGTH), { max_seq_length: maxSeqLength, do_lower_case: false });
  await writeJson(join(folder, PROMPTS), {
    prompts,
    default_prompt_name: defaultPromptName ?? null,
    similarity_fn_name: "cosine",
  });
  const type = "sentence_transformers.models.";
  const modules = [
    { path: "", type: `${type}Transformer` },
    { path: POOLING, type: `${type}Pooling` },
    ...(normalize ? [{ path: "2_Normalize", type: `${type}Normalize` }] : []),
  ].map(({ path, type }, idx) => ({ idx, name: String(idx), path, type }));
  if (normalize) await mkdir(join(folder, "2_Normalize"), { recursive: true });
  await writeJson(join(folder, MODULES), modules);
}

/**
 * What a folder says of itself; nothing where it is that of a plain encoder.
 * @throws ConfigError for modules, or a pooling, that are not supported; FileFormatError for damaged files
 */
export async function readSettings(folder: string): Promise<Partial<Settings>> {
  const modules = (await readJson(join(folder, MODULES))) as
    | { readonly path?: string; readonly type?: string }[]
    | undefined;
  const { max_seq_length: length } = (await readObject(join(folder, LENGTH))) ?? {};
  const maxSeqLength = typeof length === "number" ? length : undefined;
  const { prompts = {}, default_prompt_name: name } = (await readObject(join(folder, PROMPTS))) ?? {};
  const prompting = {
    prompts: prompts as Settings["prompts"],
    defaultPromptName: typeof name === "string" ? name : undefined,
  };
  if (!Array.isArray(modules)) return { maxSeqLength, ...prompting };
  const kinds = modules.map(({ type }) => type?.split(".").at(-1));
  const strange = kinds.filter((kind) => !["Transformer", "Pooling", "Normalize"].includes(kind ?? ""));
  if (strange.length > 0)
    throw new ConfigError(`${join(folder, MODULES)}: the module ${strange.join(", ")} is not supported`);
  const normalize = kinds.includes("Normalize");
  const config = await readObject(join(folder, modules[kinds.indexOf("Pooling")]?.path ?? POOLING, "config.json"));
  if (!config) {
    warn(`${folder} has no configuration of its pooling: taking the mean`);
    return { normalize, maxSeqLength, ...prompting };
  }
  return { pooling: poolingOf(config, folder), normalize, maxSeqLength, ...prompting };
}

function poolingOf(config: Readonly<Record<string, unknown>>, folder: string): PoolingMode {
  const set =
    config.pooling_mode === undefined
      ? Object.keys(config).filter((key) => key.startsWith("pooling_mode_") && config[key] === true)
      : [config.pooling_mode].flat().map(String);
  const found = POOLING_MODES.find((mode) => set.length === 1 && (set[0] === mode || set[0] === OLDER_MODES[mode]));
  if (found !== undefined) return found;
  throw new ConfigError(
    `${folder}: pooling by ${set.join(" and ") || "nothing"} is not supported; one of ${POOLING_MODES.join(", ")} is`,
  );
}

function writeJson(path: string, value: unknown): Promise<void> {
  return writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FileFormatError(`${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws FileFormatError for a file that holds something else */
async function readObject(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const value = await readJson(path);
  if (value === undefined || isObject(value)) return value as Readonly<Record<string, unknown>> | undefined;
  throw new FileFormatError(`${path} does not hold a JSON object`);
}
