// Buffers of the native engine: a dtype and a run of bytes at an address.
import { DeviceError, LifetimeError } from "../../support/errors.js";
import type { DeviceBuffer, DType, View } from "../kernels.js";

export const BYTES: Readonly<Record<DType, number>> = { float32: 4, bfloat16: 2, float16: 2, int32: 4 };

/** Numbers of the dtypes in arguments; native/kernels.h has the other end. */
export const DTYPE_NUMBER: Readonly<Record<DType, number>> = { float32: 0, bfloat16: 1, float16: 2, int32: 3 };

export class NativeBuffer implements DeviceBuffer {
  readonly dtype: DType;
  readonly length: number;
  /** 0 once freed. */
  address: number;
  /** What the engine knows the memory by. */
  readonly handle: number;

  constructor(dtype: DType, length: number, address: number, handle: number) {
    this.dtype = dtype;
    this.length = length;
    this.address = address;
    this.handle = handle;
  }
}

/** The buffer behind a view; throws where it is another backend's or was freed. */
export function nativeBuffer(buffer: DeviceBuffer): NativeBuffer {
  if (!(buffer instanceof NativeBuffer))
    throw new DeviceError("a buffer of another backend was given to the native one");
  if (buffer.address === 0) {
    throw new LifetimeError(`a freed ${buffer.dtype} buffer of ${buffer.length} elements was used`);
  }
  return buffer;
}

export function addressOf(view: View): number {
  const buffer = nativeBuffer(view.buffer);
  return buffer.address + view.offset * BYTES[buffer.dtype];
}
