// Raw little-endian bytes of checkpoint tensors as typed arrays, and conversions between element types. Where the bytes
// already are what is asked for, the array is a view of them.
import { endianness } from "node:os";
import { FileFormatError } from "../support/errors.js";
import type { SafetensorsDtype } from "./dtypes.js";

/**
 * Values as float32: F16 and BF16 exactly, F64 rounded to nearest.
 *
 * @throws FileFormatError for any dtype but F32, F16, BF16 and F64
 */
export function toFloat32(bytes: Uint8Array, dtype: SafetensorsDtype): Float32Array {
  switch (dtype) {
    case "F32":
      return view(Float32Array, bytes);
    case "F16":
      return halfToFloat32(view(Uint16Array, bytes));
    case "BF16":
      return bfloatToFloat32(view(Uint16Array, bytes));
    case "F64":
      return new Float32Array(view(Float64Array, bytes));
    default:
      throw new FileFormatError(`${dtype} values cannot be read as float32; F32, F16, BF16 and F64 can`);
  }
}

/**
 * Values as int32.
 *
 * @throws FileFormatError for floating-point dtypes, and where a value of I64, U64 or U32 lies outside int32's range
 */
export function toInt32(bytes: Uint8Array, dtype: SafetensorsDtype): Int32Array {
  switch (dtype) {
    case "I32":
      return view(Int32Array, bytes);
    case "I16":
      return new Int32Array(view(Int16Array, bytes));
    case "U16":
      return new Int32Array(view(Uint16Array, bytes));
    case "I8":
      return new Int32Array(view(Int8Array, bytes));
    case "U8":
    case "BOOL":
      return new Int32Array(bytes);
    case "U32":
      return narrow(view(Uint32Array, bytes), dtype);
    case "I64":
      return narrow(view(BigInt64Array, bytes), dtype);
    case "U64":
      return narrow(view(BigUint64Array, bytes), dtype);
    default:
      throw new FileFormatError(`${dtype} values cannot be read as int32; integers and BOOL can`);
  }
}

/**
 * Values as 64-bit integers.
 *
 * @throws FileFormatError for U64 and floating-point dtypes
 */
export function toBigInt64(bytes: Uint8Array, dtype: SafetensorsDtype): BigInt64Array {
  if (dtype === "I64") return view(BigInt64Array, bytes);
  if (dtype === "U32") return BigInt64Array.from(view(Uint32Array, bytes), BigInt);
  if (dtype === "U64") throw new FileFormatError("U64 values cannot be read as signed 64-bit integers");
  return BigInt64Array.from(toInt32(bytes, dtype), BigInt);
}

interface TypedArrayConstructor<T> {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

/** The bytes as elements of `Type`, copied only where they do not start at a multiple of its size. */
function view<T>(Type: TypedArrayConstructor<T>, bytes: Uint8Array): T {
  if (endianness() !== "LE") {
    throw new FileFormatError(
      "Checkpoints are little-endian, and this machine is not; reading them here is not supported",
    );
  }
  const size = Type.BYTES_PER_ELEMENT;
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new Type(buffer, byteOffset, Math.floor(byteLength / size));
}

function narrow(values: Uint32Array | BigInt64Array | BigUint64Array, dtype: SafetensorsDtype): Int32Array {
  const result = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    result[i] = Number(values[i]);
    if (BigInt(result[i]) !== BigInt(values[i])) {
      throw new FileFormatError(`The ${dtype} value ${values[i]} at index ${i} does not fit into int32`);
    }
  }
  return result;
}

/** bfloat16 is the upper half of a float32. */
function bfloatToFloat32(values: Uint16Array): Float32Array {
  const bits = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = values[i] << 16;
  return new Float32Array(bits.buffer);
}

let halves: Float32Array | undefined;

/** All 65,536 half-precision values in a table: one look-up an element. */
function halfToFloat32(values: Uint16Array): Float32Array {
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => halfValue(bits));
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = halves[values[i]];
  return result;
}

/** IEEE 754 binary16: 1 sign bit, 5 of exponent (bias 15), 10 of mantissa. */
function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}
