// Speech models' output: repeated tokens are one, padding goes (tokenizers/src/decoders/ctc.rs).
import type { JsonFields } from "../json/fields.js";
import type { Decoder } from "./index.js";
import { cleanUpTokens } from "./wordpiece.js";

export class CtcDecoder implements Decoder {
  readonly padToken: string;
  readonly wordDelimiterToken: string;
  readonly cleanup: boolean;

  constructor(padToken = "<pad>", wordDelimiterToken = "|", cleanup = true) {
    this.padToken = padToken;
    this.wordDelimiterToken = wordDelimiterToken;
    this.cleanup = cleanup;
  }

  static fromJson(fields: JsonFields): CtcDecoder {
    return new CtcDecoder(fields.string("pad_token"), fields.string("word_delimiter_token"), fields.boolean("cleanup"));
  }

  decode(tokens: readonly string[]): string[] {
    return tokens
      .filter((token, i) => token !== tokens[i - 1])
      .map((token) => {
        const text = token.replaceAll(this.padToken, "");
        return this.cleanup ? cleanUpTokens(text).replaceAll(this.wordDelimiterToken, " ") : text;
      })
      .filter((text) => text !== "");
  }

  toJSON(): object {
    return {
      type: "CTC",
      pad_token: this.padToken,
      word_delimiter_token: this.wordDelimiterToken,
      cleanup: this.cleanup,
    };
  }
}
