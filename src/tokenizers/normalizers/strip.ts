// Takes white space from the ends of a text (tokenizers/src/normalizers/strip.rs).
import type { JsonFields } from "../json/fields.js";
import type { NormalizedString } from "../text/normalized-string.js";
import type { Normalizer } from "./index.js";

const LEFT = /^\p{White_Space}+/gu;
const RIGHT = /(?<!\p{White_Space})\p{White_Space}+$/gu; // from where they begin only, so that long runs inside cost little

export class Strip implements Normalizer {
  readonly left: boolean;
  readonly right: boolean;
  readonly wordwise = false;

  constructor(left: boolean, right: boolean) {
    this.left = left;
    this.right = right;
  }

  static fromJson(fields: JsonFields): Strip {
    return new Strip(fields.boolean("strip_left"), fields.boolean("strip_right"));
  }

  normalize(text: NormalizedString): void {
    if (this.left) text.replace(LEFT, () => "");
    if (this.right) text.replace(RIGHT, () => "");
  }

  toJSON(): object {
    return { type: "Strip", strip_left: this.left, strip_right: this.right };
  }
}
