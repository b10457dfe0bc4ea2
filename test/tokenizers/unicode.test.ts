// Every code point through BERT's normalizer and pre-tokenizer, beside the Rust package.
import { describe, expect, it } from "vitest";
import { BertNormalizer, type BertNormalizerOptions } from "../../src/tokenizers/normalizers/bert.js";
import { BertPreTokenizer } from "../../src/tokenizers/pre-tokenizers/bert.js";
import { NormalizedString } from "../../src/tokenizers/text/normalized-string.js";
import { rust } from "./rust.js";

const characters = Array.from({ length: 0x110000 }, (_, i) => i)
  .filter((codePoint) => codePoint < 0xd800 || codePoint > 0xdfff)
  .map((codePoint) => String.fromCodePoint(codePoint));

/** The characters for which two functions of a text differ: many are tried at once, and one by one where they do. */
function differences(ours: (text: string) => string, theirs: (text: string) => string, tried = characters): string[] {
  if (tried.length === 0) return [];
  const text = tried.map((character) => `a${character}b`).join(" ");
  if (ours(text) === theirs(text)) return [];
  if (tried.length === 1) return [`U+${tried[0].codePointAt(0)?.toString(16)}: ${ours(text)}, not ${theirs(text)}`];
  const size = Math.ceil(tried.length / 16);
  return Array.from({ length: 16 }, (_, i) => tried.slice(i * size, (i + 1) * size)).flatMap((some) =>
    differences(ours, theirs, some),
  );
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
    const normalize = (text: string) => {
      const normalized = NormalizedString.plain(text);
      ours.normalize(normalized);
      return normalized.text;
    };
    expect(differences(normalize, (text) => theirs.normalizeString(text))).toEqual([]);
  });

  it("separates words as in Rust", () => {
    const ours = new BertPreTokenizer();
    const theirs = rust.bertPreTokenizer();
    expect(
      differences(
        (text) =>
          ours
            .preTokenize(NormalizedString.plain(text))
            .map((word) => word.text)
            .join("\n"),
        (text) =>
          theirs
            .preTokenizeString(text)
            .map(([word]) => word)
            .join("\n"),
      ),
    ).toEqual([]);
  });
});
