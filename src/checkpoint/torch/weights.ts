// A state dict in a file of torch.save (pytorch_model.bin) as named tensors.
import { FileFormatError } from "../../support/errors.js";
import { noSuchTensor, type TensorInfo, type TensorSource } from "../safetensors.js";
import { openTorchFile, type TorchFile } from "./reader.js";
import { TensorInFile } from "./tensor-in-file.js";
import type { TorchValue } from "./values.js";

/**
 * Opens a state dict: a dict from names to tensors, alone or as the entry "state_dict" of a dict.
 * @throws FileFormatError as openTorchFile, and where the file holds something else
 */
export async function openTorchWeights(path: string): Promise<TensorSource> {
  const file = await openTorchFile(path);
  try {
    return new TorchWeights(file, tensorsOf(path, file.value));
  } catch (error) {
    await file.close();
    throw error;
  }
}

function tensorsOf(path: string, value: TorchValue): Map<string, TensorInFile> {
  const nested = value instanceof Map ? value.get("state_dict") : undefined;
  const dict = nested instanceof Map ? nested : value;
  const tensors = new Map<string, TensorInFile>();
  if (dict instanceof Map) {
    for (const [name, tensor] of dict) {
      if (typeof name === "string" && tensor instanceof TensorInFile) tensors.set(name, tensor);
    }
  }
  if (tensors.size === 0) throw new FileFormatError(`${path} holds no weights: it is no dict from names to tensors`);
  return tensors;
}

class TorchWeights implements TensorSource {
  readonly names: readonly string[];
  readonly metadata = {};
  readonly #file: TorchFile;
  readonly #tensors: ReadonlyMap<string, TensorInFile>;

  constructor(file: TorchFile, tensors: ReadonlyMap<string, TensorInFile>) {
    this.#file = file;
    this.#tensors = tensors;
    this.names = [...tensors.keys()];
  }

  get path(): string {
    return this.#file.path;
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  info(name: string): TensorInfo {
    const { dtype, shape, byteLength } = this.#tensor(name);
    return { dtype, shape, byteLength };
  }

  async read(name: string): Promise<Uint8Array> {
    return this.#tensor(name).read();
  }

  async readFloat32(name: string): Promise<Float32Array> {
    return this.#tensor(name).readFloat32();
  }

  async readInt32(name: string): Promise<Int32Array> {
    return this.#tensor(name).readInt32();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #tensor(name: string): TensorInFile {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw new FileFormatError(noSuchTensor(this.path, name, this.names));
    return tensor;
  }
}
