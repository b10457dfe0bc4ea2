// What services ask of inputs.
import { isObject } from "../../support/json-object.js";
import { HttpError } from "../http-error.js";
import type { JsonSchema } from "../service.js";

/**
 * Characters of a text that is read in parts: a longer one would keep the others waiting for long. Where a text is cut, the
 * limit of the body is enough.
 */
export const LONGEST_TEXT = 200_000;

export const textSchema: JsonSchema = { type: "string" };

/** @throws HttpError 400 for what is no text, 413 for one of more than `longest` characters */
export function textOf(value: unknown, path: string, longest = Infinity): string {
  if (typeof value !== "string") throw new HttpError(400, `${path} must be a text, not ${kindOf(value)}`);
  if (value.length <= longest) return value;
  throw new HttpError(413, `${path} has ${value.length} characters; ${longest} may be`);
}

/** An object that has no others than these keys. @throws HttpError 400, which says that `wanted` is */
export function objectOf(
  value: unknown,
  path: string,
  keys: readonly string[],
  wanted: string,
): Readonly<Record<string, unknown>> {
  if (!isObject(value)) {
    throw new HttpError(400, `${path} must be ${wanted}, not ${kindOf(value)}`);
  }
  for (const key of Object.keys(value)) {
    if (!keys.includes(key)) throw new HttpError(400, `${path} has no ${JSON.stringify(key)}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
