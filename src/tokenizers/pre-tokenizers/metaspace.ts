// SentencePiece's words: spaces become a visible character, with which words begin (tokenizers/src/pre_tokenizers/metaspace.rs).
import { FileFormatError } from "../../support/errors.js";
import type { JsonFields } from "../json/fields.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { escapeForRegExp } from "../text/oniguruma.js";
import type { PreTokenizer } from "./index.js";

/** Whether a text that does not begin with the replacement gets it: always, only at the beginning of all, or never. */
export type PrependScheme = "always" | "first" | "never";

const SCHEMES = ["always", "first", "never"] as const satisfies readonly PrependScheme[];
const SPACE = / /g;

export class Metaspace implements PreTokenizer {
  readonly replacement: string;
  readonly prependScheme: PrependScheme;
  /** Whether it cuts a text into words at all. */
  readonly split: boolean;
  readonly cuts: PreTokenizer["cuts"];
  readonly #pattern: RegExp;

  constructor(replacement = "\u2581", prependScheme: PrependScheme = "always", split = true) {
    this.replacement = replacement;
    this.prependScheme = prependScheme;
    this.split = split;
    this.cuts = split && prependScheme !== "first" ? "at spaces" : "anywhere";
    this.#pattern = new RegExp(escapeForRegExp(replacement), "gu");
  }

  static fromJson(fields: JsonFields): Metaspace {
    const scheme = metaspaceScheme(fields);
    return new Metaspace(fields.character("replacement"), scheme, fields.boolean("split", true));
  }

  get knowsBeginning(): boolean {
    return this.prependScheme === "first";
  }

  preTokenize(text: NormalizedString): NormalizedString[] {
    text.replace(SPACE, () => this.replacement);
    const prepends = this.prependScheme === "always" || (this.prependScheme === "first" && text.origin === 0);
    if (prepends && !text.text.startsWith(this.replacement)) text.prepend(this.replacement);
    return this.split ? text.split(this.#pattern, "MergedWithNext") : [text];
  }

  toJSON(): object {
    return {
      type: "Metaspace",
      replacement: this.replacement,
      prepend_scheme: this.prependScheme,
      split: this.split,
    };
  }
}

/** The scheme that a Metaspace stage has; files from before tokenizers 0.15 say add_prefix_space. */
export function metaspaceScheme(fields: JsonFields): PrependScheme {
  const scheme = fields.oneOf("prepend_scheme", SCHEMES, "always");
  if (fields.boolean("add_prefix_space", true)) return scheme;
  if (fields.has("prepend_scheme") && scheme !== "never") {
    throw new FileFormatError(
      `${fields.place} has add_prefix_space false and prepend_scheme "${scheme}": they contradict`,
    );
  }
  return "never";
}
