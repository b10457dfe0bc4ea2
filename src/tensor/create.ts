// Making tensors from host data.
import type { Backend, DType, HostArray } from "../backends/kernels.js";
import { ShapeError } from "../support/errors.js";
import { currentBackend } from "./device.js";
import { formatShape, type Shape, sizeOf } from "./shape.js";
import { Storage } from "./storage.js";
import { Tensor } from "./tensor.js";

export type TensorData = number | readonly TensorData[] | Float32Array | Float64Array | Int32Array;

export interface TensorInit {
  /** Default: float32; int32 for an Int32Array. */
  readonly dtype?: DType;
  /** Default: that of the nested arrays; [length] for a typed array. */
  readonly shape?: Shape;
  /** Default false. */
  readonly requiresGrad?: boolean;
}

/**
 * A tensor with the given elements, copied. int32 tensors keep their values on the host as well, so that ids, labels and
 * masks are checked before anything runs.
 * @throws ShapeError if arrays are ragged, the shape does not fit the number of elements, or an int32 element is no
 *   32-bit integer.
 */
export function tensor(data: TensorData, init: TensorInit = {}): Tensor {
  const { values, shape: found } = flatten(data);
  const shape = init.shape ?? found;
  if (sizeOf(shape) !== values.length) {
    throw new ShapeError(`tensor: ${values.length} elements do not fill the shape ${formatShape(shape)}`);
  }
  const dtype = init.dtype ?? (values instanceof Int32Array ? "int32" : "float32");
  const backend = currentBackend();
  const storage = new Storage(backend, dtype, values.length);
  if (dtype !== "int32") {
    const result = new Tensor(storage, [...shape]);
    backend.write(result, values);
    return init.requiresGrad ? result.setRequiresGrad(true) : result;
  }
  const host = toInt32(values);
  const result = new Tensor(storage, [...shape], { host });
  backend.write(result, host);
  return init.requiresGrad ? result.setRequiresGrad(true) : result;
}

export function zeros(shape: Shape, dtype: DType = "float32", backend: Backend = currentBackend()): Tensor {
  return full(shape, 0, dtype, backend);
}

export function ones(shape: Shape, dtype: DType = "float32"): Tensor {
  return full(shape, 1, dtype);
}

export function full(
  shape: Shape,
  value: number,
  dtype: DType = "float32",
  backend: Backend = currentBackend(),
): Tensor {
  const size = sizeOf(shape);
  const host = dtype === "int32" ? new Int32Array(size).fill(value) : undefined;
  const result = new Tensor(new Storage(backend, dtype, size), [...shape], { host });
  backend.kernels.fill(result, size, value);
  return result;
}

/** float32 zeros of which few will ever change: see Backend.allocateZeros. */
export function mostlyZeros(shape: Shape, backend: Backend): Tensor {
  const length = sizeOf(shape);
  return new Tensor(new Storage(backend, "float32", length, backend.allocateZeros("float32", length)), [...shape]);
}

/** A tensor whose elements are undefined until a kernel writes them. */
export function empty(shape: Shape, dtype: DType = "float32", backend: Backend = currentBackend()): Tensor {
  return new Tensor(new Storage(backend, dtype, sizeOf(shape)), [...shape]);
}

function toInt32(values: HostArray): Int32Array {
  if (values instanceof Int32Array) return values.slice();
  const host = new Int32Array(values);
  for (let i = 0; i < host.length; i++) {
    if (host[i] !== values[i]) throw new ShapeError(`tensor: element ${i} is ${values[i]}, not a 32-bit integer`);
  }
  return host;
}

function flatten(data: TensorData): { values: HostArray; shape: number[] } {
  if (data instanceof Float32Array || data instanceof Float64Array || data instanceof Int32Array) {
    return { values: data, shape: [data.length] };
  }
  if (ArrayBuffer.isView(data))
    throw new ShapeError("tensor: pass a Float32Array, Float64Array, Int32Array or numbers");
  const shape: number[] = [];
  for (let level: TensorData = data; typeof level !== "number"; level = level[0]) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  // 64 bits until the dtype is known: an int32 does not fit float32
  const values = new Float64Array(sizeOf(shape));
  let at = 0;
  const walk = (level: TensorData, depth: number): void => {
    if (typeof level === "number") {
      if (depth !== shape.length) throw new ShapeError("tensor: nested arrays differ in depth");
      values[at++] = level;
      return;
    }
    if (level.length !== shape[depth]) {
      throw new ShapeError(
        `tensor: nested arrays are ragged: one holds ${level.length} elements where another holds ${shape[depth] ?? "a number"}`,
      );
    }
    for (const item of level) walk(item, depth + 1);
  };
  walk(data, 0);
  return { values, shape };
}
