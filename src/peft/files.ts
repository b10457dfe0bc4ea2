// adapter_model.safetensors: an adapter's tensors under the keys of Python's peft.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { openCheckpoint, type TensorSource, writeSafetensors } from "../checkpoint/index.js";
import type { Parameter } from "../nn/index.js";
import { ConfigError, FileFormatError } from "../support/errors.js";
import { formatShape, sameShape } from "../tensor/index.js";
import { ADAPTER_CONFIG } from "./config.js";

const WEIGHTS = "adapter_model.safetensors";
const OLDER_WEIGHTS = "adapter_model.bin";

/** What peft puts before the paths of the base model. */
const PREFIX = "base_model.model.";

/** Whether a folder holds an adapter and no whole model. */
export async function holdsAdapter(folder: string): Promise<boolean> {
  if (!(await isFile(join(folder, ADAPTER_CONFIG)))) return false;
  const whole = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
  ];
  for (const name of whole) if (await isFile(join(folder, name))) return false;
  return true;
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
}

/** Writes an adapter's parameters, by their keys without prefix. */
export async function writeAdapter(folder: string, parameters: Iterable<readonly [string, Parameter]>): Promise<void> {
  await writeSafetensors(
    join(folder, WEIGHTS),
    Array.from(parameters, ([key, parameter]) => ({
      name: PREFIX + key,
      dtype: "F32" as const,
      shape: parameter.shape,
      data: async () => Float32Array.from(await parameter.data()),
    })),
  );
}

async function openAdapter(folder: string): Promise<TensorSource> {
  for (const name of [WEIGHTS, OLDER_WEIGHTS]) {
    if (await isFile(join(folder, name))) return openCheckpoint(join(folder, name));
  }
  throw new FileFormatError(`${folder} holds no weights of an adapter (${WEIGHTS}, ${OLDER_WEIGHTS})`);
}

/** Keys that some versions of peft write beside those that count: the module that an adapter's own copy stands for. */
const SURPLUS = /\.original_module\.|\.modules_to_save\.bias$/;

/**
 * Fills an adapter's parameters, all or none of them. `parameters`: by their keys without prefix.
 * @throws FileFormatError for keys that are missing; ConfigError for those that have no place, and shapes that differ
 */
export async function readAdapter(folder: string, parameters: ReadonlyMap<string, Parameter>): Promise<void> {
  await using file = await openAdapter(folder);
  const keys = new Map<string, string>();
  for (const key of file.names) {
    const path = key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key;
    const candidates = [path, path.replace(".modules_to_save.", "."), path.replace(".base_layer.bias", ".bias")];
    const name = candidates.find((candidate) => parameters.has(candidate));
    if (name !== undefined && !(keys.has(name) && name !== path)) keys.set(name, key);
    else if (name === undefined && !SURPLUS.test(path)) {
      throw new ConfigError(`${file.path}: the model has no place for ${key}; is the adapter of another model?`);
    }
  }
  const missing = [...parameters.keys()].filter((name) => !keys.has(name));
  if (missing.length > 0) {
    throw new FileFormatError(
      `${file.path} lacks ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ` and ${missing.length - 5} more` : ""}`,
    );
  }
  const values: [Parameter, Float32Array][] = [];
  for (const [name, parameter] of parameters) {
    const key = keys.get(name) ?? name;
    const { shape } = file.info(key);
    if (!sameShape(shape, parameter.shape)) {
      throw new ConfigError(
        `${file.path} does not fit the model: ${name} is ${formatShape(shape)} there and ${formatShape(parameter.shape)} here` +
          (/(classifier|score|out_proj)\.(weight|bias)$/.test(name)
            ? "; load the base model with that many numLabels"
            : ""),
      );
    }
    values.push([parameter, await file.readFloat32(key)]);
  }
  for (const [parameter, value] of values) parameter.write_(value);
}

/** How many labels the head has that is saved with an adapter; undefined where it has none. */
export async function labelsOfAdapter(folder: string): Promise<number | undefined> {
  await using file = await openAdapter(folder);
  const head = file.names.find((name) => /\.(classifier|score|classifier\.out_proj)\.weight$/.test(name));
  return head === undefined ? undefined : file.info(head).shape[0];
}
