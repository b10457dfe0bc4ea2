// The Rust package behind Python's fast tokenizers, as the oracle of these tests, and random texts to try it on.
import { createRequire } from "node:module";
import type { Encoding, Normalizer, PreTokenizer, Tokenizer } from "tokenizers";

// The npm package is CommonJS whose names Node cannot see from an import.
export const rust = createRequire(import.meta.url)("tokenizers") as {
  Tokenizer: { fromFile(path: string): Tokenizer; fromString(json: string): Tokenizer };
  bertNormalizer(options?: {
    cleanText?: boolean;
    handleChineseChars?: boolean;
    stripAccents?: boolean;
    lowercase?: boolean;
  }): Normalizer;
  bertPreTokenizer(): PreTokenizer;
};

export type { Encoding, Tokenizer as RustTokenizer };

/** Random numbers from a seed (mulberry32), so that a failure can be repeated. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const WORDS = (
  "the quick brown fox's jumped over don't naïve café résumé Straße ΣΊΣΥΦΟΣ Ὀδυσσεύς İstanbul ǅungla ﬁne unbelievably " +
  "1,234.56 e-mail's [MASK] [CLS] [SEP] [UNK] [PAD] [MASK [mask] ##ing 中文字符 日本語テキスト 한국어 हिन्दी עברית عربى ไทย " +
  "e\u0301tude a\u0323\u0301b 😀👍🏽 👨‍👩‍👧 \u200b \ufeff \ufffd \u00a0 \u3000 \u2028 \t \n \r\n \u0000 \u0085 \u000b \u001c _ @ # $ ~ ` ^ |"
).split(" ");

// Where scripts, marks, punctuation, spaces, controls and the edges of the blocks that BERT treats specially lie.
const RANGES: readonly (readonly [number, number])[] = [
  [0x20, 0x7e],
  [0x20, 0x7e],
  [0x00, 0xff],
  [0x100, 0x24f],
  [0x300, 0x36f],
  [0x370, 0x5ff],
  [0x600, 0xdff],
  [0x1e00, 0x1fff],
  [0x2000, 0x2bff],
  [0x3000, 0x30ff],
  [0x3400, 0x9fff],
  [0xa000, 0xd7ff],
  [0xe000, 0xffff],
  [0x10000, 0x11fff],
  [0x1d100, 0x1d7ff],
  [0x1f300, 0x1faff],
  [0x20000, 0x2fa1f],
  [0xe0000, 0xe01ff],
  [0x0, 0x10ffff],
];

/** A text of up to 24 parts: words with something special about them, and characters from everywhere. */
export function randomText(random: (below: number) => number): string {
  let text = "";
  for (let parts = random(25); parts > 0; parts--) {
    if (random(3) === 0) text += WORDS[random(WORDS.length)];
    else {
      const [first, last] = RANGES[random(RANGES.length)];
      for (let n = 1 + random(3); n > 0; n--) {
        const codePoint = first + random(last - first + 1);
        if (codePoint < 0xd800 || codePoint > 0xdfff) text += String.fromCodePoint(codePoint);
      }
    }
    if (random(2) === 0) text += " ";
  }
  return text;
}
