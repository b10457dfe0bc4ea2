// Every code point through BERT's normalizer and pre-tokenizer, beside the Rust package.
import { describe, expect, it } from "vitest";
import { BertNormalizer, type BertNormalizerOptions } from "../../src/tokenizers/normalizers/bert.js";
import { BertPreTokenizer } from "../../src/tokenizers/pre-tokenizers/bert.js";
import { NormalizedString } from "../../src/tokenizers/text/normalized-string.js";
import { rust } from "./rust.js";

const codePoints = Array.from({ length: 0x110000 }, (_, i) => i).filter((c) => c < 0xd800 || c > 0xdfff);

function differences(ours: (character: string) => string, theirs: (character: string) => string): string[] {
  return codePoints
    .map((codePoint) => String.fromCodePoint(codePoint))
    .filter((character) => ours(character) !== theirs(character))
    .map((character) => `U+${character.codePointAt(0)?.toString(16)}: ${ours(character)}, not ${theirs(character)}`);
}

const off = { cleanText: false, handleChineseChars: false, stripAccents: false, lowercase: false };
const steps: readonly Required<BertNormalizerOptions>[] = [
  { ...off, cleanText: true },
  { ...off, handleChineseChars: true },
  { ...off, stripAccents: true },
  { ...off, lowercase: true },
  { cleanText: true, handleChineseChars: true, stripAccents: true, lowercase: true },
];

describe("each code point", () => {
  it.each(steps)("is normalized as by Rust: %j", (options) => {
    const ours = new BertNormalizer(options);
    const theirs = rust.bertNormalizer({ ...options, stripAccents: options.stripAccents ?? undefined });
    const normalize = (character: string) => {
      const text = NormalizedString.plain(`a${character}b`);
      ours.normalize(text);
      return text.text;
    };
    expect(differences(normalize, (character) => theirs.normalizeString(`a${character}b`))).toEqual([]);
  });

  it("separates words as in Rust", () => {
    const ours = new BertPreTokenizer();
    const theirs = rust.bertPreTokenizer();
    const cut = (character: string) =>
      ours.preTokenize(NormalizedString.plain(`a${character}b`)).map(({ text }) => text);
    expect(
      differences(
        (character) => cut(character).join("|"),
        (character) =>
          theirs
            .preTokenizeString(`a${character}b`)
            .map(([word]) => word)
            .join("|"),
      ),
    ).toEqual([]);
  });
});
