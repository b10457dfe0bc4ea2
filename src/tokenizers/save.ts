// Writing a tokenizer's folder as Python's from_pretrained reads it.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../support/atomic.js";
import { formatJson } from "./json/text.js";
import type { Pipeline } from "./pipeline.js";
import type { TokenizerSettings } from "./settings.js";

/** Keys of tokenizer_config.json that say where it was read, or that tokenizer.json holds. */
const LEFT_OUT = new Set([
  "name_or_path",
  "special_tokens_map_file",
  "tokenizer_file",
  "vocab_file",
  "added_tokens_decoder",
  "extra_special_tokens",
  "additional_special_tokens",
]);

/** Throws AttuneError, naming file and cause, where one cannot be written; no file is left half-written. */
export async function saveTokenizer(pipeline: Pipeline, settings: TokenizerSettings, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { roles, extra } = settings.specialTokens;
  const special = { ...Object.fromEntries(roles), ...(extra.length > 0 ? { additional_special_tokens: extra } : {}) };
  const files = {
    "tokenizer.json": pipeline.toJSON(),
    "tokenizer_config.json": sorted({ ...configOf(settings), ...special }),
    "special_tokens_map.json": special,
  };
  for (const [name, content] of Object.entries(files))
    await writeFileAtomic(join(folder, name), `${formatJson(content)}\n`);
}

function configOf(settings: TokenizerSettings): Record<string, unknown> {
  const kept = Object.fromEntries(Object.entries(settings.config).filter(([key]) => !LEFT_OUT.has(key)));
  const optional = (key: string, value: string): object => (key in kept || value !== "right" ? { [key]: value } : {});
  return {
    tokenizer_class: "PreTrainedTokenizerFast", // any pipeline; a class of its own, where there is one, replaces it
    ...kept,
    model_input_names: settings.modelInputNames,
    ...(Number.isFinite(settings.modelMaxLength) ? { model_max_length: settings.modelMaxLength } : {}),
    ...optional("padding_side", settings.paddingSide),
    ...optional("truncation_side", settings.truncationSide),
  };
}

function sorted(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
