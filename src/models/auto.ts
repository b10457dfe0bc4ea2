// The Auto classes: the model class by what config.json says. A family is added to the list here, and nowhere else outside
// of its folder.
import { checkpointFolder } from "../checkpoint/index.js";
import { splitHubOptions } from "../hub/locate.js";
import { holdsAdapter, labelsOfAdapter, PeftModel, readAdapterConfig } from "../peft/index.js";
import { ConfigError, nearest } from "../support/errors.js";
import { albert } from "./albert/index.js";
import { bert } from "./bert/index.js";
import { loadModel, type ModelOptions, newModel } from "./building.js";
import { camembert } from "./camembert/index.js";
import { type CommonConfig, type ConfigOptions, readConfig } from "./config.js";
import { debertaV2 } from "./deberta-v2/index.js";
import { distilbert } from "./distilbert/index.js";
import { electra } from "./electra/index.js";
import type { Family, ModelClass, Task, Tasks } from "./family.js";
import type { Labelled, LabelledOptions } from "./labelled.js";
import { modernbert } from "./modernbert/index.js";
import { mpnet } from "./mpnet/index.js";
import { roberta } from "./roberta/index.js";
import { xlmRoberta } from "./xlm-roberta/index.js";

const families: readonly Family[] = [
  bert,
  distilbert,
  roberta,
  xlmRoberta,
  camembert,
  electra,
  albert,
  mpnet,
  debertaV2,
  modernbert,
];

/** Chooses among the families' classes for one task. */
class AutoClass<T extends Task> {
  readonly #name: string;
  readonly #task: T;

  constructor(name: string, task: T) {
    this.#name = name;
    this.#task = task;
  }

  /**
   * Loads a model: a folder with config.json and weights (model.safetensors or pytorch_model.bin, or their shards), or a
   * repository on the Hub, of which the files that are needed come into the cache. It is in evaluation mode, as in Python;
   * the Trainer and `train()` switch dropout on. Names given as `id2label` are in the model's type. Of an adapter's folder comes the model that it belongs to, with the adapter.
   * @throws HubError where the Hub does not have it or does not give it. ConfigError for a path that is not there, an architecture that is not known, weights of other shapes.
   * @throws FileFormatError for damaged files and missing weights.
   */
  async fromPretrained<const Name extends string = string>(
    nameOrFolder: string,
    options: LabelledOptions<Name> = {},
  ): Promise<Labelled<Tasks[T], Name>> {
    return (await this.#load(nameOrFolder, options)) as Labelled<Tasks[T], Name>; // it has the names it was given
  }

  async #load(nameOrFolder: string, given: ModelOptions): Promise<Tasks[T]> {
    const { baseModel, ...options } = given;
    const folder = await checkpointFolder(nameOrFolder, splitHubOptions(options).hub);
    if (await holdsAdapter(folder)) return this.#withAdapter(folder, baseModel, options);
    if (baseModel !== undefined) throw new ConfigError(`${nameOrFolder} is no adapter: it has no base model`);
    const raw = await readConfig(folder);
    return loadModel(this.#classFor(raw, folder), nameOrFolder, folder, raw, options);
  }

  /** The model that an adapter belongs to, with the adapter. Its labels are the adapter's. */
  async #withAdapter(folder: string, baseModel: string | undefined, options: ModelOptions): Promise<Tasks[T]> {
    const { base = baseModel } = baseModel === undefined ? await readAdapterConfig(folder) : {};
    if (base === undefined) {
      throw new ConfigError(
        `the adapter in ${folder} does not say which model it belongs to (base_model_name_or_path): name it as ` +
          "baseModel (--base of attune merge), or load it, and give it the adapter with PeftModel.fromPretrained",
      );
    }
    const { revision: _, ...others } = options; // the revision is the adapter's
    const labels = await labelsOf(folder);
    const model = await this.#load(base, { ...labels, ...others });
    await PeftModel.fromPretrained(model, folder);
    return model;
  }

  /** A model with new weights, drawn from the seed. `config` needs a model_type. */
  fromConfig<const Name extends string = string>(
    config: Readonly<Record<string, unknown>>,
    options: LabelledOptions<Name> = {},
  ): Labelled<Tasks[T], Name> {
    const model: unknown = newModel(this.#classFor(config, "this config"), config, options);
    return model as Labelled<Tasks[T], Name>;
  }

  #classFor(raw: Readonly<Record<string, unknown>>, where: string): ModelClass<Tasks[T]> {
    const family = familyOf(raw, where);
    const Class: ModelClass<Tasks[T]> | undefined = family.classes[this.#task];
    if (Class) return Class;
    const having = families.filter(({ classes }) => classes[this.#task]);
    throw new ConfigError(
      `${this.#name}: there is no such head for model_type "${family.modelType}" (there is one for ${list(having)})`,
    );
  }
}

/** The labels that an adapter was trained for: as its config.json says, or as many as its head has. */
async function labelsOf(folder: string): Promise<ConfigOptions> {
  const config = await readConfig(folder).catch(() => undefined);
  if (config?.id2label !== undefined) {
    const { id2label, problem_type } = config as unknown as Pick<CommonConfig, "id2label" | "problem_type">;
    return { id2label, ...(problem_type ? { problemType: problem_type } : {}) };
  }
  const numLabels = await labelsOfAdapter(folder);
  return numLabels === undefined ? {} : { numLabels };
}

/** The family by model_type; by the architecture's name for configs of the time before that key. */
function familyOf(raw: Readonly<Record<string, unknown>>, where: string): Family {
  const { model_type: modelType, architectures } = raw;
  const family = families.find((one) =>
    modelType === undefined ? isOneOf(one, architectures) : one.modelType === modelType,
  );
  if (family) return family;
  const known = families.map((one) => one.modelType);
  const near = typeof modelType === "string" ? nearest(modelType, known) : undefined;
  throw new ConfigError(
    `${where}: model_type ${JSON.stringify(modelType)} (architectures ${JSON.stringify(architectures)}) is not supported` +
      `${near ? `; did you mean "${near}"?` : ""}; known: ${list(families)}`,
  );
}

function isOneOf({ classes }: Family, architectures: unknown): boolean {
  const names = Object.values(classes).map(({ architecture }) => architecture);
  return Array.isArray(architectures) && architectures.some((name) => names.includes(name as string));
}

function list(some: readonly Family[]): string {
  return some.map(({ modelType }) => modelType).join(", ");
}

/** The encoder alone. */
export const AutoModel = new AutoClass("AutoModel", "encoder");

export const AutoModelForSequenceClassification = new AutoClass(
  "AutoModelForSequenceClassification",
  "sequenceClassification",
);

export const AutoModelForTokenClassification = new AutoClass("AutoModelForTokenClassification", "tokenClassification");

export const AutoModelForQuestionAnswering = new AutoClass("AutoModelForQuestionAnswering", "questionAnswering");

export const AutoModelForMultipleChoice = new AutoClass("AutoModelForMultipleChoice", "multipleChoice");

export const AutoModelForMaskedLM = new AutoClass("AutoModelForMaskedLM", "maskedLM");

export const AutoConfig = {
  /** config.json completed with the family's defaults and the caller's overrides. Throws as fromPretrained does. */
  async fromPretrained(nameOrFolder: string, options: ModelOptions = {}): Promise<CommonConfig> {
    const { hub, rest } = splitHubOptions(options);
    const folder = await checkpointFolder(nameOrFolder, hub, { weights: false });
    const raw = await readConfig(folder);
    return familyOf(raw, folder).config(raw, rest);
  },
};
