// Cuts at what a pattern matches, or between it (tokenizers/src/pre_tokenizers/split.rs).
import type { JsonFields } from "../json/fields.js";
import type { NormalizedString, SplitBehavior } from "../text/normalized-string.js";
import { Pattern } from "../text/pattern.js";
import type { PreTokenizer } from "./index.js";

export const SPLIT_BEHAVIORS = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
] as const satisfies readonly SplitBehavior[];

export class Split implements PreTokenizer {
  readonly pattern: Pattern;
  readonly behavior: SplitBehavior;
  readonly invert: boolean;
  readonly cuts = "anywhere";

  constructor(pattern: Pattern, behavior: SplitBehavior, invert: boolean) {
    this.pattern = pattern;
    this.behavior = behavior;
    this.invert = invert;
  }

  static fromJson(fields: JsonFields): Split {
    return new Split(
      Pattern.fromJson(fields, "pattern"),
      fields.oneOf("behavior", SPLIT_BEHAVIORS),
      fields.boolean("invert"),
    );
  }

  preTokenize(text: NormalizedString): NormalizedString[] {
    return text.split(this.pattern.regExp, this.behavior, this.invert);
  }

  toJSON(): object {
    return { type: "Split", pattern: this.pattern.toJSON(), behavior: this.behavior, invert: this.invert };
  }
}
