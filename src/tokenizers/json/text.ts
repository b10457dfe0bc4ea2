// The text of JSON files, read and written.
import { FileFormatError } from "../../support/errors.js";
import { isObject } from "../../support/json-object.js";

/** The value of a JSON file's text. Throws FileFormatError, naming `file`, where it is not JSON. */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FileFormatError(`${file} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** JSON with two spaces of indentation, as Python writes these files; a Map is written as an object in the Map's order. */
export function formatJson(value: unknown, indent = ""): string {
  const inner = `${indent}  `;
  if (value instanceof Map || isObject(value)) {
    const entries =
      value instanceof Map ? [...value] : Object.entries(value).filter(([, field]) => field !== undefined);
    if (entries.length === 0) return "{}";
    const lines = entries.map(([key, field]) => `${inner}${JSON.stringify(key)}: ${formatJson(field, inner)}`);
    return `{\n${lines.join(",\n")}\n${indent}}`;
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((item) => inner + formatJson(item, inner)).join(",\n")}\n${indent}]`;
  }
  return JSON.stringify(value);
}
