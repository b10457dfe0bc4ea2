// Stages and added tokens in all their settings, beside the Rust package; and what is refused.
import { describe, expect, it } from "vitest";
import { FileFormatError } from "../../src/support/errors.js";
import { IntBuffer } from "../../src/tokenizers/int-buffer.js";
import { Pipeline, tokenBuffers } from "../../src/tokenizers/pipeline.js";
import { randomFrom, randomText, rust } from "./rust.js";
import { SMALL_VOCABULARY, smallJson } from "./small.js";

const bert = (fields: object) => ({
  type: "BertNormalizer",
  clean_text: true,
  handle_chinese_chars: true,
  strip_accents: null,
  lowercase: true,
  ...fields,
});

// Rust gives an added token the id that it has in the vocabulary, else the next one behind it.
let next = SMALL_VOCABULARY.length;
const added = (content: string, fields: object = {}) => ({
  id: SMALL_VOCABULARY.includes(content) ? SMALL_VOCABULARY.indexOf(content) : next++,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: false,
  ...fields,
});

const variants: Record<string, Record<string, unknown>> = {
  "as BERT": {},
  cased: { normalizer: bert({ lowercase: false }) },
  "cased without accents": { normalizer: bert({ lowercase: false, strip_accents: true }) },
  "lower case with accents": { normalizer: bert({ strip_accents: false }) },
  "not cleaned": { normalizer: bert({ clean_text: false }) },
  "Chinese left as it is": { normalizer: bert({ handle_chinese_chars: false }) },
  "without normalizer": { normalizer: null },
  "without added tokens": { added_tokens: [] },
  "with added tokens of every kind": {
    added_tokens: [
      added("[CLS]", { special: true }),
      added("[SEP]", { special: true }),
      added("[MASK]", { special: true, lstrip: true }),
      added("fox"),
      added("foxes"),
      added("Over", { normalized: true }),
      added("ing", { single_word: true }),
      added("@user", { rstrip: true }),
      added("É", { normalized: true, lstrip: true, rstrip: true }),
      added("the end", { normalized: true, single_word: true }),
    ],
  },
};

const PARTS = [
  ..."the fox foxes jumped Over over overs ing ings an-ing @user @users É é the end THE END [MASK] [MASK]s".split(" "),
  "the  end",
  " [CLS]  [MASK]  ",
  "@user \t\n x",
];

describe.each(Object.entries(variants))("a pipeline %s", (_, fields) => {
  const json = smallJson(fields);
  const ours = Pipeline.fromJson(JSON.parse(json));
  const theirs = rust.Tokenizer.fromString(json);
  const random = randomFrom(7);
  const texts = Array.from({ length: 600 }, (_, i) =>
    i % 2 === 0
      ? randomText(random)
      : Array.from({ length: random(8) }, () => PARTS[random(PARTS.length)]).join(random(2) ? " " : ""),
  );

  it("makes Rust's tokens of random texts", async () => {
    const encodings = await theirs.encodeBatch(texts, { addSpecialTokens: false });
    texts.forEach((text, i) => {
      const ids = new IntBuffer();
      const traced = tokenBuffers();
      ours.encode(text, ids);
      ours.encodeTraced(text, traced);
      const units = [0];
      for (const character of text) units.push(units[units.length - 1] + character.length);
      const found = (buffer: IntBuffer) => Array.from(buffer.values.subarray(0, buffer.length));
      expect({ text, ids: found(ids) }).toEqual({ text, ids: encodings[i].getIds() });
      expect(found(traced.ids)).toEqual(found(ids));
      expect({ text, offsets: found(traced.starts).map((start, j) => [start, found(traced.ends)[j]]) }).toEqual({
        text,
        offsets: encodings[i].getOffsets().map((span) => span.map((position) => units[position])),
      });
    });
  });
});

describe("post-processors", () => {
  const frames = {
    BertProcessing: { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] },
    "a template of another shape": {
      type: "TemplateProcessing",
      single: [{ Sequence: { id: "A", type_id: 3 } }, { SpecialToken: { id: "two", type_id: 1 } }],
      pair: [
        { Sequence: { id: "B", type_id: 1 } },
        { SpecialToken: { id: "two", type_id: 2 } },
        { Sequence: { id: "A", type_id: 0 } },
      ],
      special_tokens: { two: { id: "two", ids: [2, 3], tokens: ["[CLS]", "[SEP]"] } },
    },
  };

  it.each(Object.entries(frames))("%s frames texts and pairs as in Rust", async (_, frame) => {
    const json = smallJson({ post_processor: frame });
    const { postProcessor } = Pipeline.fromJson(JSON.parse(json)).parts;
    const theirs = rust.Tokenizer.fromString(json);
    const texts = [
      { text: "a b", ids: [5, 6] },
      { text: "c", ids: [7] },
    ];
    for (const addSpecialTokens of [true, false]) {
      for (const pair of [false, true]) {
        const expected = await theirs.encode(texts[0].text, pair ? texts[1].text : null, { addSpecialTokens });
        const pieces = postProcessor?.pieces(pair, addSpecialTokens) ?? [];
        const ids = pieces.flatMap((piece) => (piece.kind === "special" ? [piece.id] : texts[piece.sequence].ids));
        const types = pieces.flatMap((piece) =>
          Array(piece.kind === "special" ? 1 : texts[piece.sequence].ids.length).fill(piece.typeId),
        );
        expect(ids).toEqual(expected.getIds());
        expect(types).toEqual(expected.getTypeIds());
      }
    }
  });
});

const CLS_SEP = { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] };

describe("a tokenizer.json that cannot be followed", () => {
  const refused = (fields: Record<string, unknown>) => () =>
    Pipeline.fromJson(JSON.parse(smallJson(fields)), "x/tokenizer.json");

  it.each([
    [
      "normalizer",
      { normalizer: { type: "NFQ" } },
      /x\/tokenizer\.json: normalizer is of type "NFQ".*supported are BertNormalizer/,
    ],
    [
      "normalizer in a sequence",
      { normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Odd" }] } },
      /normalizer\.normalizers\[1\] is of type "Odd"/,
    ],
    [
      "pre-tokenizer",
      { pre_tokenizer: { type: "UnicodeScripts" } },
      /pre_tokenizer is of type "UnicodeScripts".*BertPreTokenizer/,
    ],
    ["model", { model: { type: "Lattice" } }, /model is of type "Lattice".*BPE, Unigram, WordLevel, WordPiece/],
    ["post-processor", { post_processor: { type: "Odd" } }, /post_processor is of type "Odd".*BertProcessing/],
    ["decoder", { decoder: { type: "Odd" } }, /decoder is of type "Odd".*WordPiece/],
    [
      "two frames",
      { post_processor: { type: "Sequence", processors: [CLS_SEP, CLS_SEP] } },
      /post_processor frames a text 2 times/,
    ],
    [
      "regular expression",
      { pre_tokenizer: { type: "Split", pattern: { Regex: "a(?" }, behavior: "Isolated", invert: false } },
      /pre_tokenizer\.pattern\.Regex: .*the group \(\?/,
    ],
    [
      "unsupported expression",
      { normalizer: { type: "Replace", pattern: { Regex: "\\Gx" }, content: "" } },
      /the regular expression \\Gx has \\G/,
    ],
    ["behavior", { pre_tokenizer: { type: "Punctuation", behavior: "Odd" } }, /behavior is "Odd"; one of Removed/],
    ["scheme", { pre_tokenizer: { type: "Metaspace", replacement: "__" } }, /replacement is "__"; a single character/],
    [
      "contradiction",
      { decoder: { type: "Metaspace", replacement: "_", prepend_scheme: "always", add_prefix_space: false } },
      /they contradict/,
    ],
    [
      "charsmap",
      { normalizer: { type: "Precompiled", precompiled_charsmap: "AAAAAQA=" } },
      /precompiled_charsmap is damaged/,
    ],
    ["dropout", { model: { type: "BPE", vocab: {}, merges: [], dropout: 0.1 } }, /dropout is 0\.1; merging at random/],
    ["merge", { model: { type: "BPE", vocab: { a: 0 }, merges: ["a b"] } }, /merges\[0\]: the vocabulary has no "b"/],
    [
      "merge of three",
      { model: { vocab: { a: 0 }, merges: [["a", "b", "c"]] } },
      /merges\[0\] is \["a","b","c"\]; two tokens/,
    ],
    ["score", { model: { type: "Unigram", vocab: [["a", "0"]] } }, /vocab\[0\] is \["a","0"\]; a token and its score/],
    ["unknown id", { model: { vocab: [["a", 0]], unk_id: 1 } }, /unk_id is 1, and there are 1 tokens/],
    ["field", { normalizer: bert({ lowercase: "yes" }) }, /normalizer\.lowercase is "yes"; true or false is needed/],
    ["missing field", { normalizer: { type: "BertNormalizer" } }, /normalizer\.clean_text is missing/],
    ["vocabulary", { model: { type: "WordPiece", vocab: { a: -1 } } }, /model\.vocab\["a"\] is -1, not an id/],
    [
      "template",
      { post_processor: { type: "TemplateProcessing", single: [], pair: [], special_tokens: {} } },
      /single has to use/,
    ],
  ])("for its %s", (_, fields, message) => {
    expect(refused(fields)).toThrow(FileFormatError);
    expect(refused(fields)).toThrow(message);
  });
});

describe("a WordPiece model", () => {
  it("counts characters, not UTF-16 units, of words that are too long", async () => {
    const json = smallJson({ normalizer: null });
    const ours = Pipeline.fromJson(JSON.parse(json));
    const theirs = rust.Tokenizer.fromString(json);
    for (const text of ["a".repeat(100), "a".repeat(101), "😀".repeat(99), "a😀".repeat(50), `${"a".repeat(99)}é`]) {
      const ids = new IntBuffer();
      ours.encode(text, ids);
      const expected = await theirs.encode(text, null, { addSpecialTokens: false });
      expect(Array.from(ids.values.subarray(0, ids.length))).toEqual(expected.getIds());
    }
  });

  it("refuses a word that it cannot spell where nothing stands for it", () => {
    const pipeline = Pipeline.fromJson(
      JSON.parse(
        smallJson({ model: { type: "WordPiece", vocab: { a: 0 }, unk_token: "[UNK]" }, post_processor: null }),
      ),
    );
    expect(() => pipeline.encode("a b", new IntBuffer())).toThrow(/spell no "b" and has no token \[UNK\]/);
  });
});

describe("a long run of white space", () => {
  // Where each space of a run were a beginning, these would take a minute.
  const text = `a${" ".repeat(300_000)}b [MASK] ${" ".repeat(300_000)}c`;
  it.each<[string, Record<string, unknown>]>([
    ["is stripped", { normalizer: { type: "Strip", strip_left: true, strip_right: true } }],
    ["goes with an added token", { added_tokens: [added("[MASK]", { lstrip: true, rstrip: true })] }],
  ])("%s in a moment", async (_, fields) => {
    const json = smallJson(fields);
    const traced = tokenBuffers();
    const begun = performance.now();
    Pipeline.fromJson(JSON.parse(json)).encodeTraced(text, traced);
    expect(performance.now() - begun).toBeLessThan(10_000);
    const expected = await rust.Tokenizer.fromString(json).encode(text, null, { addSpecialTokens: false });
    const found = ({ values, length }: IntBuffer) => Array.from(values.subarray(0, length));
    expect(found(traced.ids)).toEqual(expected.getIds());
    expect(found(traced.starts).map((start, i) => [start, found(traced.ends)[i]])).toEqual(expected.getOffsets());
  });
});

describe("words that cannot be spelled where nothing stands for them", () => {
  it.each<[string, object, RegExp]>([
    ["BPE", { type: "BPE", vocab: { a: 0 }, merges: [], unk_token: "?" }, /spell no "b" and has no token \?/],
    ["Unigram", { type: "Unigram", vocab: [["a", 0]] }, /spell no "b" and names no token for unknown characters/],
    ["WordLevel", { type: "WordLevel", vocab: { a: 0 }, unk_token: "?" }, /has no "b" and no token \?/],
  ])("are refused by %s", (_, model, message) => {
    const pipeline = Pipeline.fromJson(JSON.parse(smallJson({ model, post_processor: null, added_tokens: [] })));
    expect(() => pipeline.encode("a b", new IntBuffer())).toThrow(message);
  });
});
