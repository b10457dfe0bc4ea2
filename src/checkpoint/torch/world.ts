// The names that torch's pickles may use (torch/_weights_only_unpickler.py has Python's own list), and what each gives.
import { FileFormatError } from "../../support/errors.js";
import type { SafetensorsDtype } from "../dtypes.js";
import { type ReadStorage, TensorInFile } from "./tensor-in-file.js";
import type { Callable, PickleWorld } from "./unpickle.js";
import { STORAGE_DTYPES, type StoredStorage } from "./values.js";

/** A storage class by name: no function, so it cannot be called. */
class StorageClass {
  readonly dtype: SafetensorsDtype;

  constructor(dtype: SafetensorsDtype) {
    this.dtype = dtype;
  }
}

const DTYPES = new Set(
  "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool float double half long int short".split(" "),
);

/**
 * @param where the file, for messages
 * @param storageOf a storage by the key, dtype and length that the pickle gives; checks that the file holds it
 */
export function torchWorld(
  where: string,
  storageOf: (key: string, dtype: SafetensorsDtype, length: number) => StoredStorage,
  read: ReadStorage,
): PickleWorld {
  const damaged = (what: string) => new FileFormatError(`${where} is damaged: ${what}`);

  /** _rebuild_tensor(storage, offset, sizes, strides, ...); what follows says nothing about its elements. */
  const rebuildTensor: Callable = ([storage, offset, shape, strides]) => {
    if (!isStorage(storage) || typeof offset !== "number" || !isNumbers(shape) || !isNumbers(strides)) {
      throw damaged("a tensor is not made of a storage, an offset, sizes and strides");
    }
    return new TensorInFile(where, storage, offset, shape, strides, read);
  };
  /** A Parameter is its tensor. */
  const rebuildParameter: Callable = ([tensor]) => {
    if (!(tensor instanceof TensorInFile)) throw damaged("a parameter is not made of a tensor");
    return tensor;
  };
  const pairsToMap: Callable = ([items = []]) => {
    if (!Array.isArray(items) || !items.every((item) => Array.isArray(item) && item.length === 2)) {
      throw damaged("an OrderedDict is not made of pairs");
    }
    return new Map(items as [unknown, unknown][]);
  };
  // module and name, as a pickle's GLOBAL spells them
  const names: Readonly<Record<string, unknown>> = {
    "collections OrderedDict": pairsToMap,
    "torch._utils _rebuild_tensor": rebuildTensor,
    "torch._utils _rebuild_tensor_v2": rebuildTensor,
    "torch._utils _rebuild_parameter": rebuildParameter,
    "torch._utils _rebuild_parameter_with_state": rebuildParameter,
    "torch Size": (([sizes = []]) => sizes) satisfies Callable,
    "torch device": ((parts) => parts.join(":")) satisfies Callable,
    "torch.serialization _get_layout": (([name]) => name) satisfies Callable,
    "_codecs encode": (([text, encoding]) => {
      // how protocol 2 spells bytes
      if (typeof text !== "string" || encoding !== "latin1") throw damaged("bytes are not spelled as text in latin1");
      return Uint8Array.from(Buffer.from(text, "latin1"));
    }) satisfies Callable,
    "builtins set": (([items = []]) => new Set(items as unknown[])) satisfies Callable,
    "__builtin__ set": (([items = []]) => new Set(items as unknown[])) satisfies Callable,
  };
  return {
    find(module, name) {
      const pair = `${module} ${name}`;
      if (Object.hasOwn(names, pair)) return names[pair];
      if ((module === "torch" || module === "torch.storage") && Object.hasOwn(STORAGE_DTYPES, name)) {
        return new StorageClass(STORAGE_DTYPES[name]);
      }
      return module === "torch" && DTYPES.has(name) ? `torch.${name}` : undefined;
    },
    /** ("storage", class, key, device, length[, view]): torch/serialization.py, persistent_id. */
    persistent(id) {
      const [kind, type, key, , length, view] = Array.isArray(id) ? (id as unknown[]) : [];
      if (kind !== "storage" || typeof key !== "string" || typeof length !== "number") {
        throw damaged("a storage is not given by its class, key, device and length");
      }
      if (!(type instanceof StorageClass)) throw damaged(`storage ${key} has elements of a kind that is not known`);
      if (view !== undefined && view !== null)
        throw damaged(`storage ${key} is a part of another; such old files are not read`);
      return storageOf(key, type.dtype, length);
    },
  };
}

function isStorage(value: unknown): value is StoredStorage {
  return typeof value === "object" && value !== null && "key" in value && "dtype" in value && "length" in value;
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}
