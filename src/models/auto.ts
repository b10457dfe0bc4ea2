// The model classes by what config.json says. A family is added here, and nowhere else outside of its folder.
import { withoutInitialization } from "../nn/index.js";
import { ConfigError, nearest } from "../support/errors.js";
import { manualSeed } from "../tensor/index.js";
import { bertConfig } from "./bert/config.js";
import { BertForMaskedLM } from "./bert/maskedLM.js";
import { BertModel } from "./bert/model.js";
import { BertForSequenceClassification } from "./bert/sequenceClassification.js";
import { type CommonConfig, type ConfigOptions, readConfig } from "./config.js";
import { type CheckpointSpelling, initialize, type LoadOptions, loadWeights } from "./loading.js";
import { checkpointFolder, type PreTrainedModel } from "./pretrained.js";

/** Choices of fromPretrained and fromConfig; any key of the config may be overridden too (hidden_dropout_prob: 0). */
export interface ModelOptions extends ConfigOptions, LoadOptions {
  /** Starts the run's random numbers, from which new heads are drawn: see manualSeed. Default: they go on. */
  readonly seed?: number;
  readonly [configKey: string]: unknown;
}

interface Family {
  readonly config: (raw: Readonly<Record<string, unknown>>, options: ModelOptions) => CommonConfig;
  readonly spelling: CheckpointSpelling;
}

const families: Readonly<Record<string, Family>> = {
  bert: {
    config: bertConfig,
    spelling: {
      basePrefix: "bert.",
      renames: [
        ["LayerNorm.gamma", "LayerNorm.weight"],
        ["LayerNorm.beta", "LayerNorm.bias"],
      ],
      ignored: ["embeddings.position_ids"],
      optional: /(^|\.)pooler\.|^classifier\.|^cls\./,
    },
  },
};

type ModelClass<Model> = new (config: never) => Model;

/** Chooses among the families' classes for one task. */
class AutoClass<Model extends PreTrainedModel> {
  readonly #name: string;
  readonly #classes: Readonly<Record<string, ModelClass<Model>>>;

  constructor(name: string, classes: Readonly<Record<string, ModelClass<Model>>>) {
    this.#name = name;
    this.#classes = classes;
  }

  /**
   * Loads a model: a folder with config.json and model.safetensors (or its shards). It is in evaluation mode, as in
   * Python; the Trainer and `train()` switch dropout on.
   * @throws ConfigError for a folder that is not there, an architecture that is not known, weights of other shapes.
   * @throws FileFormatError for damaged files and missing weights.
   */
  async fromPretrained(nameOrFolder: string, options: ModelOptions = {}): Promise<Model> {
    const folder = await checkpointFolder(nameOrFolder);
    const raw = await readConfig(folder);
    const { model, family } = this.#build(raw, options, folder);
    await loadWeights(model, folder, family.spelling, options);
    return model.eval();
  }

  /** A model with new weights, drawn from the seed. `config` needs a model_type. */
  fromConfig(config: Readonly<Record<string, unknown>>, options: ModelOptions = {}): Model {
    const { model } = this.#build(config, options, "this config");
    initialize(model, model.namedParameters());
    return model.eval();
  }

  #build(
    raw: Readonly<Record<string, unknown>>,
    options: ModelOptions,
    where: string,
  ): { model: Model; family: Family } {
    const { seed, ignoreMismatchedSizes: _, ...configOptions } = options; // what is left is the config's
    const { family, modelType } = familyOf(raw, where);
    if (!Object.hasOwn(this.#classes, modelType)) {
      throw new ConfigError(
        `${this.#name}: there is no such head for model_type "${modelType}" (${Object.keys(this.#classes).join(", ")})`,
      );
    }
    if (seed !== undefined) manualSeed(seed);
    const config = family.config(raw, configOptions);
    const Class = this.#classes[modelType];
    return { model: withoutInitialization(() => new Class(config as never)), family };
  }
}

function familyOf(raw: Readonly<Record<string, unknown>>, where: string): { family: Family; modelType: string } {
  const modelType = raw.model_type;
  if (typeof modelType === "string" && Object.hasOwn(families, modelType))
    return { family: families[modelType], modelType };
  const known = Object.keys(families);
  const near = typeof modelType === "string" ? nearest(modelType, known) : undefined;
  throw new ConfigError(
    `${where}: model_type ${JSON.stringify(modelType)} (architectures ${JSON.stringify(raw.architectures)}) is not supported` +
      `${near ? `; did you mean "${near}"?` : ""}; known: ${known.join(", ")}`,
  );
}

/** The encoder alone. */
export const AutoModel = new AutoClass<BertModel>("AutoModel", { bert: BertModel });

export const AutoModelForSequenceClassification = new AutoClass<BertForSequenceClassification>(
  "AutoModelForSequenceClassification",
  { bert: BertForSequenceClassification },
);

export const AutoModelForMaskedLM = new AutoClass<BertForMaskedLM>("AutoModelForMaskedLM", { bert: BertForMaskedLM });

export const AutoConfig = {
  /** config.json completed with the family's defaults and the caller's overrides. Throws as fromPretrained does. */
  async fromPretrained(nameOrFolder: string, options: ModelOptions = {}): Promise<CommonConfig> {
    const folder = await checkpointFolder(nameOrFolder);
    const raw = await readConfig(folder);
    return familyOf(raw, folder).family.config(raw, options);
  },
};
