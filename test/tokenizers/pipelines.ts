// tokenizer.json files of every stage, for the comparison with the Rust package: models of small vocabularies made of the
// words that the random texts hold, and normalizers, pre-tokenizers, post-processors and decoders around them.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { byteAlphabet, bytesToCharacters } from "../../src/tokenizers/text/bytes.js";

const WORDS = (
  "the quick brown fox jumped over don't naïve café résumé straße unbelievably unbelievable believe able e-mail's 1,234.56 " +
  "中文 字符 日本語 한국어 हिन्दी עברית عربى ไทย 😀 👍 ing ed s the the 12 34 ll ve fine fi"
).split(" ");

const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);

const ids = (tokens: readonly string[]) => Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id]));

/** A BPE model that merges each word from its beginning on. */
function bpe(words: readonly string[], extra: readonly string[], fields: object = {}): object {
  const { continuing_subword_prefix: prefix = "", end_of_word_suffix: suffix = "" } = fields as Record<string, string>;
  const tokens = [...extra];
  const merges = new Map<string, [string, string]>();
  for (const word of words) {
    const characters = Array.from(word);
    const pieces = characters.map(
      (character, i) => (i > 0 ? prefix : "") + character + (i === characters.length - 1 ? suffix : ""),
    );
    tokens.push(...pieces);
    pieces.reduce((before, piece) => {
      const joined = before + piece.slice(prefix.length);
      merges.set(`${before} ${piece}`, [before, piece]);
      tokens.push(joined);
      return joined;
    });
  }
  return {
    type: "BPE",
    dropout: null,
    unk_token: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: ids(tokens),
    merges: [...merges.values()],
    ...fields,
  };
}

/** A Unigram model whose tokens score by their length. */
function unigram(words: readonly string[], extra: readonly string[], fields: object = {}): object {
  const pieces = words.flatMap((word) => {
    const characters = Array.from(word);
    return [...characters, word, characters.slice(0, 2).join(""), characters.slice(-3).join("")];
  });
  const tokens = [...new Set([...extra, ...pieces])];
  const vocab = tokens.map((token, i) => [token, i < extra.length ? 0 : -8 + Array.from(token).length - (i % 7) / 10]);
  return { type: "Unigram", unk_id: 1, byte_fallback: false, vocab, ...fields };
}

const marked = WORDS.flatMap((word) => [word, `▁${word}`]);
const spaced = WORDS.flatMap((word) => [word, ` ${word}`]).map(bytesToCharacters);
const models = {
  wordLevel: { type: "WordLevel", vocab: ids([...SPECIAL, ...WORDS, ...marked]), unk_token: "[UNK]" },
  wordPiece: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: ids([...SPECIAL, ...WORDS, ...WORDS.flatMap((word) => Array.from(word).flatMap((c) => [c, `##${c}`]))]),
  },
  byteLevel: bpe(spaced, [...SPECIAL, ...byteAlphabet()]),
  ignoreMerges: bpe(spaced, [...SPECIAL, ...byteAlphabet()], { ignore_merges: true }),
  bpe: bpe(WORDS, SPECIAL, { unk_token: "[UNK]" }),
  fused: bpe(marked, SPECIAL, { unk_token: "[UNK]", fuse_unk: true }),
  fallback: bpe(marked, [...SPECIAL, ...BYTES], { unk_token: "[UNK]", fuse_unk: true, byte_fallback: true }),
  suffixed: bpe(WORDS, SPECIAL, { unk_token: "[UNK]", end_of_word_suffix: "</w>" }),
  prefixed: bpe(WORDS, SPECIAL, { unk_token: "[UNK]", continuing_subword_prefix: "##" }),
  unigram: unigram(marked, SPECIAL),
  unigramFallback: unigram(marked, [...SPECIAL, ...BYTES], { byte_fallback: true }),
};

/** SentencePiece's rules nmt_nfkc as its models hold them, which most published models do. */
const NMT_NFKC = gunzipSync(readFileSync(new URL("sentencepiece/nmt_nfkc.gz", import.meta.url))).toString("base64");

const normalizer = (type: string, fields: object = {}) => ({ type, ...fields });
const chain = (...normalizers: object[]) => ({ type: "Sequence", normalizers });
const replace = (pattern: object, content: string) => normalizer("Replace", { pattern, content });
const byteLevel = (fields: object = {}) => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: true,
  ...fields,
});
const metaspace = (fields: object = {}) => ({
  type: "Metaspace",
  replacement: "▁",
  prepend_scheme: "always",
  split: true,
  ...fields,
});
const split = (pattern: object, behavior: string, invert = false) => ({ type: "Split", pattern, behavior, invert });
const pre = (...pretokenizers: object[]) => ({ type: "Sequence", pretokenizers });
const whitespaceSplit = { type: "WhitespaceSplit" };

/** The expressions of GPT-4, Llama 3, Qwen 2 and others, as their tokenizer.json has them. */
export const EXPRESSIONS = {
  llama3:
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  gpt4: "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
  gpt4o:
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  deepseek:
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  chinese: "[一-龥぀-ゟ゠-ヿ]+",
  words: "\\w+|[^\\w\\s]+",
  wordBounds: "\\b\\w|\\W\\b",
  lines: "^.*$",
  numbers: "\\d{1,2}(?=(?:\\d{2})*\\D)|(?<=\\d),",
  atomic: "(?>a|ab)c|\\S",
  posix: "[[:alpha:]]+|[[:space:][:digit:]]",
};

const frame = {
  type: "TemplateProcessing",
  single: [{ SpecialToken: { id: "[CLS]", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
  pair: [
    { Sequence: { id: "A", type_id: 0 } },
    { SpecialToken: { id: "[SEP]", type_id: 0 } },
    { Sequence: { id: "B", type_id: 1 } },
  ],
  special_tokens: {
    "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] },
    "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] },
  },
};

interface Parts {
  readonly model: object;
  readonly normalizer?: object;
  readonly pre_tokenizer?: object;
  readonly post_processor?: object;
  readonly decoder?: object;
  readonly added_tokens?: readonly object[];
}

const added = (id: number, content: string, fields: object = {}) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
  ...fields,
});
/** The n-th token behind a model's own. */
const behind = (model: object, n: number, content: string, fields: object = {}) =>
  added(Object.keys((model as { vocab: object }).vocab).length + n, content, fields);
const specials = SPECIAL.map((token, id) => added(id, token));

/** By a name, the parts of a tokenizer.json. */
export const PIPELINES: Readonly<Record<string, Parts>> = {
  "WordLevel, Whitespace, NFC": {
    model: models.wordLevel,
    normalizer: normalizer("NFC"),
    pre_tokenizer: { type: "Whitespace" },
  },
  "WordLevel, WhitespaceSplit and Punctuation, NFKC": {
    model: models.wordLevel,
    normalizer: normalizer("NFKC"),
    pre_tokenizer: pre(whitespaceSplit, { type: "Punctuation", behavior: "Contiguous" }),
  },
  "WordLevel, a delimiter, Lowercase": {
    model: models.wordLevel,
    normalizer: normalizer("Lowercase"),
    pre_tokenizer: { type: "CharDelimiterSplit", delimiter: "e" },
  },
  "WordLevel, fixed lengths": { model: models.wordLevel, pre_tokenizer: { type: "FixedLength", length: 3 } },
  "WordPiece, Digits, NFD and StripAccents": {
    model: models.wordPiece,
    normalizer: chain(normalizer("NFD"), normalizer("StripAccents")),
    pre_tokenizer: pre({ type: "Digits", individual_digits: true }, { type: "BertPreTokenizer" }),
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  },
  "WordPiece, Punctuation merged": {
    model: models.wordPiece,
    normalizer: normalizer("Nmt"),
    pre_tokenizer: pre({ type: "Punctuation", behavior: "MergedWithPrevious" }, whitespaceSplit, {
      type: "Digits",
      individual_digits: false,
    }),
  },
  "GPT-2": {
    model: models.byteLevel,
    pre_tokenizer: byteLevel(),
    post_processor: byteLevel({ add_prefix_space: true }),
    decoder: byteLevel(),
  },
  "RoBERTa with a space before": {
    model: models.byteLevel,
    pre_tokenizer: byteLevel({ add_prefix_space: true }),
    post_processor: {
      type: "RobertaProcessing",
      sep: ["[SEP]", 3],
      cls: ["[CLS]", 2],
      trim_offsets: true,
      add_prefix_space: true,
    },
    decoder: byteLevel(),
    added_tokens: [...specials.slice(0, 4), added(4, "[MASK]", { lstrip: true })],
  },
  "GPT-2, NFC and lower case": {
    model: models.byteLevel,
    normalizer: chain(normalizer("NFC"), normalizer("Lowercase")),
    pre_tokenizer: byteLevel({ trim_offsets: false }),
    post_processor: byteLevel({ trim_offsets: false }),
    decoder: byteLevel(),
  },
  "GPT-2, accents stripped, digits": {
    model: models.byteLevel,
    normalizer: chain(normalizer("NFKD"), normalizer("StripAccents")),
    pre_tokenizer: pre({ type: "Digits", individual_digits: false }, byteLevel()),
    decoder: byteLevel(),
  },
  "Llama 3": {
    model: models.ignoreMerges,
    pre_tokenizer: pre(split({ Regex: EXPRESSIONS.llama3 }, "Isolated"), byteLevel({ use_regex: false })),
    post_processor: { type: "Sequence", processors: [byteLevel({ add_prefix_space: true }), frame] },
    decoder: byteLevel(),
  },
  "ByteLevel as a normalizer": { model: models.byteLevel, normalizer: normalizer("ByteLevel"), decoder: byteLevel() },
  "BPE of words": {
    model: models.bpe,
    normalizer: normalizer("Strip", { strip_left: true, strip_right: true }),
    pre_tokenizer: { type: "Whitespace" },
    post_processor: { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] },
  },
  "BPE with suffixes": {
    model: models.suffixed,
    normalizer: normalizer("Strip", { strip_left: false, strip_right: true }),
    pre_tokenizer: { type: "BertPreTokenizer" },
    decoder: { type: "BPEDecoder", suffix: "</w>" },
  },
  "BPE with prefixes": { model: models.prefixed, pre_tokenizer: whitespaceSplit },
  "Llama 2": {
    model: models.fallback,
    normalizer: chain(normalizer("Prepend", { prepend: "▁" }), replace({ String: " " }, "▁")),
    post_processor: frame,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
  },
  "Llama 2, the other spelling": {
    model: models.fallback,
    pre_tokenizer: metaspace({ prepend_scheme: "first", split: false }),
    decoder: metaspace({ prepend_scheme: "first", split: false }),
    added_tokens: [
      ...specials,
      behind(models.fallback, 0, "<s>"),
      behind(models.fallback, 1, "foxes", { special: false }),
    ],
  },
  "Mistral, stripped": {
    model: models.fused,
    normalizer: chain(normalizer("Strip", { strip_left: true, strip_right: false }), normalizer("Lowercase")),
    pre_tokenizer: metaspace({ prepend_scheme: "first" }),
    decoder: metaspace({ prepend_scheme: "first" }),
  },
  ALBERT: {
    model: models.unigram,
    normalizer: chain(
      replace({ String: "``" }, '"'),
      replace({ String: "''" }, '"'),
      normalizer("NFKD"),
      normalizer("StripAccents"),
      normalizer("Lowercase"),
      replace({ Regex: " {2,}" }, " "),
    ),
    pre_tokenizer: metaspace(),
    post_processor: frame,
    decoder: metaspace(),
  },
  "XLM-R": {
    model: models.unigram,
    normalizer: chain(normalizer("Nmt"), normalizer("NFKC"), replace({ Regex: "\\s+" }, " ")),
    pre_tokenizer: pre(whitespaceSplit, metaspace()),
    decoder: metaspace(),
  },
  "XLM-R's and T5's own charsmap": {
    model: models.unigram,
    normalizer: chain(normalizer("Precompiled", { precompiled_charsmap: NMT_NFKC }), replace({ Regex: " {2,}" }, " ")),
    pre_tokenizer: metaspace(),
    decoder: metaspace(),
  },
  "that charsmap alone, words of white space": {
    model: models.wordLevel,
    normalizer: normalizer("Precompiled", { precompiled_charsmap: NMT_NFKC }),
    pre_tokenizer: whitespaceSplit,
  },
  "Unigram with bytes": {
    model: models.unigramFallback,
    normalizer: normalizer("NFC"),
    pre_tokenizer: metaspace({ prepend_scheme: "never" }),
    decoder: { type: "Sequence", decoders: [{ type: "ByteFallback" }, metaspace({ prepend_scheme: "never" })] },
  },
  "Unigram of whole texts": {
    model: models.unigram,
    normalizer: replace({ Regex: "[aeiou]" }, ""),
    decoder: { type: "CTC", pad_token: "[PAD]", word_delimiter_token: "▁", cleanup: true },
  },
  "added tokens, normalized": {
    model: models.unigram,
    normalizer: chain(normalizer("Lowercase"), normalizer("NFKC")),
    pre_tokenizer: metaspace(),
    decoder: metaspace(),
    added_tokens: [
      ...specials,
      behind(models.unigram, 0, "Over", { normalized: true, special: false }),
      behind(models.unigram, 1, "É", { normalized: true, lstrip: true, rstrip: true, special: false }),
      behind(models.unigram, 2, "fox's", { single_word: true, special: false }),
    ],
  },
  ...Object.fromEntries(
    Object.entries(EXPRESSIONS).map(([name, Regex], i) => [
      `Split by ${name}`,
      {
        model: models.wordLevel,
        pre_tokenizer: split(
          { Regex },
          ["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"][i % 5],
          i % 2 === 1,
        ),
      },
    ]),
  ),
  "Split by a string": {
    model: models.bpe,
    pre_tokenizer: pre(split({ String: "e" }, "MergedWithNext"), split({ String: "o." }, "Removed", true)),
  },
};

/** tokenizer.json of these parts. */
export function pipelineJson(parts: Parts): string {
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specials,
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    ...parts,
  });
}
