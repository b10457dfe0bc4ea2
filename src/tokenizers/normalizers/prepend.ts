// Puts a prefix before every text that is not empty (tokenizers/src/normalizers/prepend.rs).
import type { JsonFields } from "../json/fields.js";
import type { NormalizedString } from "../text/normalized-string.js";
import type { Normalizer } from "./index.js";

export class Prepend implements Normalizer {
  readonly prefix: string;
  readonly wordwise = false;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  static fromJson(fields: JsonFields): Prepend {
    return new Prepend(fields.string("prepend"));
  }

  normalize(text: NormalizedString): void {
    text.prepend(this.prefix);
  }

  toJSON(): object {
    return { type: "Prepend", prepend: this.prefix };
  }
}
