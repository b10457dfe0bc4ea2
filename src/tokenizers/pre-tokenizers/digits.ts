// Sets numbers apart, whole or digit by digit (tokenizers/src/pre_tokenizers/digits.rs).
import type { JsonFields } from "../json/fields.js";
import type { NormalizedString } from "../text/normalized-string.js";
import type { PreTokenizer } from "./index.js";

const NUMERIC = /\p{N}/gu;

export class Digits implements PreTokenizer {
  readonly individual: boolean;
  readonly cuts = "by characters";

  constructor(individual: boolean) {
    this.individual = individual;
  }

  static fromJson(fields: JsonFields): Digits {
    return new Digits(fields.boolean("individual_digits"));
  }

  preTokenize(text: NormalizedString): NormalizedString[] {
    return text.split(NUMERIC, this.individual ? "Isolated" : "Contiguous");
  }

  toJSON(): object {
    return { type: "Digits", individual_digits: this.individual };
  }
}
