// GPT-2's words, each with the space before it, their bytes spelled as characters (tokenizers/src/pre_tokenizers/byte_level.rs).
import type { JsonFields } from "../json/fields.js";
import { spellBytes } from "../normalizers/byte-level.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { fromOniguruma } from "../text/oniguruma.js";
import type { PreTokenizer } from "./index.js";

const WORD = fromOniguruma("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

export class ByteLevel implements PreTokenizer {
  /** Whether a text that does not begin with a space gets one. */
  readonly addPrefixSpace: boolean;
  readonly trimOffsets: boolean;
  /** Whether it cuts a text into words at all. */
  readonly useRegex: boolean;
  readonly cuts: PreTokenizer["cuts"];

  constructor(addPrefixSpace: boolean, trimOffsets: boolean, useRegex: boolean) {
    this.addPrefixSpace = addPrefixSpace;
    this.trimOffsets = trimOffsets;
    this.useRegex = useRegex;
    this.cuts = useRegex ? "at spaces" : "anywhere";
  }

  static fromJson(fields: JsonFields): ByteLevel {
    return new ByteLevel(
      fields.boolean("add_prefix_space"),
      fields.boolean("trim_offsets"),
      fields.boolean("use_regex", true),
    );
  }

  preTokenize(text: NormalizedString): NormalizedString[] {
    if (this.addPrefixSpace && !text.text.startsWith(" ")) text.prepend(" ");
    const words = this.useRegex ? text.split(WORD, "Isolated") : [text];
    for (const word of words) spellBytes(word);
    return words;
  }

  toJSON(): object {
    return {
      type: "ByteLevel",
      add_prefix_space: this.addPrefixSpace,
      trim_offsets: this.trimOffsets,
      use_regex: this.useRegex,
    };
  }
}
