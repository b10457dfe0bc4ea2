// WordPiece's decoder (tokenizers/src/decoders/wordpiece.rs): tokens that go on with a word join it, others follow a space.
import type { JsonFields } from "../json/fields.js";
import type { Decoder } from "./index.js";

export class WordPieceDecoder implements Decoder {
  /** What tokens that go on with a word begin with. */
  readonly prefix: string;
  /** Whether to take out the spaces that cutting at punctuation has left. */
  readonly cleanup: boolean;

  constructor(prefix = "##", cleanup = true) {
    this.prefix = prefix;
    this.cleanup = cleanup;
  }

  static fromJson(fields: JsonFields): WordPieceDecoder {
    return new WordPieceDecoder(fields.string("prefix", "##"), fields.boolean("cleanup", true));
  }

  decode(tokens: readonly string[]): string[] {
    return tokens.map((token, i) => {
      const joined = i === 0 ? token : token.startsWith(this.prefix) ? token.slice(this.prefix.length) : ` ${token}`;
      return this.cleanup ? cleanUpTokens(joined) : joined;
    });
  }

  toJSON(): object {
    return { type: "WordPiece", prefix: this.prefix, cleanup: this.cleanup };
  }
}

// In this order, as transformers has them.
const ARTEFACTS: readonly (readonly [string, string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** Takes out the spaces before punctuation and in English contractions. */
export function cleanUp(text: string): string {
  return ARTEFACTS.reduce((result, [artefact, replacement]) => result.replaceAll(artefact, replacement), text);
}

/** The same in a decoder, which also contracts "do not". */
export function cleanUpTokens(text: string): string {
  return cleanUp(text).replaceAll(" do not", " don't");
}
