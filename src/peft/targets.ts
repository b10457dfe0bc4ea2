// Which modules of a model an adapter means, by peft's rules.
import { Linear, type Module } from "../nn/index.js";
import { ConfigError } from "../support/errors.js";
import type { LoraConfig } from "./config.js";

/** The layers that peft adapts by default, by the architecture; "all-linear" where peft has no default. */
const DEFAULT_TARGETS: Readonly<Record<string, readonly string[]>> = {
  bert: ["query", "value"],
  roberta: ["query", "value"],
  "xlm-roberta": ["query", "value"],
  camembert: ["query", "value"],
  electra: ["query", "value"],
  albert: ["query", "value"],
  "deberta-v2": ["query_proj", "value_proj"],
  distilbert: ["q_lin", "v_lin"],
  mpnet: ["q", "v"],
  modernbert: ["Wqkv"],
};

/** What a model says of itself. */
interface Described {
  readonly config?: { readonly model_type?: string; readonly vocab_size?: unknown };
}

/** The config with the targets that it means for this model. @throws ConfigError where there is no default */
export function withTargets(config: LoraConfig, model: Module & Described): LoraConfig {
  if (config.targetModules !== undefined) return config;
  const type = model.config?.model_type;
  if (type !== undefined && Object.hasOwn(DEFAULT_TARGETS, type))
    return config.with({ targetModules: DEFAULT_TARGETS[type] });
  throw new ConfigError(
    `LoRA has no targetModules for ${type === undefined ? "a model without model_type" : `model_type "${type}"`}: name them, or "all-linear"`,
  );
}

/**
 * The linear layers to adapt, by their paths.
 * @throws ConfigError where there are none, listing what could be meant
 */
export function findTargets(config: LoraConfig, model: Module & Described): Map<string, Linear> {
  const { targetModules, excludeModules, modulesToSave = [] } = config;
  const found = new Map<string, Linear>();
  const others: string[] = [];
  const linears: string[] = [];
  for (const [path, module] of model.namedModules()) {
    if (path === "" || modulesToSave.some((name) => isAtOrBelow(path, name))) continue;
    if (module instanceof Linear) linears.push(path);
    if (excludeModules !== undefined && matches(excludeModules, path)) continue;
    if (targetModules === "all-linear") {
      if (module instanceof Linear && module.weight.shape[0] !== model.config?.vocab_size) found.set(path, module);
      continue;
    }
    if (targetModules === undefined || !matches(targetModules, path) || !isOfLayers(config, path)) continue;
    if (module instanceof Linear) found.set(path, module);
    else others.push(path);
  }
  if (others.length > 0) {
    throw new ConfigError(
      `LoRA adapts linear layers, and targetModules also means ${others.slice(0, 5).join(", ")}: name layers`,
    );
  }
  if (found.size > 0) return found;
  const ends = [...new Set(linears.map((path) => path.split(".").at(-1)))];
  throw new ConfigError(
    `targetModules ${JSON.stringify(targetModules)} means no linear layer of this model; its layers are called ${ends.join(", ")}`,
  );
}

/** The rank and the alpha of one layer. */
export function scaleOf(
  { r, loraAlpha, rankPattern, alphaPattern, useRslora }: LoraConfig,
  path: string,
): { rank: number; scale: number } {
  const of = (patterns: Readonly<Record<string, number>>, otherwise: number) => {
    const key = Object.keys(patterns).find((pattern) => expression(`(.*\\.)?(${pattern})`).test(path));
    return key === undefined ? otherwise : patterns[key];
  };
  const [rank, alpha] = [of(rankPattern, r), of(alphaPattern, loraAlpha)];
  return { rank, scale: alpha / (useRslora ? Math.sqrt(rank) : rank) };
}

/** Modules by the ends of their paths; those within another of them are that one's. */
export function findModules(names: readonly string[], model: Module): Map<string, Module> {
  const found = new Map<string, Module>();
  for (const [path, module] of model.namedModules()) {
    if (path === "" || [...found.keys()].some((above) => path.startsWith(`${above}.`))) continue;
    if (names.some((name) => path === name || path.endsWith(`.${name}`))) found.set(path, module);
  }
  return found;
}

function isAtOrBelow(path: string, name: string): boolean {
  return `.${path}.`.includes(`.${name}.`);
}

function matches(targets: string | readonly string[], path: string): boolean {
  if (typeof targets === "string") return expression(targets).test(path);
  return targets.some((target) => path === target || path.endsWith(`.${target}`));
}

/** The number before which `layersPattern` stands, or else the first number of the path, is one of `layersToTransform`. */
function isOfLayers({ layersToTransform, layersPattern = [] }: LoraConfig, path: string): boolean {
  if (layersToTransform === undefined) return true;
  const numbers = [layersToTransform].flat();
  if (numbers.length === 0) return true;
  const patterns = [layersPattern].flat();
  const [, found] =
    patterns.length === 0
      ? (/^.*?\.[^.]*\.(\d+)\./.exec(path) ?? [])
      : (patterns.map((pattern) => new RegExp(`^(?:|.*?\\.)${pattern}\\.(\\d+)\\.`).exec(path)).find(Boolean) ?? []);
  return found !== undefined && numbers.includes(Number(found));
}

function expression(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch (error) {
    throw new ConfigError(`LoRA: ${JSON.stringify(pattern)} is no regular expression: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
