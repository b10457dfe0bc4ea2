// A model with LoRA adapters (Hu et al. 2021): its own weights stand still, and pairs of small matrices beside its linear
// layers learn. (Python: peft's peft_model.py, with its files.)
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Batch } from "../batches/index.js";
import { ADAPTED_CONFIG, checkpointFolder } from "../checkpoint/index.js";
import type { HubOptions, Published, PublishOptions } from "../hub/index.js";
import { splitHubOptions } from "../hub/locate.js";
import { publishWritten } from "../hub/publish/written.js";
import { CheckpointedModule, type Linear, Module, type Parameter } from "../nn/index.js";
import { writeFileAtomic } from "../support/atomic.js";
import { ConfigError } from "../support/errors.js";
import { restoring } from "../support/restoring.js";
import { adapterCard } from "./card.js";
import {
  ADAPTER_CONFIG,
  adapterConfigJson,
  LoraConfig,
  type LoraOptions,
  type PeftTaskType,
  readAdapterConfig,
} from "./config.js";
import { readAdapter, writeAdapter } from "./files.js";
import { LoraLayer } from "./layer.js";
import { SavedModule } from "./saved-module.js";
import { findModules, findTargets, withTargets } from "./targets.js";

/** What an adapter of a model is for unless somebody says otherwise. */
export interface AdapterDefaults {
  readonly taskType?: PeftTaskType;
  /** The new head's modules. */
  readonly modulesToSave?: readonly string[];
}

/** What is asked of a model that gets adapters: those of fromPretrained have all of it. */
export interface AdaptableModel extends Module {
  forward(batch: Batch): unknown;
  readonly config?: object;
  readonly inputNames?: readonly string[];
  readonly labelNames?: readonly string[];
  /** The checkpoint that the model was loaded from. */
  readonly nameOrPath?: string;
  readonly adapterDefaults?: AdapterDefaults;
  /** Writes its config, which tells labels of the head that is saved with an adapter, under a name. */
  saveConfig?(folder: string, name: string): Promise<void>;
}

/** The adapter that a model begins with. */
const FIRST = "default";

const carriers = new WeakMap<Module, PeftModel>();

export interface LoadAdapterOptions extends HubOptions {
  /** The name that the adapter gets. Default "default", or with loadAdapter what is asked. */
  readonly adapterName?: string;
  /** Whether it goes on training. Default false: it is for use. */
  readonly isTrainable?: boolean;
}

/**
 * Gives a model a LoRA adapter that trains, and freezes everything else. The model itself is changed: the result is another
 * view of it.
 * @throws ConfigError for options that are wrong, targets that mean no layer, or a model that has adapters already
 */
export function getPeftModel<Base extends AdaptableModel>(
  model: Base,
  config: LoraConfig | LoraOptions = {},
  { adapterName = FIRST }: { readonly adapterName?: string } = {},
): PeftModel<Base> {
  const peft = new PeftModel(model);
  try {
    peft.addAdapter(adapterName, config);
  } catch (error) {
    peft.unload();
    throw error;
  }
  return peft.setAdapter(adapterName);
}

export class PeftModel<Base extends AdaptableModel = AdaptableModel> extends Module {
  readonly base_model: Base;
  /** The checkpoint that adapters name as theirs. Default: what the model was loaded from. */
  baseModelNameOrPath: string | undefined;
  readonly #configs = new Map<string, LoraConfig>();
  readonly #layers = new Map<string, { readonly linear: Linear; readonly lora: LoraLayer }>();
  readonly #saved = new Map<string, SavedModule>();
  readonly #trainedBefore: ReadonlyMap<Parameter, boolean>;
  #active: readonly string[] = [];
  /** Adapters that train while they are active. */
  readonly #training = new Set<string>();
  #merged = false;

  /** A model without adapters; getPeftModel and PeftModel.fromPretrained give it one. */
  constructor(model: Base) {
    super();
    if (carriers.has(model)) {
      throw new ConfigError("the model has adapters already: addAdapter and loadAdapter of its PeftModel give it more");
    }
    this.base_model = model;
    this.baseModelNameOrPath = model.nameOrPath;
    this.training = model.training;
    this.#trainedBefore = new Map(model.parameters().map((parameter) => [parameter, parameter.requiresGrad]));
    carriers.set(model, this as unknown as PeftModel);
  }

  /** The view of a model that has adapters, as the Auto classes give where they are asked for an adapter's folder. */
  static of(model: Module): PeftModel | undefined {
    return carriers.get(model);
  }

  /**
   * Gives `model` the adapter in a folder or a repository on the Hub: one that Attune or Python's peft has saved.
   * @throws FileFormatError for damaged files and missing weights; ConfigError for an adapter that does not fit or is of a
   *   kind that is not supported; HubError
   */
  static async fromPretrained<Model extends AdaptableModel>(
    model: Model,
    nameOrFolder: string,
    options: LoadAdapterOptions = {},
  ): Promise<PeftModel<Model>> {
    const { adapterName = FIRST } = options;
    const peft = new PeftModel(model);
    try {
      await peft.loadAdapter(nameOrFolder, adapterName, options);
    } catch (error) {
      peft.unload();
      throw error;
    }
    return peft.setAdapter(adapterName);
  }

  override forward(batch: Batch): ReturnType<Base["forward"]> {
    return this.base_model.forward(batch) as ReturnType<Base["forward"]>;
  }

  get config(): Base["config"] {
    return this.base_model.config;
  }

  get inputNames(): readonly string[] | undefined {
    return this.base_model.inputNames;
  }

  get labelNames(): readonly string[] | undefined {
    return this.base_model.labelNames;
  }

  /** What the Hub calls models of this kind's library. */
  get library(): string {
    return "peft";
  }

  /** The adapters' choices by their names. */
  get peftConfig(): ReadonlyMap<string, LoraConfig> {
    return this.#configs;
  }

  /** Names of the adapters that take part. */
  get activeAdapters(): readonly string[] {
    return this.#active;
  }

  activationCheckpointingEnable(): void {
    for (const [, module] of this.base_model.namedModules()) {
      if (module instanceof CheckpointedModule) module.checkpointing = true;
    }
  }

  /**
   * Adds an adapter beside those that there are. It takes no part until setAdapter.
   * @throws ConfigError for a name that is taken, as LoraConfig, and for targets that mean no layer
   */
  addAdapter(name: string, choices: LoraConfig | LoraOptions): void {
    if (this.#configs.has(name)) throw new ConfigError(`there is an adapter "${name}" already; delete it first`);
    if (!/^[^./\\\s]+$/.test(name))
      throw new ConfigError(`"${name}" is no name for an adapter: no dots, slashes or spaces`);
    if (this.#merged)
      throw new ConfigError("adapters are merged into the weights: unmergeAdapter() before another is added");
    const config = this.#complete(choices instanceof LoraConfig ? choices : new LoraConfig(choices));
    if (this.#configs.size > 0 && [config, ...this.#configs.values()].some(({ bias }) => bias !== "none")) {
      throw new ConfigError('biases are the base model\'s: with several adapters all need bias "none"');
    }
    const targets = findTargets(config, this.base_model);
    for (const [path, linear] of targets) {
      const there = this.#layers.get(path) ?? { linear, lora: new LoraLayer(linear, path) };
      this.#layers.set(path, there);
      linear.adapter = there.lora;
      there.lora.add(name, config);
    }
    for (const [path, module] of findModules(config.modulesToSave ?? [], this.base_model)) {
      const there = this.#saved.get(path) ?? new SavedModule(path, module);
      this.#saved.set(path, there);
      there.add(name);
    }
    this.#configs.set(name, config);
    this.#training.add(name);
    this.#activate();
  }

  /** Loads another adapter; as fromPretrained. It takes no part until setAdapter. */
  async loadAdapter(nameOrFolder: string, adapterName: string, options: LoadAdapterOptions = {}): Promise<void> {
    const folder = await checkpointFolder(nameOrFolder, splitHubOptions(options).hub);
    const { config, base } = await readAdapterConfig(folder);
    this.addAdapter(adapterName, config);
    if (!options.isTrainable) this.#training.delete(adapterName);
    try {
      await readAdapter(folder, new Map(this.#parametersOf(adapterName)));
    } catch (error) {
      this.deleteAdapter(adapterName);
      throw error;
    }
    this.baseModelNameOrPath ??= base;
  }

  /**
   * Makes one adapter, or several whose updates add up, the active ones; all others stand still.
   * @param options.trainable Whether they train. Default: those that were added do, those that were loaded as isTrainable says.
   * @throws ConfigError for a name that does not exist
   */
  setAdapter(names: string | readonly string[], options: { readonly trainable?: boolean } = {}): this {
    const list: readonly string[] = typeof names === "string" ? [names] : names;
    for (const name of list) this.#expect(name);
    if (this.#merged)
      throw new ConfigError("adapters are merged into the weights: unmergeAdapter() before others are set");
    this.#active = list;
    if (options.trainable !== undefined) {
      for (const name of list) options.trainable ? this.#training.add(name) : this.#training.delete(name);
    }
    this.#activate();
    return this;
  }

  /** @throws ConfigError for a name that does not exist */
  deleteAdapter(name: string): void {
    this.#expect(name);
    if (this.#merged)
      throw new ConfigError("adapters are merged into the weights: unmergeAdapter() before one is deleted");
    this.#configs.delete(name);
    this.#training.delete(name);
    this.#active = this.#active.filter((one) => one !== name);
    for (const [path, { linear, lora }] of this.#layers) {
      lora.remove(name);
      if (lora.names.length > 0) continue;
      linear.adapter = undefined;
      this.#layers.delete(path);
    }
    for (const module of this.#saved.values()) module.remove(name);
    this.#activate();
  }

  /** Runs `fn` with the model as it is without adapters. */
  disableAdapter<T>(fn: () => T): T {
    const merged = this.#merged;
    if (merged) this.unmergeAdapter();
    this.#apply([]);
    return restoring(fn, () => {
      this.#activate();
      if (merged) this.mergeAdapter();
    });
  }

  /** Adds the active adapters to the weights, so that the model computes no more than it does without any. */
  mergeAdapter(): void {
    if (this.#merged) return;
    for (const { lora } of this.#layers.values()) lora.merge();
    this.#merged = true;
  }

  /** Takes merged adapters out of the weights again: exactly but for the rounding of one addition and one subtraction. */
  unmergeAdapter(): void {
    if (!this.#merged) return;
    for (const { lora } of this.#layers.values()) lora.unmerge();
    this.#merged = false;
  }

  /** Merges the active adapters for good: the model is an ordinary one again, with their weights and their head. */
  mergeAndUnload(): Base {
    this.mergeAdapter();
    for (const module of this.#saved.values()) module.settle(this.#active);
    return this.#release();
  }

  /** Takes all adapters away: the model is as it was before. */
  unload(): Base {
    this.unmergeAdapter();
    for (const module of this.#saved.values()) module.settle([]);
    return this.#release();
  }

  /** How many parameters train, and how many there are, with what adapters' modules stand for, as peft counts. */
  getNbTrainableParameters(): { readonly trainable: number; readonly all: number } {
    const shown = this.parameters();
    const count = (parameters: readonly Parameter[]) => parameters.reduce((sum, { size }) => sum + size, 0);
    const behind = [...this.#saved.values()].reduce((sum, module) => {
      const copies = [...this.#configs.keys()].filter((name) => module.has(name)).length;
      return sum + module.size * copies;
    }, 0);
    return { trainable: count(shown.filter(({ requiresGrad }) => requiresGrad)), all: count(shown) + behind };
  }

  /** Prints it in a line, as peft does. */
  printTrainableParameters(): void {
    const { trainable, all } = this.getNbTrainableParameters();
    const grouped = (value: number) => value.toLocaleString("en-US");
    console.log(
      `trainable params: ${grouped(trainable)} || all params: ${grouped(all)} || trainable%: ${((100 * trainable) / all).toFixed(4)}`,
    );
  }

  /**
   * Writes each adapter as Python's peft does: adapter_config.json and adapter_model.safetensors, "default" into `folder`
   * and others into folders of their names in it; and model_config.json, for the names of labels.
   */
  async savePretrained(folder: string, options: { readonly selectedAdapters?: readonly string[] } = {}): Promise<void> {
    const { selectedAdapters: names = [...this.#configs.keys()] } = options;
    for (const name of names) this.#expect(name);
    for (const name of names) {
      const own = name === FIRST ? folder : join(folder, name);
      await mkdir(own, { recursive: true });
      await this.base_model.saveConfig?.(own, ADAPTED_CONFIG);
      await writeAdapter(own, this.#parametersOf(name));
      await writeFileAtomic(join(own, ADAPTER_CONFIG), adapterConfigJson(this.#expect(name), this.baseModelNameOrPath));
    }
  }

  /** Takes back what savePretrained wrote: the weights of every adapter. Throws as fromPretrained. */
  async loadWeights(folder: string): Promise<void> {
    for (const name of this.#configs.keys()) {
      await readAdapter(name === FIRST ? folder : join(folder, name), new Map(this.#parametersOf(name)));
    }
  }

  /**
   * Publishes the adapters on the Hub, in one commit: `owner/name`, or `name` of the account that is logged in.
   * @throws HubError, naming a folder that holds them, where the Hub does not take it
   */
  pushToHub(repoId: string, options: PublishOptions = {}): Promise<Published> {
    const write = (folder: string) => this.savePretrained(folder);
    const card = (id: string) => adapterCard(id, this.baseModelNameOrPath);
    return publishWritten(repoId, { commitMessage: "Upload adapter", ...options }, write, card);
  }

  /** With the targets, head and task type that it means for this model. */
  #complete(config: LoraConfig): LoraConfig {
    const defaults = this.base_model.adapterDefaults;
    const taskType = config.taskType ?? defaults?.taskType;
    const heads = config.modulesToSave ?? defaults?.modulesToSave ?? [];
    const modules = [...new Set([...heads, ...(taskType === undefined ? [] : HEADS[taskType])])];
    return withTargets(
      config.with({ taskType, modulesToSave: modules.length > 0 ? modules : undefined }),
      this.base_model,
    );
  }

  #expect(name: string): LoraConfig {
    const config = this.#configs.get(name);
    if (config) return config;
    throw new ConfigError(`there is no adapter "${name}"; there are ${[...this.#configs.keys()].join(", ") || "none"}`);
  }

  #activate(): void {
    this.#apply(this.#active);
  }

  #apply(names: readonly string[]): void {
    const training = new Set(names.filter((name) => this.#training.has(name)));
    for (const { lora } of this.#layers.values()) lora.activate(names, training);
    for (const module of this.#saved.values()) module.activate(names, training);
    const biases = new Set([...training].flatMap((name) => this.#biasesOf(name).map(([, bias]) => bias)));
    for (const parameter of this.#trainedBefore.keys()) {
      const trains = biases.has(parameter);
      if (!trains) parameter.zeroGrad();
      parameter.setRequiresGrad(trains);
    }
  }

  /** Biases of the base model that are an adapter's, by peft's keys. */
  #biasesOf(name: string): [key: string, bias: Parameter][] {
    const { bias, modulesToSave = [] } = this.#expect(name);
    if (bias === "none") return [];
    const saved = new Set(findModules(modulesToSave, this.base_model).keys());
    return [...this.base_model.namedParameters()].flatMap(([path, parameter]): [string, Parameter][] => {
      const owner = path.slice(0, Math.max(0, path.lastIndexOf(".")));
      if (!path.endsWith("bias") || [...saved].some((module) => owner === module || owner.startsWith(`${module}.`)))
        return [];
      if (this.#layers.has(owner)) return [[`${owner}.base_layer.bias`, parameter]];
      return bias === "all" ? [[path, parameter]] : [];
    });
  }

  /** All that is an adapter's, by peft's keys without prefix. */
  *#parametersOf(name: string): Generator<[key: string, parameter: Parameter]> {
    for (const [path, { lora }] of this.#layers) {
      const weights = lora.get(name);
      if (!weights) continue;
      yield [`${path}.lora_A.weight`, weights.lora_A];
      yield [`${path}.lora_B.weight`, weights.lora_B];
    }
    for (const module of this.#saved.values()) yield* module.parametersOf(name);
    yield* this.#biasesOf(name);
  }

  #release(): Base {
    for (const { linear } of this.#layers.values()) linear.adapter = undefined;
    this.#layers.clear();
    this.#saved.clear();
    this.#configs.clear();
    this.#training.clear();
    this.#active = [];
    this.#merged = false;
    for (const [parameter, trained] of this.#trainedBefore) parameter.setRequiresGrad(trained);
    carriers.delete(this.base_model);
    return this.base_model;
  }
}

/** The modules that peft takes for new heads, by the task. */
const HEADS: Readonly<Record<PeftTaskType, readonly string[]>> = {
  SEQ_CLS: ["classifier", "score"],
  TOKEN_CLS: ["classifier", "score"],
  QUESTION_ANS: ["qa_outputs"],
  FEATURE_EXTRACTION: [],
  CAUSAL_LM: [],
  SEQ_2_SEQ_LM: [],
};
