// The special tokens that a tokenizer knows by what they are for, as tokenizer_config.json names them.
import { isObject, type JsonObject } from "../support/json-object.js";
import type { TokenTraits } from "./added-tokens.js";

/** The roles that every tokenizer may give to tokens, in transformers' order. */
export const SPECIAL_TOKEN_ROLES = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
] as const;

export type SpecialTokenRole = (typeof SPECIAL_TOKEN_ROLES)[number];

export interface SpecialTokens {
  /** From a role (also one of the model's own, such as image_token) to the token. */
  readonly roles: ReadonlyMap<string, string>;
  /** Special tokens without a role. */
  readonly extra: readonly string[];
}

/** What tokenizer_config.json, special_tokens_map.json or both say; the later object wins. */
export function specialTokensFrom(...configs: readonly JsonObject[]): SpecialTokens {
  const roles = new Map<string, string>();
  const extra = new Set<string>();
  for (const config of configs) {
    for (const [name, value] of Object.entries(config)) {
      if (name === "additional_special_tokens" || name === "extra_special_tokens") {
        if (Array.isArray(value)) for (const token of value) addTo(extra, contentOf(token));
        else if (isObject(value)) for (const role of Object.keys(value)) setRole(roles, role, value[role]);
      } else if (name.endsWith("_token")) setRole(roles, name, value);
    }
  }
  return { roles, extra: [...extra] };
}

/** How added tokens are found, where tokenizer_config.json or special_tokens_map.json says more of them than their text. */
export function declaredTokens(...configs: readonly JsonObject[]): Map<string, TokenTraits> {
  const declared = new Map<string, TokenTraits>();
  const declare = (value: unknown): void => {
    const content = isObject(value) ? contentOf(value) : undefined;
    if (!isObject(value) || content === undefined) return;
    const flag = (name: string, otherwise = false): boolean => {
      const given = value[name];
      return typeof given === "boolean" ? given : otherwise;
    };
    declared.set(content, {
      single_word: flag("single_word"),
      lstrip: flag("lstrip"),
      rstrip: flag("rstrip"),
      normalized: flag("normalized"),
    });
  };
  for (const config of configs) {
    if (isObject(config.added_tokens_decoder)) Object.values(config.added_tokens_decoder).forEach(declare);
    for (const [name, value] of Object.entries(config)) {
      if (name.endsWith("_token")) declare(value);
      else if (/^(additional|extra)_special_tokens$/.test(name) && Array.isArray(value)) value.forEach(declare);
    }
  }
  return declared;
}

/** A token is written as a string or as the fields of an AddedToken. */
function contentOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return isObject(value) && typeof value.content === "string" ? value.content : undefined;
}

function addTo(tokens: Set<string>, token: string | undefined): void {
  if (token !== undefined) tokens.add(token);
}

function setRole(roles: Map<string, string>, role: string, value: unknown): void {
  const token = contentOf(value);
  if (token !== undefined) roles.set(role, token);
}
