// The visible character for a space becomes a space; at the beginning of the text it goes where encoding put it there
// (tokenizers/src/pre_tokenizers/metaspace.rs).
import type { JsonFields } from "../json/fields.js";
import { metaspaceScheme, type PrependScheme } from "../pre-tokenizers/metaspace.js";
import type { Decoder } from "./index.js";

export class MetaspaceDecoder implements Decoder {
  readonly replacement: string;
  readonly prependScheme: PrependScheme;
  readonly #split: boolean;

  constructor(replacement = "\u2581", prependScheme: PrependScheme = "always", split = true) {
    this.replacement = replacement;
    this.prependScheme = prependScheme;
    this.#split = split;
  }

  static fromJson(fields: JsonFields): MetaspaceDecoder {
    return new MetaspaceDecoder(
      fields.character("replacement"),
      metaspaceScheme(fields),
      fields.boolean("split", true),
    );
  }

  decode(tokens: readonly string[]): string[] {
    return tokens.map((token, i) =>
      token.replaceAll(this.replacement, i === 0 && this.prependScheme !== "never" ? "" : " "),
    );
  }

  toJSON(): object {
    return {
      type: "Metaspace",
      replacement: this.replacement,
      prepend_scheme: this.prependScheme,
      split: this.#split,
    };
  }
}
