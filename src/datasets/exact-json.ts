// JSON text as values, where every integer is exact.

/** JSON.parse rounds integers beyond 2^53 without a word: the first of a text that it would; undefined where there is none. */
export function inexactInteger(text: string): string | undefined {
  if (!/\d{16}/.test(text)) return undefined;
  // Strings are passed over: digits in them are text. Integers that print as they were written have lost no digit.
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs)) {
    if (token[0] !== '"' && !/[.eE]/.test(token) && String(Number(token)) !== token) return token;
  }
  return undefined;
}

/** True of a value that JSON text holds as it is. */
export function isJsonValue(value: unknown): boolean {
  if (typeof value !== "object" || value === null) {
    return value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
  }
  if (Array.isArray(value)) return value.every(isJsonValue);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJsonValue);
}
