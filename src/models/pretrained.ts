// Base of all models: a config, weights from a checkpoint, and back.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Batch } from "../batches/index.js";
import { checkpointFolder, writeSafetensors } from "../checkpoint/index.js";
import type { Published, PublishOptions } from "../hub/index.js";
import { splitHubOptions } from "../hub/locate.js";
import { publishWritten } from "../hub/publish/written.js";
import { CheckpointedModule, Module } from "../nn/index.js";
import { type AdapterDefaults, PeftModel } from "../peft/index.js";
import { ConfigError } from "../support/errors.js";
import { version } from "../support/version.js";
import { loadModel, type ModelOptions, newModel } from "./building.js";
import { plainModelCard } from "./card.js";
import { type CommonConfig, type ConfigOptions, readConfig, writeConfig } from "./config.js";
import type { ModelClass } from "./family.js";

export abstract class PreTrainedModel<Config extends CommonConfig = CommonConfig> extends Module {
  readonly config: Config;
  /** The folder or the name on the Hub that the model was loaded from. */
  nameOrPath: string | undefined;

  constructor(config: Config) {
    super();
    this.config = config;
  }

  /** Choices of the config that the class makes itself; callers' come before them. */
  static readonly fixedOptions: ConfigOptions = {};

  /**
   * Loads a checkpoint of this class's family, as AutoModel's namesake does, with the class's own type.
   * @throws ConfigError for a checkpoint of another family; otherwise as the Auto classes
   */
  static async fromPretrained<Model>(
    this: ModelClass<Model>,
    nameOrFolder: string,
    options: ModelOptions = {},
  ): Promise<Model> {
    const folder = await checkpointFolder(nameOrFolder, splitHubOptions(options).hub);
    // biome-ignore lint/complexity/noThisInStatic: the subclass that is asked, not this class
    return loadModel(this, nameOrFolder, folder, await readConfig(folder), options);
  }

  /** A model with new weights, drawn from the seed; what `config` does not say is the family's default. */
  static fromConfig<Model>(
    this: ModelClass<Model>,
    config: Readonly<Record<string, unknown>> = {},
    options: ModelOptions = {},
  ): Model {
    // biome-ignore lint/complexity/noThisInStatic: as above
    return newModel(this, config, options);
  }

  abstract override forward(batch: Batch): unknown;

  /** Entries of a batch that forward takes beside labels. */
  abstract get inputNames(): readonly string[];

  /** Entries of a batch that the loss is computed from. */
  get labelNames(): readonly string[] {
    return [];
  }

  /**
   * Tied weights: second keys, and the key that each is the same tensor as. It is saved once, under the latter, and loaded
   * from whichever a checkpoint has.
   */
  get tiedKeys(): Readonly<Record<string, string>> {
    return {};
  }

  /** The key that a parameter, by its path, is saved under: the path, but for tied ones. */
  keyOf(path: string): string {
    const { tiedKeys } = this;
    return Object.hasOwn(tiedKeys, path) ? tiedKeys[path] : path;
  }

  /**
   * Trades time for memory: in training, backward keeps each layer's input only and computes the layer once more. Losses
   * and gradients are the same, to the bit. `everyNLayers`: only every n-th layer. Default 1.
   */
  activationCheckpointingEnable({ everyNLayers = 1 }: { readonly everyNLayers?: number } = {}): void {
    if (!Number.isInteger(everyNLayers) || everyNLayers < 1) {
      throw new ConfigError(`everyNLayers must be a positive integer, not ${everyNLayers}`);
    }
    for (const [i, layer] of this.#layers().entries()) layer.checkpointing = i % everyNLayers === 0;
  }

  activationCheckpointingDisable(): void {
    for (const layer of this.#layers()) layer.checkpointing = false;
  }

  get isActivationCheckpointing(): boolean {
    return this.#layers().some((layer) => layer.checkpointing);
  }

  #layers(): CheckpointedModule[] {
    return Array.from(this.namedModules()).flatMap(([, module]) =>
      module instanceof CheckpointedModule ? module : [],
    );
  }

  /** A new parameter's first values where they are not drawn. */
  initialValues(_name: string): Float32Array | undefined {
    return undefined;
  }

  /** Standard deviation of a weight's first values; `name` is the parameter's. */
  initialDeviation(_name: string): number {
    return this.config.initializer_range;
  }

  /** What an adapter of the model is for: see getPeftModel. */
  get adapterDefaults(): AdapterDefaults {
    return {};
  }

  /** Writes config.json, or the same under another name, into `folder`, which exists. */
  async saveConfig(folder: string, name?: string): Promise<void> {
    const { architecture } = this.constructor as typeof PreTrainedModel & { readonly architecture?: string };
    const own = {
      ...this.config,
      architectures: architecture ? [architecture] : this.config.architectures,
      dtype: "float32",
      attune_version: version,
    };
    await writeConfig(folder, own, name);
  }

  /**
   * Writes config.json and model.safetensors into `folder` (made if missing), each whole or not at all. Python's
   * `from_pretrained` loads it.
   * @throws ConfigError for a model with adapters: they are saved by its PeftModel, or merged first
   */
  async savePretrained(folder: string): Promise<void> {
    if (PeftModel.of(this)) {
      throw new ConfigError(
        `this ${this.constructor.name} has adapters: savePretrained of its PeftModel (PeftModel.of(model)) saves them, and ` +
          "mergeAndUnload() makes an ordinary model of it",
      );
    }
    await mkdir(folder, { recursive: true });
    await this.saveConfig(folder);
    await writeSafetensors(
      join(folder, "model.safetensors"),
      Array.from(this.namedParameters(), ([path, parameter]) => ({
        name: this.keyOf(path),
        dtype: "F32" as const,
        shape: parameter.shape,
        data: async () => Float32Array.from(await parameter.data()),
      })),
    );
  }

  /**
   * Publishes the model on the Hub, in one commit: `owner/name`, or `name` of the account that is logged in. A repository
   * that has no card gets one.
   * @throws HubError, naming a folder that holds the model, where the Hub does not take it
   */
  pushToHub(repoId: string, options: PublishOptions = {}): Promise<Published> {
    const { architecture } = this.constructor as typeof PreTrainedModel & { readonly architecture?: string };
    return publishWritten(
      repoId,
      { commitMessage: "Upload model", ...options },
      (folder) => this.savePretrained(folder),
      (id) => plainModelCard(id, this.config, architecture),
    );
  }
}
