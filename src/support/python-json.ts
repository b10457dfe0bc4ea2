// JSON as Python writes it.

/** Parses JSON in which NaN and Infinity may stand as values, which Python writes and JSON does not know: they become null. */
export function parsePythonJson(text: string): unknown {
  return JSON.parse(text.replaceAll(/(:\s*)(?:NaN|-?Infinity)(?=\s*[,}\n])/g, "$1null"));
}
