// The pretrained WordPiece tokenizer kept beside the project, read once, and Python's option names as ours.
import { AutoTokenizer, type PreTrainedTokenizer } from "../../src/tokenizers/index.js";
import { sharedPath } from "../shared.js";

export const MINILM = "hub/models/sentence-transformers/all-MiniLM-L6-v2";

let loaded: Promise<PreTrainedTokenizer> | undefined;

export function minilm(): Promise<PreTrainedTokenizer> {
  loaded ??= AutoTokenizer.fromPretrained(sharedPath(MINILM));
  return loaded;
}

/** `pad_to_multiple_of` -> `padToMultipleOf` */
export function camelCase(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const rename = (name: string) => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [rename(name), value]));
}

/** Typed arrays as plain ones, for comparison with JSON. */
export function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Int32Array);
  return Array.isArray(value) ? value.map(plain) : value;
}
