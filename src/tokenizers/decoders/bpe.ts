// The suffix of a word's last token becomes a space (tokenizers/src/decoders/bpe.rs).
import type { JsonFields } from "../json/fields.js";
import type { Decoder } from "./index.js";

export class BpeDecoder implements Decoder {
  readonly suffix: string;

  constructor(suffix = "</w>") {
    this.suffix = suffix;
  }

  static fromJson(fields: JsonFields): BpeDecoder {
    return new BpeDecoder(fields.string("suffix"));
  }

  decode(tokens: readonly string[]): string[] {
    return tokens.map((token, i) => token.replaceAll(this.suffix, i === tokens.length - 1 ? "" : " "));
  }

  toJSON(): object {
    return { type: "BPEDecoder", suffix: this.suffix };
  }
}
