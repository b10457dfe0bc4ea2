// What a tokenizer knows beside its pipeline: lengths, sides, special tokens by role, as tokenizer_config.json has them.
import { ConfigError } from "../support/errors.js";
import type { JsonObject } from "../support/json-object.js";
import type { LengthDefaults, Side } from "./options.js";
import type { Pipeline } from "./pipeline.js";
import type { SpecialTokens } from "./special-tokens.js";

export interface TokenizerSettings extends LengthDefaults {
  specialTokens: SpecialTokens;
  /** The most tokens that the model takes; Infinity where its files do not say. */
  modelMaxLength: number;
  paddingSide: Side;
  truncationSide: Side;
  /** The token type at padded positions. */
  readonly padTokenTypeId: number;
  /** What the model takes, in the spelling of its inputs. */
  readonly modelInputNames: readonly string[];
  /** Whether decoding takes out spaces before punctuation, beyond what the decoder does. */
  readonly cleanUpTokenizationSpaces: boolean;
  /** tokenizer_config.json as it was read: what of it Attune does not use is written back by savePretrained. */
  readonly config: JsonObject;
}

/** The id that stands at padded positions. Throws ConfigError where the tokenizer has no padding token. */
export function padIdOf(pipeline: Pipeline, settings: TokenizerSettings): number {
  const token = settings.specialTokens.roles.get("pad_token");
  const id = token === undefined ? undefined : pipeline.idOf(token);
  if (id === undefined) {
    throw new ConfigError("padding needs a padding token, and this tokenizer names none: add pad_token to its config");
  }
  return id;
}
