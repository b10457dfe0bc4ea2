// The element types of the safetensors format: their names, their sizes and their order in a file.

/**
 * Bits an element takes, in the order of safetensors' own enum (`safetensors/src/tensor.rs`, Dtype), which rises with
 * alignment: writers put the last of these first.
 */
const BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

/** An element type as safetensors spells it. */
export type SafetensorsDtype = keyof typeof BITS;

export const SAFETENSORS_DTYPES = Object.keys(BITS) as SafetensorsDtype[];

const ORDER = new Map(SAFETENSORS_DTYPES.map((dtype, index) => [dtype, index]));

export function isSafetensorsDtype(name: unknown): name is SafetensorsDtype {
  return typeof name === "string" && Object.hasOwn(BITS, name);
}

/** Negative where `a` stands before `b` in a file: larger alignment first. */
export function compareDtypes(a: SafetensorsDtype, b: SafetensorsDtype): number {
  return (ORDER.get(b) ?? 0) - (ORDER.get(a) ?? 0);
}

/**
 * Bytes of a tensor of this dtype and shape; undefined where they are not a whole number (dtypes below a byte) or not a
 * safe integer.
 */
export function tensorBytes(dtype: SafetensorsDtype, shape: readonly number[]): number | undefined {
  const bits = shape.reduce((product, size) => product * size, BITS[dtype]);
  return Number.isSafeInteger(bits) && bits % 8 === 0 ? bits / 8 : undefined;
}
