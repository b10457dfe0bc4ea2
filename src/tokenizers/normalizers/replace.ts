// Replaces what a pattern matches (tokenizers/src/normalizers/replace.rs).
import type { JsonFields } from "../json/fields.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { Pattern } from "../text/pattern.js";
import type { Normalizer } from "./index.js";

export class Replace implements Normalizer {
  readonly pattern: Pattern;
  readonly content: string;
  readonly wordwise: boolean;

  constructor(pattern: Pattern, content: string) {
    this.pattern = pattern;
    this.content = content;
    this.wordwise = isWithinWords(pattern);
  }

  static fromJson(fields: JsonFields): Replace {
    return new Replace(Pattern.fromJson(fields, "pattern"), fields.string("content"));
  }

  normalize(text: NormalizedString): void {
    text.replace(this.pattern.regExp, () => this.content);
  }

  toJSON(): object {
    return { type: "Replace", pattern: this.pattern.toJSON(), content: this.content };
  }
}

/** True where no match can reach over a single space between words: a space in it can only be its beginning. */
function isWithinWords({ string, regex }: Pattern): boolean {
  if (string !== undefined) return string.indexOf(" ", 1) < 0;
  return regex === " {2,}"; // only spaces, and two at least
}
