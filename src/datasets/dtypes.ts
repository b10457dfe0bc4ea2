// What the names of dtypes mean: which kind of JavaScript value a dtype holds, and the range of the integers.

/** Kinds of values: bytes are Uint8Array; dates and timestamps Date; times, durations and decimals numbers. */
export type Kind =
  | "null"
  | "bool"
  | "integer"
  | "float"
  | "decimal"
  | "string"
  | "binary"
  | "date"
  | "timestamp"
  | "time"
  | "duration";

/** The kind of values that a dtype holds. */
export function kindOf(dtype: string): Kind {
  if (dtype === "null" || dtype === "bool") return dtype;
  if (/^u?int\d+$/.test(dtype)) return "integer";
  const kinds = ["float", "decimal", "string", "binary", "date", "timestamp", "time", "duration"] as const;
  return kinds.find((kind) => dtype.includes(kind)) ?? "string";
}

/** The smallest and the largest integer of each integer dtype that are exact as JavaScript numbers. */
export const integerRanges: ReadonlyMap<string, readonly [number, number]> = new Map([
  ["int8", [-(2 ** 7), 2 ** 7 - 1]],
  ["int16", [-(2 ** 15), 2 ** 15 - 1]],
  ["int32", [-(2 ** 31), 2 ** 31 - 1]],
  ["int64", [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]],
  ["uint8", [0, 2 ** 8 - 1]],
  ["uint16", [0, 2 ** 16 - 1]],
  ["uint32", [0, 2 ** 32 - 1]],
  ["uint64", [0, Number.MAX_SAFE_INTEGER]],
]);
