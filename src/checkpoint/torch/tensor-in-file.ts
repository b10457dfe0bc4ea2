// A tensor of a torch file: a view of a storage by offset, sizes and strides, read when somebody asks.
import { FileFormatError } from "../../support/errors.js";
import { toFloat32, toInt32 } from "../convert.js";
import { type SafetensorsDtype, tensorBytes } from "../dtypes.js";
import type { StoredStorage, StoredTensor } from "./values.js";

/** Reads `length` bytes of a storage from its byte `begin` on. */
export type ReadStorage = (storage: StoredStorage, begin: number, length: number) => Promise<Uint8Array>;

export class TensorInFile implements StoredTensor {
  readonly storage: StoredStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly #where: string;
  readonly #read: ReadStorage;

  /** @throws FileFormatError where the sizes are none, or reach beyond the storage */
  constructor(
    where: string,
    storage: StoredStorage,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
    read: ReadStorage,
  ) {
    this.#where = where;
    this.#read = read;
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
    const sizes = [offset, ...shape, ...strides];
    const fits =
      shape.length === strides.length &&
      sizes.every((size) => Number.isSafeInteger(size) && size >= 0) &&
      (this.#count === 0 || offset + this.#span <= storage.length);
    if (!fits) {
      throw new FileFormatError(
        `${where} is damaged: a tensor of shape [${shape.join(", ")}], strides [${strides.join(", ")}] from element ${offset} ` +
          `does not fit its storage of ${storage.length} ${storage.dtype} elements`,
      );
    }
  }

  get dtype(): SafetensorsDtype {
    return this.storage.dtype;
  }

  get byteLength(): number {
    return this.#count * this.#elementBytes;
  }

  async read(): Promise<Uint8Array> {
    const size = this.#elementBytes;
    if (this.#count > this.storage.length) {
      // an expanded tensor repeats elements: a few bytes could ask for all memory
      throw new FileFormatError(
        `${this.#where}: a tensor of shape [${this.shape.join(", ")}] repeats the ${this.storage.length} elements of its storage`,
      );
    }
    if (this.#count === 0) return new Uint8Array(0);
    const run = await this.#read(this.storage, this.offset * size, this.#span * size);
    return this.#contiguous ? run : gather(run, this.shape, this.strides, size);
  }

  async readFloat32(): Promise<Float32Array> {
    return toFloat32(await this.read(), this.dtype);
  }

  async readInt32(): Promise<Int32Array> {
    return toInt32(await this.read(), this.dtype);
  }

  get #elementBytes(): number {
    return tensorBytes(this.dtype, [1]) ?? 1;
  }

  get #count(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }

  /** From the first element to the last, both counted. */
  get #span(): number {
    return this.shape.reduce((sum, size, i) => sum + (size - 1) * this.strides[i], 1);
  }

  get #contiguous(): boolean {
    let expected = 1;
    for (let i = this.shape.length - 1; i >= 0; i--) {
      if (this.shape[i] > 1 && this.strides[i] !== expected) return false;
      expected *= this.shape[i];
    }
    return true;
  }
}

/** Elements of `size` bytes in row-major order. */
function gather(run: Uint8Array, shape: readonly number[], strides: readonly number[], size: number): Uint8Array {
  const count = shape.reduce((product, length) => product * length, 1);
  const result = new Uint8Array(count * size);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < count; to++) {
    for (let byte = 0; byte < size; byte++) result[to * size + byte] = run[from * size + byte];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= shape[axis] * strides[axis];
      index[axis] = 0;
    }
  }
  return result;
}
