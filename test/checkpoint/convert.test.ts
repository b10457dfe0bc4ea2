import { describe, expect, it } from "vitest";
import { toBigInt64, toFloat32, toInt32 } from "../../src/checkpoint/convert.js";
import { FileFormatError } from "../../src/support/errors.js";

const bytesOf = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

describe("toFloat32", () => {
  // IEEE 754 binary16 by its definition: the table of "Half-precision floating-point format" examples.
  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x03ff, (1023 / 1024) * 2 ** -14],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3bff, 0.99951171875],
    [0x3c00, 1],
    [0x3c01, 1.0009765625],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
    [0x7c01, Number.NaN],
    [0xfe00, Number.NaN],
  ])("reads F16 0x%s", (bits, value) => {
    expect(toFloat32(bytesOf(new Uint16Array([bits])), "F16")[0]).toBe(value);
  });

  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x3f80, 1],
    [0xc000, -2],
    [0x4049, 3.140625],
    [0x7f7f, 3.3895313892515355e38],
    [0x0001, 9.183549615799121e-41],
    [0xff80, Number.NEGATIVE_INFINITY],
    [0x7fc0, Number.NaN],
  ])("reads BF16 0x%s", (bits, value) => {
    expect(toFloat32(bytesOf(new Uint16Array([bits])), "BF16")[0]).toBe(value);
  });

  it("rounds F64 to nearest, and views F32", () => {
    expect([...toFloat32(bytesOf(new Float64Array([0.1, 1e300, 1 + 2 ** -25])), "F64")]).toEqual([
      Math.fround(0.1),
      Number.POSITIVE_INFINITY,
      1,
    ]);
    const values = new Float32Array([1, 2]);
    expect(toFloat32(bytesOf(values), "F32").buffer).toBe(values.buffer);
  });

  it("copies bytes that are not aligned", () => {
    const bytes = new Uint8Array(13);
    bytes.set(bytesOf(new Float32Array([1, 2, 3])), 1);
    expect([...toFloat32(bytes.subarray(1), "F32")]).toEqual([1, 2, 3]);
    expect([...toFloat32(bytes.subarray(1, 9), "F32")]).toEqual([1, 2]);
  });

  it("refuses what is no floating-point number", () => {
    expect(() => toFloat32(new Uint8Array(8), "I64")).toThrow(FileFormatError);
    expect(() => toFloat32(new Uint8Array(8), "F8_E4M3")).toThrow(/F8_E4M3 values cannot be read as float32/);
  });
});

describe("integers", () => {
  it("reads every integer dtype as int32 where values fit", () => {
    expect([...toInt32(bytesOf(new BigInt64Array([-(2n ** 31n), 2n ** 31n - 1n])), "I64")]).toEqual([
      -2147483648, 2147483647,
    ]);
    expect([...toInt32(bytesOf(new Int32Array([-7])), "I32")]).toEqual([-7]);
    expect([...toInt32(bytesOf(new Int16Array([-7])), "I16")]).toEqual([-7]);
    expect([...toInt32(bytesOf(new Uint16Array([65535])), "U16")]).toEqual([65535]);
    expect([...toInt32(bytesOf(new Int8Array([-7])), "I8")]).toEqual([-7]);
    expect([...toInt32(new Uint8Array([0, 1, 255]), "U8")]).toEqual([0, 1, 255]);
    expect([...toInt32(new Uint8Array([0, 1]), "BOOL")]).toEqual([0, 1]);
    expect([...toInt32(bytesOf(new Uint32Array([2 ** 31 - 1])), "U32")]).toEqual([2 ** 31 - 1]);
    expect([...toInt32(bytesOf(new BigUint64Array([5n])), "U64")]).toEqual([5]);
  });

  it("names a value that does not fit, and dtypes that are no integers", () => {
    expect(() => toInt32(bytesOf(new BigInt64Array([0n, 2n ** 31n])), "I64")).toThrow(
      "The I64 value 2147483648 at index 1 does not fit into int32",
    );
    expect(() => toInt32(bytesOf(new Uint32Array([2 ** 32 - 1])), "U32")).toThrow(/4294967295 at index 0/);
    expect(() => toInt32(bytesOf(new BigUint64Array([2n ** 64n - 1n])), "U64")).toThrow(/18446744073709551615/);
    expect(() => toInt32(new Uint8Array(4), "F32")).toThrow(/F32 values cannot be read as int32/);
  });

  it("reads 64-bit integers", () => {
    expect([...toBigInt64(bytesOf(new BigInt64Array([2n ** 62n, -1n])), "I64")]).toEqual([2n ** 62n, -1n]);
    expect([...toBigInt64(bytesOf(new Uint32Array([2 ** 32 - 1])), "U32")]).toEqual([2n ** 32n - 1n]);
    expect([...toBigInt64(bytesOf(new Int32Array([-3])), "I32")]).toEqual([-3n]);
    expect(() => toBigInt64(new Uint8Array(8), "U64")).toThrow(FileFormatError);
  });
});
