// exportOnnx: a checkpoint as a folder in transformers.js's layout, ready to be published.
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { HubOptions } from "../hub/index.js";
import { splitHubOptions } from "../hub/locate.js";
import { writeConfig } from "../models/config.js";
import { AutoConfig, type PreTrainedModel } from "../models/index.js";
import { PeftModel } from "../peft/index.js";
import { writeFileAtomic } from "../support/atomic.js";
import { ConfigError } from "../support/errors.js";
import { exists } from "../support/exists.js";
import { AutoTokenizer, type PreTrainedTokenizer } from "../tokenizers/index.js";
import { onnxCard } from "./card.js";
import type { OnnxGraph } from "./file/model.js";
import { writeOnnx } from "./file/write.js";
import { onnxGraph } from "./model-graph.js";
import { quantizeDynamic } from "./quantize.js";
import type { OnnxTask } from "./task-names.js";
import { exportTask, taskOf } from "./tasks.js";

export interface OnnxExportOptions extends HubOptions {
  /** What the model is for; default: what config.json's `architectures` says. */
  readonly task?: OnnxTask;
  /** Beside the model in float32 one in int8, onnx/model_quantized.onnx, which browsers load by default. Default true. */
  readonly quantize?: boolean;
  /** The tokenizer; default: that of the checkpoint. */
  readonly tokenizer?: PreTrainedTokenizer;
  /** Weights in a file beside the model's. Default: where they are 2 GiB, which no file of the format can be. */
  readonly externalData?: boolean;
}

/** A file that was written. */
export interface ExportedFile {
  /** Within the folder, with slashes. */
  readonly path: string;
  readonly bytes: number;
}

export interface OnnxExport {
  readonly task: OnnxTask;
  readonly files: readonly ExportedFile[];
}

/**
 * Writes config.json, the tokenizer's files, onnx/model.onnx and onnx/model_quantized.onnx into `folder` (made if
 * missing), each whole or not at all; a card, too, where there is none. Other files there stay.
 * @param model A checkpoint's folder or an adapter's, which is merged; a name on the Hub; or a model (then with `tokenizer`).
 * @throws ConfigError for a model that cannot be exported, before anything is written; HubError and FileFormatError as
 *   fromPretrained does; AttuneError where a file cannot be written
 */
export async function exportOnnx(
  model: string | PreTrainedModel,
  folder: string,
  options: OnnxExportOptions = {},
): Promise<OnnxExport> {
  const { hub, rest } = splitHubOptions(options);
  const { quantize = true, externalData } = rest;
  const { task, loaded, tokenizer } = await load(model, rest, hub);
  const graph = onnxGraph(loaded);
  await mkdir(join(folder, "onnx"), { recursive: true });
  await tokenizer.savePretrained(folder);
  const written: string[] = [];
  const write = async (name: string, content: OnnxGraph): Promise<number> => {
    const files = await writeOnnx(join(folder, "onnx", name), content, { externalData });
    written.push(...files.map((file) => `onnx/${file}`));
    return files.length - 1; // of external data
  };
  const external = { "model.onnx": await write("model.onnx", graph) };
  if (quantize) {
    Object.assign(external, {
      "model_quantized.onnx": await write("model_quantized.onnx", await quantizeDynamic(graph)),
    });
  }
  await writeConfig(folder, configOf(loaded, external));
  const card = join(folder, "README.md");
  if (!(await exists(card))) await writeFileAtomic(card, onnxCard(loaded.config, task));
  const names = ["config.json", "tokenizer.json", "tokenizer_config.json", ...written];
  const files = names.map(async (path) => ({ path, bytes: (await stat(join(folder, path))).size }));
  return { task, files: await Promise.all(files) };
}

interface Loaded {
  readonly task: OnnxTask;
  readonly loaded: PreTrainedModel;
  readonly tokenizer: PreTrainedTokenizer;
}

async function load(model: string | PreTrainedModel, options: OnnxExportOptions, hub: HubOptions): Promise<Loaded> {
  if (typeof model !== "string") {
    const { architecture } = model.constructor as { readonly architecture?: string };
    const task = taskOf(architecture, model.constructor.name);
    if (options.task !== undefined && options.task !== task) {
      throw new ConfigError(`exportOnnx: a ${model.constructor.name} is for ${task}, not for ${options.task}`);
    }
    if (!options.tokenizer) throw new ConfigError("exportOnnx: a model that is not a folder needs { tokenizer }");
    return { task, loaded: model, tokenizer: options.tokenizer };
  }
  const task = options.task ?? taskOf((await AutoConfig.fromPretrained(model, { ...hub })).architectures?.[0], model);
  const loaded = await exportTask(task).load(model, { ...hub });
  PeftModel.of(loaded)?.mergeAndUnload(); // the folder of an adapter
  return {
    task,
    loaded,
    tokenizer: options.tokenizer ?? (await AutoTokenizer.fromPretrained(model, hub)),
  };
}

/** The model's config; `external`: how many files of weights each model file has beside it. */
function configOf(model: PreTrainedModel, external: Readonly<Record<string, number>>): PreTrainedModel["config"] {
  const { architecture } = model.constructor as { readonly architecture?: string };
  const hasExternal = Object.values(external).some((count) => count > 0);
  return {
    ...model.config,
    architectures: architecture ? [architecture] : model.config.architectures,
    ...(hasExternal ? { "transformers.js_config": { use_external_data_format: external } } : {}),
  };
}
