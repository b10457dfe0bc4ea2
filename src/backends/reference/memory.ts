// Memory of the reference backend: typed arrays from a pool in size classes, and the way from a View to its elements.
// Floats of every dtype live in one array type (64 or 32 bits); 16-bit floats are rounded when they are stored.
import { AttuneError, LifetimeError } from "../../support/errors.js";
import type { DeviceBuffer, DType, View } from "../kernels.js";
import { roundToBfloat16, roundToFloat16 } from "./numbers.js";

/** How wide the reference holds its floats: 64 bits to define what is right, 32 as the fallback of native code. */
export type Precision = "float64" | "float32";

export type FloatArray = Float64Array | Float32Array;

export type Elements = FloatArray | Int32Array;

/** What an int32 buffer holds before it is written: no id, no label, no length. */
export const UNWRITTEN_INT = -0x80000000;

export class ReferenceBuffer implements DeviceBuffer {
  readonly dtype: DType;
  readonly length: number;
  #elements: Elements | undefined;

  constructor(dtype: DType, elements: Elements) {
    this.dtype = dtype;
    this.length = elements.length;
    this.#elements = elements;
  }

  get elements(): Elements {
    if (this.#elements === undefined) {
      throw new LifetimeError(`a ${this.dtype} buffer of ${this.length} elements is used after it was freed`);
    }
    return this.#elements;
  }

  /** Gives up the elements; any later use throws. */
  release(): Elements {
    const elements = this.elements;
    this.#elements = undefined;
    return elements;
  }
}

export function referenceBuffer(buffer: DeviceBuffer): ReferenceBuffer {
  if (!(buffer instanceof ReferenceBuffer)) {
    throw new AttuneError(
      "a buffer of another backend was given to the reference backend; read() it there and write() it here",
    );
  }
  return buffer;
}

/** The `length` elements from a view on, of any dtype. */
export function elements(view: View, length: number): Elements {
  const buffer = referenceBuffer(view.buffer);
  const end = view.offset + length;
  if (!(view.offset >= 0 && end <= buffer.length)) {
    throw new AttuneError(
      `elements ${view.offset} to ${end} are asked of a ${buffer.dtype} buffer that holds ${buffer.length}`,
    );
  }
  return buffer.elements.subarray(view.offset, end);
}

/** The `length` floats from a view on. */
export function floats(view: View, length: number): FloatArray {
  const found = elements(view, length);
  if (found instanceof Int32Array) throw new AttuneError("a kernel of floats was given an int32 buffer");
  return found;
}

/** The `length` integers from a view on. */
export function ints(view: View, length: number): Int32Array {
  const found = elements(view, length);
  if (!(found instanceof Int32Array)) {
    throw new AttuneError(`a kernel of int32 was given a ${view.buffer.dtype} buffer`);
  }
  return found;
}

/** Elements that `rows` rows of `width` span, `stride` apart. */
export function span(rows: number, width: number, stride: number): number {
  return rows === 0 || width === 0 ? 0 : (rows - 1) * stride + width;
}

/** What storing a number as `dtype` does to it beyond what the array type does by itself. */
export function rounding(dtype: DType): ((x: number) => number) | undefined {
  switch (dtype) {
    case "bfloat16":
      return roundToBfloat16;
    case "float16":
      return roundToFloat16;
    case "int32":
      return Math.trunc;
    case "float32":
      return undefined;
    default:
      return dtype satisfies never;
  }
}

/** Keeps freed memory by size class, so that a training loop asks the system for pages in its first steps only. */
export class Pool {
  readonly #precision: Precision;
  readonly #free = new Map<number, ArrayBuffer[]>();
  bytesInUse = 0;
  bytesReserved = 0;
  peakBytesInUse = 0;

  constructor(precision: Precision) {
    this.#precision = precision;
  }

  /** Floats are NaN and integers UNWRITTEN_INT, so that an element that no kernel wrote is seen. */
  allocate(dtype: DType, length: number): ReferenceBuffer {
    const bytesPerElement = dtype !== "int32" && this.#precision === "float64" ? 8 : 4;
    const capacity = sizeClass(length * bytesPerElement);
    let memory = this.#free.get(capacity)?.pop();
    if (memory === undefined) {
      memory = new ArrayBuffer(capacity);
      this.bytesReserved += capacity;
    }
    this.bytesInUse += capacity;
    this.peakBytesInUse = Math.max(this.peakBytesInUse, this.bytesInUse);
    if (dtype === "int32") return new ReferenceBuffer(dtype, new Int32Array(memory, 0, length).fill(UNWRITTEN_INT));
    const FloatArrayType = this.#precision === "float64" ? Float64Array : Float32Array;
    return new ReferenceBuffer(dtype, new FloatArrayType(memory, 0, length).fill(Number.NaN));
  }

  free(buffer: DeviceBuffer): void {
    const memory = referenceBuffer(buffer).release().buffer as ArrayBuffer;
    this.bytesInUse -= memory.byteLength;
    const same = this.#free.get(memory.byteLength);
    if (same === undefined) this.#free.set(memory.byteLength, [memory]);
    else same.push(memory);
  }

  clear(): void {
    this.#free.clear();
    this.bytesInUse = 0;
    this.bytesReserved = 0;
  }
}

/** `bytes`, rounded up so that there are eight classes between a power of two and the next. */
function sizeClass(bytes: number): number {
  if (bytes <= 512) return 512;
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}
