// Replaces what a pattern matches in each token (tokenizers/src/normalizers/replace.rs).
import type { JsonFields } from "../json/fields.js";
import { Pattern } from "../text/pattern.js";
import type { Decoder } from "./index.js";

export class ReplaceDecoder implements Decoder {
  readonly pattern: Pattern;
  readonly content: string;

  constructor(pattern: Pattern, content: string) {
    this.pattern = pattern;
    this.content = content;
  }

  static fromJson(fields: JsonFields): ReplaceDecoder {
    return new ReplaceDecoder(Pattern.fromJson(fields, "pattern"), fields.string("content"));
  }

  decode(tokens: readonly string[]): string[] {
    return tokens.map((token) => token.replace(this.pattern.regExp, () => this.content));
  }

  toJSON(): object {
    return { type: "Replace", pattern: this.pattern.toJSON(), content: this.content };
  }
}
