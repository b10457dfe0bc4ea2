// What stands between occurrences of one character (tokenizers/src/pre_tokenizers/delimiter.rs).
import type { JsonFields } from "../json/fields.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { escapeForRegExp } from "../text/oniguruma.js";
import type { PreTokenizer } from "./index.js";

export class CharDelimiterSplit implements PreTokenizer {
  readonly delimiter: string;
  readonly cuts = "by characters";
  readonly #pattern: RegExp;

  constructor(delimiter: string) {
    this.delimiter = delimiter;
    this.#pattern = new RegExp(escapeForRegExp(delimiter), "gu");
  }

  static fromJson(fields: JsonFields): CharDelimiterSplit {
    return new CharDelimiterSplit(fields.character("delimiter"));
  }

  preTokenize(text: NormalizedString): NormalizedString[] {
    return text.split(this.#pattern, "Removed");
  }

  toJSON(): object {
    return { type: "CharDelimiterSplit", delimiter: this.delimiter };
  }
}
