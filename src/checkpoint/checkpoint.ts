// A checkpoint's weights as its folder holds them: model.safetensors, or several files and an index
// (model.safetensors.index.json: {"metadata": {...}, "weight_map": {tensor name: file name}}), as transformers saves
// what is larger than a shard; or the same with pytorch_model.bin, as it did before.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FileFormatError } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import { warn } from "../support/log.js";
import { noSuchTensor, openSafetensors, type TensorInfo, type TensorSource } from "./safetensors.js";
import { openTorchWeights } from "./torch/index.js";

/** A way in which a folder holds weights, whole or in shards. */
interface Layout {
  readonly single: string;
  readonly index: string;
  readonly extension: string;
  readonly open: (path: string) => Promise<TensorSource>;
}

/** In order of preference. */
export const LAYOUTS: readonly Layout[] = [
  {
    single: "model.safetensors",
    index: "model.safetensors.index.json",
    extension: ".safetensors",
    open: openSafetensors,
  },
  { single: "pytorch_model.bin", index: "pytorch_model.bin.index.json", extension: ".bin", open: openTorchWeights },
];

/**
 * Opens the weights at `path`: a folder with model.safetensors or pytorch_model.bin, or the index of either's shards; or a
 * file of one of these kinds.
 *
 * @throws FileFormatError where there is no such folder, where it holds no weights (listing what it holds), and for every
 *   way in which a file or the index is damaged; UnsafePickleError for a pickle with more than weights
 */
export async function openCheckpoint(path: string): Promise<TensorSource> {
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === "ENOENT" ? "there is no such folder" : error.message;
    throw new FileFormatError(`Cannot open the checkpoint ${path}: ${reason}`, { cause: error });
  });
  if (!status.isDirectory())
    return (LAYOUTS.find(({ extension }) => path.endsWith(extension)) ?? LAYOUTS[0]).open(path);
  const entries = (await readdir(path)).sort();
  for (const layout of LAYOUTS) {
    if (entries.includes(layout.single)) return layout.open(join(path, layout.single));
    if (entries.includes(layout.index)) return ShardedCheckpoint.open(path, layout);
  }
  throw new FileFormatError(describeMissing(path, entries));
}

function describeMissing(path: string, entries: readonly string[]): string {
  const shown = entries.slice(0, 20).join(", ") + (entries.length > 20 ? ` and ${entries.length - 20} more` : "");
  const names = LAYOUTS.flatMap(({ single, index }) => [single, index]);
  return `${path} holds no weights (${names.join(", ")}); it holds ${shown || "nothing"}`;
}

/** Several files that one index makes a checkpoint. */
class ShardedCheckpoint implements TensorSource {
  readonly path: string;
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #shards: ReadonlyMap<string, TensorSource>;
  readonly #owners: ReadonlyMap<string, TensorSource>;

  private constructor(path: string, shards: ReadonlyMap<string, TensorSource>, owners: Map<string, TensorSource>) {
    this.path = path;
    this.#shards = shards;
    this.#owners = owners;
    this.names = [...owners.keys()];
    this.metadata = Object.assign({}, ...[...shards.values()].map((shard) => shard.metadata));
  }

  /** Opens every file that the index names, and checks that each holds what the index says. */
  static async open(folder: string, layout: Layout): Promise<ShardedCheckpoint> {
    const index = join(folder, layout.index);
    const weightMap = await readWeightMap(index, layout.extension);
    const shards = new Map<string, TensorSource>();
    try {
      const owners = new Map<string, TensorSource>();
      for (const [name, file] of weightMap) {
        const shard = shards.get(file) ?? (await openShard(layout, folder, file, name));
        shards.set(file, shard);
        if (!shard.has(name)) {
          throw new FileFormatError(`${index} says that tensor ${name} is in ${file}, and it is not there`);
        }
        owners.set(name, shard);
      }
      for (const [file, shard] of shards) {
        const extra = shard.names.filter((name) => owners.get(name) !== shard);
        if (extra.length > 0)
          warn(`${join(folder, file)} holds tensors that ${layout.index} does not name: ${extra.join(", ")}`);
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

  #owner(name: string): TensorSource {
    const shard = this.#owners.get(name);
    if (shard === undefined) throw new FileFormatError(noSuchTensor(this.path, name, this.names));
    return shard;
  }
}

async function readWeightMap(index: string, extension: string): Promise<[name: string, file: string][]> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(index, "utf8"));
  } catch (error) {
    throw new FileFormatError(`${index} is damaged: ${(error as Error).message}`, { cause: error });
  }
  const weightMap = (content as { weight_map?: unknown } | null)?.weight_map;
  if (!isObject(weightMap)) {
    throw new FileFormatError(`${index} is damaged: it has no weight_map from tensor names to file names`);
  }
  const entries = Object.entries(weightMap);
  if (entries.length === 0) throw new FileFormatError(`${index} is damaged: its weight_map is empty`);
  for (const [name, file] of entries) {
    // Nothing but a file of the folder itself: an index that comes from elsewhere must not reach out of it.
    if (typeof file !== "string" || !/^[^/\\]+$/.test(file) || !file.endsWith(extension)) {
      throw new FileFormatError(
        `${index} is damaged: it maps tensor ${name} to ${JSON.stringify(file)}, not to a ${extension} file of its folder`,
      );
    }
  }
  return entries as [string, string][];
}

async function openShard(layout: Layout, folder: string, file: string, name: string): Promise<TensorSource> {
  const path = join(folder, file);
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  if (!exists) {
    throw new FileFormatError(
      `${folder} lacks ${file}, which ${layout.index} names for tensor ${name} among others. Download the checkpoint again`,
    );
  }
  return layout.open(path);
}
