// A list cut into parts, one for each process.
import { ConfigError } from "../support/errors.js";
import { concat, slice, Tensor } from "../tensor/index.js";

/**
 * Part `rank` of `size`: the first parts have one more where it does not come out even. With `applyPadding` the last
 * element is repeated until all parts are as long as the first.
 * @throws ConfigError where it is neither an array, a typed array, a tensor, nor an object of those of one length
 */
export function splitBetween<T>(value: T, rank: number, size: number, applyPadding: boolean): T {
  const length = lengthOf(value);
  const base = Math.floor(length / size);
  const more = length % size;
  const start = rank * base + Math.min(rank, more);
  const end = start + base + (rank < more ? 1 : 0);
  const missing = applyPadding && more > 0 && rank >= more ? 1 : 0;
  return cut(value, start, end, length > 0 ? missing : 0);
}

function lengthOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  if (value instanceof Tensor && value.rank > 0) return value.shape[0];
  if (isTyped(value)) return value.length;
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    const lengths = Object.entries(value).map(([key, item]) => [key, lengthOf(item)] as const);
    if (new Set(lengths.map(([, length]) => length)).size <= 1) return lengths[0]?.[1] ?? 0;
    throw new ConfigError(
      `splitBetweenProcesses: the lengths differ: ${lengths.map(([key, length]) => `${key} ${length}`).join(", ")}`,
    );
  }
  throw new ConfigError(
    "splitBetweenProcesses takes arrays, typed arrays, tensors, and objects of those; this is " +
      `${value instanceof Tensor ? "a scalar tensor" : typeof value}`,
  );
}

type Typed = Float32Array | Float64Array | Int32Array;

function isTyped(value: unknown): value is Typed {
  return value instanceof Float32Array || value instanceof Float64Array || value instanceof Int32Array;
}

/** Elements start..end, and `missing` times the last of all. */
function cut<T>(value: T, start: number, end: number, missing: number): T {
  if (value instanceof Tensor) {
    const part = slice(value, 0, start, end);
    return (missing > 0 ? concat([part, slice(value, 0, -1)]) : part) as T;
  }
  if (Array.isArray(value) || isTyped(value)) {
    const last = value.length - 1;
    const numbers = Array.from({ length: end - start + missing }, (_, i) => (start + i < end ? start + i : last));
    const items = value.slice(0, numbers.length); // of the same kind; there are as many
    numbers.forEach((number, i) => {
      items[i] = value[number];
    });
    return items as T;
  }
  return Object.fromEntries(
    Object.entries(value as object).map(([key, item]) => [key, cut(item, start, end, missing)]),
  ) as T;
}
