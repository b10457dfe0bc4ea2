// Cuts at punctuation (tokenizers/src/pre_tokenizers/punctuation.rs).
import type { JsonFields } from "../json/fields.js";
import type { NormalizedString, SplitBehavior } from "../text/normalized-string.js";
import { punctuation } from "../text/unicode.js";
import type { PreTokenizer } from "./index.js";
import { SPLIT_BEHAVIORS } from "./split.js";

export class Punctuation implements PreTokenizer {
  readonly behavior: SplitBehavior;
  readonly cuts = "by characters";

  constructor(behavior: SplitBehavior) {
    this.behavior = behavior;
  }

  static fromJson(fields: JsonFields): Punctuation {
    return new Punctuation(fields.oneOf("behavior", SPLIT_BEHAVIORS, "Isolated"));
  }

  preTokenize(text: NormalizedString): NormalizedString[] {
    return text.split(punctuation, this.behavior);
  }

  toJSON(): object {
    return { type: "Punctuation", behavior: this.behavior };
  }
}
