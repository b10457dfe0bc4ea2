// BERT's normalizer (tokenizers/src/normalizers/bert.rs): control characters out, white space to spaces, Chinese
// characters set apart, accents off, lower case.
import type { JsonFields } from "../json/fields.js";
import { normalize } from "../text/normal-form.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { chineseCharacter, ignoredByBert, nonspacingMark, whiteSpace } from "../text/unicode.js";
import type { Normalizer } from "./index.js";
import { lowercaseText } from "./lowercase.js";

export interface BertNormalizerOptions {
  /** Remove control characters and turn all white space into spaces. Default true. */
  readonly cleanText?: boolean;
  /** Put spaces around Chinese characters, so that each is a word. Default true. */
  readonly handleChineseChars?: boolean;
  /** Remove accents. Default null: where the text is lowercased. */
  readonly stripAccents?: boolean | null;
  /** Default true. */
  readonly lowercase?: boolean;
}

/** Nothing but printable ASCII, which only lower case can change. */
const PLAIN = /^[ -~]*$/;

export class BertNormalizer implements Normalizer {
  readonly cleanText: boolean;
  readonly handleChineseChars: boolean;
  readonly stripAccents: boolean | null;
  readonly lowercase: boolean;
  readonly wordwise = true;

  constructor(options: BertNormalizerOptions = {}) {
    this.cleanText = options.cleanText ?? true;
    this.handleChineseChars = options.handleChineseChars ?? true;
    this.stripAccents = options.stripAccents ?? null;
    this.lowercase = options.lowercase ?? true;
  }

  static fromJson(fields: JsonFields): BertNormalizer {
    return new BertNormalizer({
      cleanText: fields.boolean("clean_text"),
      handleChineseChars: fields.boolean("handle_chinese_chars"),
      stripAccents: fields.has("strip_accents") ? fields.boolean("strip_accents") : null,
      lowercase: fields.boolean("lowercase"),
    });
  }

  normalize(text: NormalizedString): void {
    if (!PLAIN.test(text.text)) this.#normalizeUnicode(text);
    if (this.lowercase) lowercaseText(text);
  }

  #normalizeUnicode(text: NormalizedString): void {
    if (this.cleanText) {
      text.replace(ignoredByBert, () => "");
      text.replace(whiteSpace, () => " ");
    }
    if (this.handleChineseChars) text.replace(chineseCharacter, (character) => ` ${character} `);
    if (this.stripAccents ?? this.lowercase) {
      normalize(text, "NFD");
      text.replace(nonspacingMark, () => "");
    }
  }

  toJSON(): object {
    return {
      type: "BertNormalizer",
      clean_text: this.cleanText,
      handle_chinese_chars: this.handleChineseChars,
      strip_accents: this.stripAccents,
      lowercase: this.lowercase,
    };
  }
}
