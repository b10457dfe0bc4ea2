// What JSON, YAML and a program's options have in common: an object, whose values have names.

/** A JSON object, of whose values nothing is known yet. */
export type JsonObject = { readonly [name: string]: unknown };

/** True for what has names for its values: neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
