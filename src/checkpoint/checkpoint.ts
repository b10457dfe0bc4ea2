// A checkpoint's weights as its folder holds them: model.safetensors, or several files and an index
// (model.safetensors.index.json: {"metadata": {...}, "weight_map": {tensor name: file name}}), as transformers saves
// what is larger than a shard.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FileFormatError } from "../support/errors.js";
import { warn } from "../support/log.js";
import {
  noSuchTensor,
  openSafetensors,
  type SafetensorsFile,
  type TensorInfo,
  type TensorSource,
} from "./safetensors.js";

const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/**
 * Opens the weights at `path`: a folder with model.safetensors or a sharded checkpoint's index, or a safetensors file.
 *
 * @throws FileFormatError where there is no such folder, where it holds no safetensors weights (listing what it holds),
 *   and for every way in which a file or the index is damaged
 */
export async function openCheckpoint(path: string): Promise<TensorSource> {
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === "ENOENT" ? "there is no such folder" : error.message;
    throw new FileFormatError(`Cannot open the checkpoint ${path}: ${reason}`, { cause: error });
  });
  if (!status.isDirectory()) return openSafetensors(path);
  const entries = (await readdir(path)).sort();
  if (entries.includes(SINGLE)) return openSafetensors(join(path, SINGLE));
  if (entries.includes(INDEX)) return ShardedCheckpoint.open(path);
  throw new FileFormatError(describeMissing(path, entries));
}

function describeMissing(path: string, entries: readonly string[]): string {
  const pickles = entries.filter((name) => /^pytorch_model.*\.bin$/.test(name));
  if (pickles.length > 0) {
    return (
      `${path} holds ${pickles.join(", ")} and no ${SINGLE}: pickle checkpoints are not supported yet. Convert it with Python: ` +
      `python -c "from transformers import AutoModel; AutoModel.from_pretrained('${path}').save_pretrained('${path}')" ` +
      "(with the AutoModelFor... class of its head, where it has one)"
    );
  }
  const shown = entries.slice(0, 20).join(", ") + (entries.length > 20 ? ` and ${entries.length - 20} more` : "");
  return `${path} holds neither ${SINGLE} nor ${INDEX}; it holds ${shown || "nothing"}`;
}

/** Several safetensors files that one index makes a checkpoint. */
class ShardedCheckpoint implements TensorSource {
  readonly path: string;
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #shards: ReadonlyMap<string, SafetensorsFile>;
  readonly #owners: ReadonlyMap<string, SafetensorsFile>;

  private constructor(
    path: string,
    shards: ReadonlyMap<string, SafetensorsFile>,
    owners: Map<string, SafetensorsFile>,
  ) {
    this.path = path;
    this.#shards = shards;
    this.#owners = owners;
    this.names = [...owners.keys()];
    this.metadata = Object.assign({}, ...[...shards.values()].map((shard) => shard.metadata));
  }

  /** Opens every file that the index names, and checks that each holds what the index says. */
  static async open(folder: string): Promise<ShardedCheckpoint> {
    const index = join(folder, INDEX);
    const weightMap = await readWeightMap(index);
    const shards = new Map<string, SafetensorsFile>();
    try {
      const owners = new Map<string, SafetensorsFile>();
      for (const [name, file] of weightMap) {
        const shard = shards.get(file) ?? (await openShard(index, folder, file, name));
        shards.set(file, shard);
        if (!shard.has(name)) {
          throw new FileFormatError(`${index} says that tensor ${name} is in ${file}, and it is not there`);
        }
        owners.set(name, shard);
      }
      for (const [file, shard] of shards) {
        const extra = shard.names.filter((name) => owners.get(name) !== shard);
        if (extra.length > 0)
          warn(`${join(folder, file)} holds tensors that ${INDEX} does not name: ${extra.join(", ")}`);
      }
      return new ShardedCheckpoint(folder, shards, owners);
    } catch (error) {
      await Promise.all([...shards.values()].map((shard) => shard.close()));
      throw error;
    }
  }

  has(name: string): boolean {
    return this.#owners.has(name);
  }

  info(name: string): TensorInfo {
    return this.#owner(name).info(name);
  }

  async read(name: string): Promise<Uint8Array> {
    return this.#owner(name).read(name);
  }

  async readFloat32(name: string): Promise<Float32Array> {
    return this.#owner(name).readFloat32(name);
  }

  async readInt32(name: string): Promise<Int32Array> {
    return this.#owner(name).readInt32(name);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#shards.values()].map((shard) => shard.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #owner(name: string): SafetensorsFile {
    const shard = this.#owners.get(name);
    if (shard === undefined) throw new FileFormatError(noSuchTensor(this.path, name, this.names));
    return shard;
  }
}

async function readWeightMap(index: string): Promise<[name: string, file: string][]> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(index, "utf8"));
  } catch (error) {
    throw new FileFormatError(`${index} is damaged: ${(error as Error).message}`, { cause: error });
  }
  const weightMap = (content as { weight_map?: unknown } | null)?.weight_map;
  if (typeof weightMap !== "object" || weightMap === null || Array.isArray(weightMap)) {
    throw new FileFormatError(`${index} is damaged: it has no weight_map from tensor names to file names`);
  }
  const entries = Object.entries(weightMap);
  if (entries.length === 0) throw new FileFormatError(`${index} is damaged: its weight_map is empty`);
  for (const [name, file] of entries) {
    // Nothing but a file of the folder itself: an index that comes from elsewhere must not reach out of it.
    if (typeof file !== "string" || !/^[^/\\]+\.safetensors$/.test(file)) {
      throw new FileFormatError(
        `${index} is damaged: it maps tensor ${name} to ${JSON.stringify(file)}, not to a .safetensors file of its folder`,
      );
    }
  }
  return entries as [string, string][];
}

async function openShard(index: string, folder: string, file: string, name: string): Promise<SafetensorsFile> {
  const path = join(folder, file);
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  if (!exists) {
    throw new FileFormatError(
      `${folder} lacks ${file}, which ${index} names for tensor ${name} among others. Download the checkpoint again`,
    );
  }
  return openSafetensors(path);
}
