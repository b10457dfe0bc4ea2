// Stretches of equally many characters (tokenizers/src/pre_tokenizers/fixed_length.rs).
import { FileFormatError } from "../../support/errors.js";
import type { JsonFields } from "../json/fields.js";
import type { NormalizedString } from "../text/normalized-string.js";
import type { PreTokenizer } from "./index.js";

export class FixedLength implements PreTokenizer {
  readonly length: number;
  readonly cuts = "anywhere";
  readonly #pattern: RegExp;

  constructor(length: number) {
    this.length = length;
    this.#pattern = new RegExp(`[^]{1,${length}}`, "gu");
  }

  static fromJson(fields: JsonFields): FixedLength {
    const length = fields.count("length", 5);
    if (length < 1) throw new FileFormatError(`${fields.place}.length is ${length}; at least 1 is needed`);
    return new FixedLength(length);
  }

  preTokenize(text: NormalizedString): NormalizedString[] {
    return text.match(this.#pattern);
  }

  toJSON(): object {
    return { type: "FixedLength", length: this.length };
  }
}
