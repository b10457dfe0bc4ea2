// Python values as they come out of, and go into, a pickle.
import type { SafetensorsDtype } from "../dtypes.js";

/**
 * What the restricted reader gives: None is null; int and float are numbers (an int beyond 2^53 a bigint); list and tuple
 * are arrays; dict and OrderedDict are Maps in their order; bytes are a Uint8Array; torch's dtypes, devices and layouts
 * are their names ("torch.float32", "cpu").
 */
export type TorchValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | StoredTensor
  | readonly TorchValue[]
  | ReadonlyMap<TorchValue, TorchValue>
  | ReadonlySet<TorchValue>;

/** A tensor in a file; its bytes are read when asked for. */
export interface StoredTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** Tensors that share memory in Python have the same storage; `offset` and `strides` count its elements. */
  readonly storage: StoredStorage;
  readonly offset: number;
  readonly strides: readonly number[];
  /** The elements: little-endian, row-major, in memory of their own. */
  read(): Promise<Uint8Array>;
  /** @throws FileFormatError where the dtype is not F32, F16, BF16 or F64 */
  readFloat32(): Promise<Float32Array>;
  /** @throws FileFormatError where the dtype is not an integer's or a value does not fit */
  readInt32(): Promise<Int32Array>;
}

/** A run of elements in a file. */
export interface StoredStorage {
  readonly key: string;
  readonly dtype: SafetensorsDtype;
  /** Number of elements. */
  readonly length: number;
}

/**
 * What writeTorchFile takes: numbers that are whole become int, others float (PythonFloat makes a float of a whole one);
 * arrays become lists (PythonTuple makes tuples); Maps, and objects by their keys, become dicts.
 */
export type TorchWritable =
  | null
  | boolean
  | number
  | bigint
  | string
  | PythonFloat
  | PythonTuple
  | TorchTensor
  | readonly TorchWritable[]
  | ReadonlyMap<TorchWritable, TorchWritable>
  | { readonly [key: string]: TorchWritable };

/** A float whatever its value: lr 0 would otherwise be an int. */
export class PythonFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export class PythonTuple {
  readonly items: readonly TorchWritable[];

  constructor(items: readonly TorchWritable[]) {
    this.items = items;
  }
}

/** A tensor to be written; `data` is called once, when its turn comes, and gives its bytes row-major, little-endian. */
export class TorchTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly data: () => ArrayBufferView | Promise<ArrayBufferView>;

  constructor(
    dtype: SafetensorsDtype,
    shape: readonly number[],
    data: () => ArrayBufferView | Promise<ArrayBufferView>,
  ) {
    this.dtype = dtype;
    this.shape = shape;
    this.data = data;
  }
}

/** torch's storage classes (torch/storage.py) and the elements they hold. */
export const STORAGE_DTYPES: Readonly<Record<string, SafetensorsDtype>> = {
  FloatStorage: "F32",
  DoubleStorage: "F64",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
};
