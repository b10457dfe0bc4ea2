// Python values as a pickle of protocol 2, which torch.load reads with weights_only.
import { ConfigError } from "../../support/errors.js";
import { type SafetensorsDtype, tensorBytes } from "../dtypes.js";
import { PythonFloat, PythonTuple, STORAGE_DTYPES, TorchTensor, type TorchWritable } from "./values.js";

/** A tensor to be stored beside the pickle, under its key. */
export interface PickledStorage {
  readonly key: string;
  readonly tensor: TorchTensor;
  readonly byteLength: number;
}

const STORAGE_CLASSES = new Map<SafetensorsDtype, string>(
  Object.entries(STORAGE_DTYPES).map(([name, dtype]) => [dtype, name]),
);

/**
 * The pickle of `value`, and its tensors in the order of their keys.
 * @throws ConfigError for values and dtypes that torch's files do not hold
 */
export function pickle(value: TorchWritable): { bytes: Uint8Array; storages: readonly PickledStorage[] } {
  const pickler = new Pickler();
  pickler.write(value);
  return pickler.end();
}

class Pickler {
  readonly #chunks: Uint8Array[] = [Uint8Array.of(0x80, 2)];
  readonly #storages = new Map<TorchTensor, PickledStorage>();

  end(): { bytes: Uint8Array; storages: readonly PickledStorage[] } {
    this.#bytes(0x2e);
    return { bytes: Buffer.concat(this.#chunks), storages: [...this.#storages.values()] };
  }

  write(value: TorchWritable): void {
    if (value === null) this.#bytes(0x4e);
    else if (typeof value === "boolean") this.#bytes(value ? 0x88 : 0x89);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "bigint") this.#integer(value);
    else if (typeof value === "string") this.#text(value);
    else if (value instanceof PythonFloat) this.#float(value.value);
    else if (value instanceof PythonTuple) this.#tuple(value.items);
    else if (value instanceof TorchTensor) this.#tensor(value);
    else if (isList(value)) this.#list(value);
    else if (value instanceof Map) this.#dict([...value]);
    else this.#dict(Object.entries(value));
  }

  #number(value: number): void {
    if (!Number.isInteger(value) || Object.is(value, -0)) this.#float(value);
    else if (value >= 0 && value < 256) this.#bytes(0x4b, value);
    else if (value >= 0 && value < 65536) this.#bytes(0x4d, value & 255, value >> 8);
    else if (value === (value | 0)) this.#bytes(0x4a, ...new Uint8Array(Int32Array.of(value).buffer));
    else this.#integer(BigInt(value));
  }

  /** LONG1: two's complement in as many bytes as it takes. */
  #integer(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    do {
      bytes.push(Number(BigInt.asUintN(8, rest)));
      rest >>= 8n;
    } while (!((rest === 0n && bytes[bytes.length - 1] < 128) || (rest === -1n && bytes[bytes.length - 1] >= 128)));
    if (bytes.length > 255) throw new ConfigError(`an integer of ${bytes.length} bytes cannot be pickled`);
    this.#bytes(0x8a, bytes.length, ...bytes);
  }

  #float(value: number): void {
    const bytes = new Uint8Array(9);
    bytes[0] = 0x47;
    new DataView(bytes.buffer).setFloat64(1, value, false);
    this.#chunks.push(bytes);
  }

  #text(value: string): void {
    const text = new TextEncoder().encode(value);
    this.#bytes(0x58, ...new Uint8Array(Uint32Array.of(text.length).buffer));
    this.#chunks.push(text);
  }

  #list(items: readonly TorchWritable[]): void {
    this.#bytes(0x5d, 0x28);
    for (const item of items) this.write(item);
    this.#bytes(0x65);
  }

  #tuple(items: readonly TorchWritable[]): void {
    if (items.length === 0) {
      this.#bytes(0x29); // TUPLE of a mark and nothing would do too; torch writes this
      return;
    }
    this.#bytes(0x28);
    for (const item of items) this.write(item);
    this.#bytes(0x74);
  }

  #dict(entries: readonly (readonly [TorchWritable, TorchWritable])[]): void {
    this.#bytes(0x7d, 0x28);
    for (const [key, value] of entries) {
      this.write(key);
      this.write(value);
    }
    this.#bytes(0x75);
  }

  /** _rebuild_tensor_v2(storage, offset, sizes, strides, requires_grad, hooks): torch/_tensor.py, _reduce_ex_internal. */
  #tensor(tensor: TorchTensor): void {
    const storageClass = STORAGE_CLASSES.get(tensor.dtype);
    const byteLength = tensorBytes(tensor.dtype, tensor.shape);
    const possible = tensor.shape.every((size) => Number.isSafeInteger(size) && size >= 0);
    if (storageClass === undefined || byteLength === undefined || !possible) {
      throw new ConfigError(
        `a tensor of ${tensor.dtype} and shape [${tensor.shape.join(", ")}] cannot be written to a torch file; the dtypes are ` +
          [...STORAGE_CLASSES.keys()].join(", "),
      );
    }
    const known = this.#storages.get(tensor);
    const storage = known ?? { key: String(this.#storages.size), tensor, byteLength };
    this.#storages.set(tensor, storage);
    const count = tensor.shape.reduce((product, size) => product * size, 1);
    this.#global("torch._utils", "_rebuild_tensor_v2");
    this.#bytes(0x28, 0x28);
    this.#text("storage");
    this.#global("torch", storageClass);
    for (const item of [storage.key, "cpu", count]) this.write(item);
    this.#bytes(0x74, 0x51, 0x4b, 0); // the storage, offset 0
    this.#tuple(tensor.shape);
    this.#tuple(rowMajorStrides(tensor.shape));
    this.#bytes(0x89);
    this.#global("collections", "OrderedDict");
    this.#bytes(0x29, 0x52, 0x74, 0x52);
  }

  #global(module: string, name: string): void {
    this.#chunks.push(new TextEncoder().encode(`c${module}\n${name}\n`));
  }

  #bytes(...bytes: number[]): void {
    this.#chunks.push(Uint8Array.from(bytes));
  }
}

/** Array.isArray, which does not narrow readonly arrays. */
function isList(value: TorchWritable): value is readonly TorchWritable[] {
  return Array.isArray(value);
}

function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * Math.max(1, shape[i + 1]);
  return strides;
}
