// A model from its class: the config completed, the modules made, the weights drawn or loaded.
import type { HubOptions } from "../hub/index.js";
import { splitHubOptions } from "../hub/locate.js";
import { withoutInitialization } from "../nn/index.js";
import { ConfigError } from "../support/errors.js";
import { manualSeed } from "../tensor/index.js";
import type { ConfigOptions } from "./config.js";
import type { ModelClass } from "./family.js";
import { initialize, type LoadOptions, loadWeights, type VocabularyGrowth } from "./loading.js";
import type { PreTrainedModel } from "./pretrained.js";

/**
 * Choices of fromPretrained and fromConfig; any key of the config may be overridden too (hidden_dropout_prob: 0). A larger
 * `vocab_size` makes room for tokens that were added to the tokenizer.
 */
export interface ModelOptions extends ConfigOptions, LoadOptions, HubOptions {
  /** Starts the run's random numbers, from which new heads are drawn: see manualSeed. Default: they go on. */
  readonly seed?: number;
  /** Of an adapter: the folder or name of the model that it belongs to. Default: the one that it names. */
  readonly baseModel?: string;
  readonly [configKey: string]: unknown;
}

type RawConfig = Readonly<Record<string, unknown>>;

/** The model of `raw` (config.json's content) with the weights in `folder`, in evaluation mode. Throws as loadWeights. */
export async function loadModel<Model>(
  Class: ModelClass<Model>,
  nameOrPath: string,
  folder: string,
  raw: RawConfig,
  options: ModelOptions,
): Promise<Model> {
  const model = build(Class, raw, options, folder);
  await loadWeights(model, folder, Class.family.spelling, options, growthOf(raw, options));
  model.nameOrPath = nameOrPath;
  model.eval();
  return model;
}

/** What a `vocab_size` that is asked for adds to the checkpoint's. */
function growthOf({ vocab_size: from }: RawConfig, { vocab_size: to }: ModelOptions): VocabularyGrowth | undefined {
  return typeof from === "number" && typeof to === "number" && to > from ? { from, to } : undefined;
}

/** The model of `raw` with new weights, in evaluation mode. Throws ConfigError. */
export function newModel<Model>(Class: ModelClass<Model>, raw: RawConfig, options: ModelOptions): Model {
  const model = build(Class, raw, options, "this config");
  initialize(model, model.namedParameters());
  model.eval();
  return model;
}

function build<Model>(
  Class: ModelClass<Model>,
  raw: RawConfig,
  options: ModelOptions,
  where: string,
): Model & PreTrainedModel {
  const { modelType, config: configOf } = Class.family;
  if (raw.model_type !== undefined && raw.model_type !== modelType) {
    throw new ConfigError(
      `${where} has model_type ${JSON.stringify(raw.model_type)}, and ${Class.name} is for "${modelType}"; the Auto classes take the ` +
        "class that fits",
    );
  }
  const { seed, ignoreMismatchedSizes: _, ...configOptions } = splitHubOptions(options).rest; // what is left is the config's
  if (seed !== undefined) manualSeed(seed);
  const config = configOf(raw, { ...Class.fixedOptions, ...configOptions });
  return withoutInitialization(() => new Class(config as never));
}
