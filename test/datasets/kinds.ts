// Every kind of feature with arbitrary values of it, for properties of what stores them.
import fc from "fast-check";
import { Array2D, type Feature, Json, LargeList, List, Value } from "../../src/datasets/index.js";

const integer = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
const natural = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme", minLength: 13 }));
const bytes = fc.uint8Array({ maxLength: 20 });

/** Features and values of theirs. */
export const kinds: Record<string, readonly [Feature, fc.Arbitrary<unknown>]> = {
  null: [new Value("null"), fc.constant(null)],
  bool: [new Value("bool"), fc.boolean()],
  int8: [new Value("int8"), integer(8)],
  int16: [new Value("int16"), integer(16)],
  int32: [new Value("int32"), integer(32)],
  int64: [new Value("int64"), fc.maxSafeInteger()],
  uint8: [new Value("uint8"), natural(8)],
  uint16: [new Value("uint16"), natural(16)],
  uint32: [new Value("uint32"), natural(32)],
  uint64: [new Value("uint64"), fc.maxSafeNat()],
  float32: [new Value("float32"), fc.float()],
  float64: [new Value("float64"), fc.double()],
  decimal128: [new Value("decimal128(15, 2)"), integer(32).map((hundredths) => hundredths / 100)],
  date32: [new Value("date32"), integer(16).map((day) => new Date(day * 86_400_000))],
  time64: [new Value("time64[us]"), natural(32)],
  timestamp_s: [new Value("timestamp[s]"), integer(32).map((second) => new Date(second * 1000))],
  timestamp_ns: [new Value("timestamp[ns]"), fc.maxSafeInteger().map((ms) => new Date(ms % 9e12))],
  string: [new Value("string"), text],
  large_string: [new Value("large_string"), text],
  string_view: [new Value("string_view"), text],
  binary: [new Value("binary"), bytes],
  large_binary: [new Value("large_binary"), bytes],
  binary_view: [new Value("binary_view"), bytes],
  fixed: [new Value("fixed_size_binary[3]"), fc.uint8Array({ minLength: 3, maxLength: 3 })],
  list: [new List(new Value("int64")), fc.array(fc.option(fc.maxSafeInteger()))],
  large_list: [new LargeList(new Value("int32")), fc.array(fc.option(integer(32)))],
  fixed_list: [new List(new Value("float64"), { length: 2 }), fc.array(fc.double(), { minLength: 2, maxLength: 2 })],
  lists: [
    new List(new List(new Value("string"))),
    fc.array(fc.option(fc.array(fc.option(text), { maxLength: 3 })), { maxLength: 3 }),
  ],
  struct: [
    { a: new Value("int32"), b: new Value("string") },
    fc.record({ a: fc.option(integer(32)), b: fc.option(text) }),
  ],
  json: [new Json(), fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value)))], // -0 becomes 0
  array: [
    new Array2D({ shape: [null, 2], dtype: "float32" }),
    fc.array(fc.array(fc.float(), { minLength: 2, maxLength: 2 }), { maxLength: 3 }),
  ],
  structs: [
    new List({ text: new Value("string"), at: new List(new Value("int64")) }),
    fc.array(fc.option(fc.record({ text: fc.option(text), at: fc.option(fc.array(fc.maxSafeInteger())) })), {
      maxLength: 3,
    }),
  ],
};
