// The call and the methods of a tokenizer: arguments, options, types, errors.
import { inspect } from "node:util";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { ConfigError, DataError } from "../../src/support/errors.js";
import { fingerprint, isFingerprinted } from "../../src/support/symbols.js";
import { type Tensor, tensor } from "../../src/tensor/index.js";
import { type CallOptions, createBertTokenizer, type Offsets } from "../../src/tokenizers/index.js";
import { plain } from "./shared-model.js";
import { SMALL_VOCABULARY, small } from "./small.js";

const tokenizer = small();
const id = (token: string) => SMALL_VOCABULARY.indexOf(token);
const [CLS, SEP, PAD] = [id("[CLS]"), id("[SEP]"), id("[PAD]")];
const ids = (tokens: string) => tokens.split(" ").map(id);

describe("a call", () => {
  it("takes one text", () => {
    const encoding = tokenizer("The foxes");
    expectTypeOf(encoding.input_ids).toEqualTypeOf<Int32Array>();
    expect(plain(encoding.input_ids)).toEqual(ids("[CLS] the fox ##es [SEP]"));
    expect(Object.keys(encoding)).toEqual(["input_ids", "token_type_ids", "attention_mask"]);
  });

  it("takes a pair, whose second text has type 1", () => {
    const { input_ids, token_type_ids } = tokenizer("the", "fox");
    expect(plain(input_ids)).toEqual(ids("[CLS] the [SEP] fox [SEP]"));
    expect(plain(token_type_ids)).toEqual([0, 0, 0, 1, 1]);
    expect(tokenizer("the", "")).toEqual(tokenizer("the")); // as in Python an empty second text is none
    expect(tokenizer("the", null)).toEqual(tokenizer("the"));
  });

  it("takes lists, pairs of lists, and columns that are no arrays", () => {
    const column = {
      length: 2,
      *[Symbol.iterator]() {
        yield* ["a", "b c"];
      },
    };
    const encoding = tokenizer(column);
    expectTypeOf(encoding.attention_mask).toEqualTypeOf<Int32Array[]>();
    expect(plain(encoding.input_ids)).toEqual([ids("[CLS] a [SEP]"), ids("[CLS] b c [SEP]")]);
    expect(plain(tokenizer(["a", "b"] as const, column).input_ids)).toEqual([
      ids("[CLS] a [SEP] a [SEP]"),
      ids("[CLS] b [SEP] b c [SEP]"),
    ]);
    expect(plain(tokenizer(["a"], [""]).input_ids)).toEqual([ids("[CLS] a [SEP] [SEP]")]);
    expect(tokenizer([]).input_ids).toEqual([]);
  });

  it("takes options second or third", () => {
    const options = { addSpecialTokens: false } as const;
    expect(plain(tokenizer("a b", options).input_ids)).toEqual(ids("a b"));
    expect(plain(tokenizer("a", "b", options).input_ids)).toEqual(ids("a b"));
    expect(plain(tokenizer("a", null, options).input_ids)).toEqual(ids("a"));
  });

  it("makes tensors", async () => {
    const inputs = tokenizer(["a b", "c"], { padding: true, returnTensors: true });
    expectTypeOf(inputs.input_ids).toEqualTypeOf<Tensor>();
    expectTypeOf({ ...inputs }).toExtend<Readonly<Record<string, Tensor>>>(); // a model's batch
    expect(inputs.input_ids.shape).toEqual([2, 4]);
    expect(inputs.input_ids.dtype).toBe("int32");
    expect(await inputs.input_ids.toArray()).toEqual([ids("[CLS] a b [SEP]"), [...ids("[CLS] c [SEP]"), PAD]]);
    expect(await inputs.attention_mask.toArray()).toEqual([
      [1, 1, 1, 1],
      [1, 1, 1, 0],
    ]);
    expect(tokenizer("a", { returnTensors: true }).input_ids.shape).toEqual([1, 3]);
    expect(() => tokenizer(["a b", "c"], { returnTensors: true })).toThrow(
      /row 0 has 4 tokens and row 1 has 3; pass padding: true/,
    );
  });

  it("has the fields that are asked for, and types that know it", () => {
    const full = tokenizer("the foxes", {
      returnOffsetsMapping: true,
      returnSpecialTokensMask: true,
      returnLength: true,
      returnTokenTypeIds: false,
    });
    expectTypeOf(full.offset_mapping).toEqualTypeOf<Offsets>();
    expectTypeOf(full.length).toEqualTypeOf<number>();
    expectTypeOf(full).not.toHaveProperty("token_type_ids");
    expect(full.offset_mapping).toEqual([
      [0, 0],
      [0, 3],
      [4, 7],
      [7, 9],
      [0, 0],
    ]);
    expect(plain(full.special_tokens_mask)).toEqual([1, 0, 0, 0, 1]);
    expect(full.length).toBe(5);
    expect(Object.keys(full)).not.toContain("token_type_ids");

    const open: CallOptions = { returnTensors: true };
    expectTypeOf(tokenizer("a", open).input_ids).toEqualTypeOf<Tensor | Int32Array>();
    const text = "a" as string | string[];
    expectTypeOf(tokenizer(text).input_ids).toEqualTypeOf<Int32Array | Int32Array[]>();
  });

  it("pads to the longest, to a length, to a multiple, on either side", () => {
    const pad = (options: CallOptions) => plain(tokenizer(["a", "b c"], options).attention_mask);
    expect(pad({ padding: "longest" })).toEqual([
      [1, 1, 1, 0],
      [1, 1, 1, 1],
    ]);
    expect(pad({ padding: true, paddingSide: "left" })).toEqual([
      [0, 1, 1, 1],
      [1, 1, 1, 1],
    ]);
    expect(pad({ padding: "max_length", maxLength: 5 })).toEqual([
      [1, 1, 1, 0, 0],
      [1, 1, 1, 1, 0],
    ]);
    expect(pad({ padding: true, padToMultipleOf: 3 })).toEqual([
      [1, 1, 1, 0, 0, 0],
      [1, 1, 1, 1, 0, 0],
    ]);
    expect((pad({ padding: "max_length" }) as number[][])[0]).toHaveLength(16); // the model's maximum
    expect(pad({ padding: "max_length", maxLength: 2 })).toEqual([
      [1, 1, 1],
      [1, 1, 1, 1],
    ]); // nothing is cut
  });

  it("cuts to maxLength, or to the model's maximum", () => {
    const long = "a ".repeat(40);
    expect(tokenizer(long, { truncation: true }).input_ids).toHaveLength(16);
    expect(tokenizer(long, { maxLength: 7 }).input_ids).toHaveLength(7); // as in Python
    expect(tokenizer(long, { maxLength: 7, truncation: false, verbose: false }).input_ids).toHaveLength(42);
    expect(plain(tokenizer("a b c d", "e f", { truncation: "only_first", maxLength: 7 }).input_ids)).toEqual(
      ids("[CLS] a b [SEP] e f [SEP]"),
    );
    expect(plain(tokenizer("a b", { truncation: true, maxLength: 2 }).input_ids)).toEqual([CLS, SEP]);
  });

  it("cuts the longer of two texts first, then both alike", () => {
    // Expected: transformers 5.23.0 with tokenizers 0.23.3 for texts of as many tokens.
    const cut = (a: number, b: number, maxLength: number) => {
      const row = tokenizer("a ".repeat(a), "b ".repeat(b), { truncation: true, maxLength }).input_ids;
      return [row.filter((token) => token === id("a")).length, row.filter((token) => token === id("b")).length];
    };
    expect(cut(7, 6, 6)).toEqual([2, 1]);
    expect(cut(4, 9, 6)).toEqual([1, 2]);
    expect(cut(5, 5, 10)).toEqual([3, 4]);
    expect(cut(2, 9, 10)).toEqual([2, 5]);
    expect(cut(9, 2, 10)).toEqual([5, 2]);
  });

  it("cuts on the left where the tokenizer says so", () => {
    const left = small();
    left.truncationSide = "left";
    left.paddingSide = "left";
    expect(plain(left("a b c d", { maxLength: 4 }).input_ids)).toEqual(ids("[CLS] c d [SEP]"));
    const { input_ids } = left(["a b c d"], {
      maxLength: 4,
      stride: 1,
      returnOverflowingTokens: true,
      truncation: true,
    });
    expect(plain(input_ids)).toEqual([ids("[CLS] c d [SEP]"), ids("[CLS] b c [SEP]"), ids("[CLS] a b [SEP]")]);
    expect(plain(left(["a", "b c"], { padding: true }).input_ids[0])).toEqual([PAD, ...ids("[CLS] a [SEP]")]);
    expect(tokenizer.paddingSide).toBe("right");
  });

  it("keeps words apart that are given apart", () => {
    const one = tokenizer(["fox", "es", "a-b"], { isSplitIntoWords: true, returnOffsetsMapping: true });
    expectTypeOf(one.input_ids).toEqualTypeOf<Int32Array>();
    expect(plain(one.input_ids)).toEqual(ids("[CLS] fox e ##s a - b [SEP]"));
    expect(one.offset_mapping.slice(4, 7)).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    const many = tokenizer([["fox"], []], { isSplitIntoWords: true });
    expect(plain(many.input_ids)).toEqual([ids("[CLS] fox [SEP]"), [CLS, SEP]]);
  });

  it("takes special tokens in a text for text where it is told to", () => {
    expect(tokenizer("a [SEP] b").tokens()).toEqual("[CLS] a [SEP] b [SEP]".split(" "));
    const { input_ids } = tokenizer("a [SEP] b", { splitSpecialTokens: true });
    expect(input_ids.filter((one) => one === SEP)).toHaveLength(1);
    expect(tokenizer("a [SEP] b", { splitSpecialTokens: true }).wordIds()).toContain(4); // a [ sep ] b
    const added = small();
    added.addTokens("Foxy");
    expect(added("Foxy [MASK]", { splitSpecialTokens: true }).tokens()[1]).toBe("foxy");
    expect(plain(tokenizer("a [SEP] b").input_ids)).toEqual(ids("[CLS] a [SEP] b [SEP]")); // nothing is remembered of it
  });

  it("returns rows of its own: changing one changes nothing else", () => {
    const first = tokenizer(["a", "b"]);
    first.input_ids[0].fill(9);
    first.attention_mask[0].fill(9);
    expect(plain(first.input_ids[1])).toEqual(ids("[CLS] b [SEP]"));
    expect(plain(tokenizer("a").input_ids)).toEqual(ids("[CLS] a [SEP]"));
  });
});

describe("what a call refuses", () => {
  const call = tokenizer as unknown as (...args: unknown[]) => unknown;
  it.each<[string, unknown[], typeof ConfigError | typeof DataError, RegExp]>([
    ["Python's spelling", ["a", { max_length: 5 }], ConfigError, /no option "max_length"; did you mean maxLength\?/],
    [
      "an unknown padding",
      ["a", { padding: "max_len" }],
      ConfigError,
      /padding is "max_len"; it is one of true, false, "longest"/,
    ],
    ["an unknown truncation", ["a", { truncation: "first" }], ConfigError, /truncation is "first"/],
    ["a length that is none", ["a", { maxLength: -1 }], ConfigError, /maxLength is -1/],
    ["no room", ["a", { maxLength: 1 }], ConfigError, /maxLength 1 has no room for the 2 special tokens/],
    [
      "a stride too long, whatever the text",
      ["a", { maxLength: 4, stride: 2, truncation: true }],
      ConfigError,
      /stride 2 has to be less than the 2/,
    ],
    [
      "a stride too long for what is left of a pair",
      ["a b c d", "a", { maxLength: 6, stride: 2, truncation: true, returnOverflowingTokens: true }],
      ConfigError,
      /stride 2 has to be less than the 2/,
    ],
    ["a stride that is none", ["a", { maxLength: 4, stride: Number.NaN }], ConfigError, /stride is NaN/],
    [
      "a length that is no multiple",
      ["a", { maxLength: 5, truncation: true, padding: true, padToMultipleOf: 4 }],
      ConfigError,
      /5 tokens.*multiple of padToMultipleOf 4/,
    ],
    ["null", [null], DataError, /text is null; a string/],
    ["a missing text", [["a", null, "b"]], DataError, /text 1 is null, not a string/],
    ["a number in the pair", [["a"], [3]], DataError, /pair 0 is 3, not a string/],
    ["one pair for many", [["a", "b"], "c"], DataError, /pair is one string beside a list/],
    ["uneven lists", [["a", "b"], ["c"]], DataError, /2 texts cannot be paired with 1/],
    ["words that nobody announced", [[["a"]]], DataError, /isSplitIntoWords: true/],
    ["rows of a dataset", [[{ text: "a" }]], DataError, /text 0 is a value of type Object.*dataset\.column\("text"\)/],
    ["pairs in one list", [[["a", "b"]]], DataError, /text 0 .*pairs are two lists, tokenizer\(texts, pairs\)/],
    [
      "only_second without pair",
      ["a ".repeat(20), { truncation: "only_second" }],
      DataError,
      /text 0: .*needs a second text/,
    ],
    ["no text at all as tensor", [[], { returnTensors: true }], ConfigError, /no text/],
  ])("%s", (_, args, kind, message) => {
    expect(() => call(...args)).toThrow(kind);
    expect(() => call(...args)).toThrow(message);
  });

  it("a padding side that is none", () => {
    const one = small();
    expect(() => Object.assign(one, { paddingSide: "top" })).toThrow(/paddingSide is "top"/);
  });
});

describe("warnings", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("says once that a text is longer than the model takes", () => {
    const lines: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
      lines.push(String(chunk));
      return true;
    });
    const one = createBertTokenizer(SMALL_VOCABULARY, { modelMaxLength: 5 });
    one("a b c");
    one("a b c d e", { verbose: false });
    one("a b c d e", { truncation: true });
    one("a", { padding: true, maxLength: 4, verbose: false });
    expect(lines).toEqual([]);
    one("a b c d e");
    one("a b c d e");
    expect(lines.join("")).toMatch(
      /^attune: warning: a text has 7 tokens and the model takes 5.*truncation: true.*\n$/,
    );
  });
});

describe("the methods of a tokenizer", () => {
  it("know its tokens", () => {
    expect(tokenizer.vocabSize).toBe(SMALL_VOCABULARY.length);
    expect(tokenizer.length).toBe(SMALL_VOCABULARY.length);
    expect([
      tokenizer.padTokenId,
      tokenizer.unkTokenId,
      tokenizer.clsTokenId,
      tokenizer.sepTokenId,
      tokenizer.maskTokenId,
    ]).toEqual([0, 1, 2, 3, 4]);
    expect([tokenizer.padToken, tokenizer.maskToken, tokenizer.bosToken]).toEqual(["[PAD]", "[MASK]", undefined]);
    expect(tokenizer.allSpecialIds.toSorted()).toEqual([0, 1, 2, 3, 4]);
    expect([tokenizer.numSpecialTokensToAdd(), tokenizer.numSpecialTokensToAdd(true)]).toEqual([2, 3]);
    expect(tokenizer.modelMaxLength).toBe(16);
    expect(tokenizer.specialTokensMap).toEqual({
      unk_token: "[UNK]",
      sep_token: "[SEP]",
      pad_token: "[PAD]",
      cls_token: "[CLS]",
      mask_token: "[MASK]",
    });
    expect([...tokenizer.getVocab()].sort(([, a], [, b]) => a - b).map(([token]) => token)).toEqual(SMALL_VOCABULARY);
  });

  it("convert between tokens, ids and text", () => {
    expect(tokenizer.convertTokensToIds(["fox", "nothing"])).toEqual([id("fox"), 1]);
    expect(tokenizer.convertTokensToIds("fox")).toBe(id("fox"));
    expect(tokenizer.convertIdsToTokens(Int32Array.of(2, 4))).toEqual(["[CLS]", "[MASK]"]);
    expect(() => tokenizer.convertIdsToTokens(999)).toThrow(/no token has the id 999; ids run from 0 to/);
    expect(tokenizer.tokenize("The foxes jumped!")).toEqual(["the", "fox", "##es", "jump", "##ed", "!"]);
    expect(tokenizer.tokenize("a", "b", { addSpecialTokens: true }).join(" ")).toBe("[CLS] a [SEP] b [SEP]");
    expect(plain(tokenizer.encode("a b", { addSpecialTokens: false }))).toEqual(ids("a b"));
    expect(plain(tokenizer.encode("a", "b", { addSpecialTokens: false }))).toEqual(ids("a b"));
    expect(tokenizer.decode(tokenizer.encode("the foxes , jumped"))).toBe("[CLS] the foxes, jumped [SEP]");
    expect(tokenizer.batchDecode(tokenizer(["a", "b c"]).input_ids, { skipSpecialTokens: true })).toEqual(["a", "b c"]);
    expect(tokenizer.decode(4)).toBe("[MASK]");
    const { input_ids } = tokenizer(["a", "b c"], { padding: true, returnTensors: true });
    expect(tokenizer.batchDecode(input_ids, { skipSpecialTokens: true })).toEqual(["a", "b c"]);
    expect(tokenizer.decode(tensor([5, 6], { dtype: "int32" }))).toBe("a b");
    expect(() => tokenizer.decode(input_ids)).toThrow(/one row of ids, not Tensor\(\[2, 4\], int32\): batchDecode/);
    expect(() => tokenizer.decode(tensor([5, 6]))).toThrow(/only the device knows/);
    expect(tokenizer.decode([5, 999, 6])).toBe("a b"); // as in Python an id that no token has adds nothing
    expect(tokenizer.convertTokensToString(["fox", "##es"])).toBe("foxes");
  });

  it("pad rows, columns and one row", () => {
    const rows = [
      { input_ids: [2, 5, 3], label: 1 },
      { input_ids: [2, 3], label: 0 },
    ];
    const padded = tokenizer.pad(rows);
    expectTypeOf(padded.input_ids).toEqualTypeOf<Int32Array[]>();
    expect(plain(padded.input_ids)).toEqual([
      [2, 5, 3],
      [2, 3, 0],
    ]);
    expect(plain(padded.attention_mask)).toEqual([
      [1, 1, 1],
      [1, 1, 0],
    ]);
    expect(padded.label).toEqual([1, 0]);
    const columns = tokenizer.pad(tokenizer(["a", "b c"]), { returnTensors: true, padToMultipleOf: 8 });
    expectTypeOf(columns.input_ids).toEqualTypeOf<Tensor>();
    expect(columns.token_type_ids?.shape).toEqual([2, 8]);
    const one = tokenizer.pad(tokenizer("a"), { padding: "max_length", maxLength: 5 });
    expectTypeOf(one.input_ids).toEqualTypeOf<Int32Array>();
    expect(plain(one.input_ids)).toEqual([2, 5, 3, 0, 0]);
    expect(() => tokenizer.pad([{ input_ids: [1, 2], token_type_ids: [0] }])).toThrow(
      /row 0 has 2 input_ids and 1 of token_type_ids/,
    );
    expect(() => tokenizer.pad([{ input_ids: [1, null as never] }])).toThrow(/input_ids of row 0 has null at 1/);
    expect(() => tokenizer.pad([{ ids: [1] }] as never)).toThrow(/pad needs input_ids; it was given ids/);
  });

  it("have a fingerprint that follows whatever changes results", () => {
    const one = small();
    expect(isFingerprinted(one)).toBe(true);
    const before = one[fingerprint]();
    expect(before).toBe(small()[fingerprint]());
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    one.modelMaxLength = 8;
    expect(one[fingerprint]()).not.toBe(before);
    expect(createBertTokenizer(SMALL_VOCABULARY, { modelMaxLength: 16, lowercase: false })[fingerprint]()).not.toBe(
      before,
    );
    expect(createBertTokenizer([...SMALL_VOCABULARY, "more"], { modelMaxLength: 16 })[fingerprint]()).not.toBe(before);
  });

  it("print what a person wants to know", () => {
    expect(inspect(tokenizer)).toMatch(
      /^PreTrainedTokenizer \{\s+model: 'WordPiece',\s+vocabSize: \d+,\s+modelMaxLength: 16/,
    );
  });
});

describe("createBertTokenizer", () => {
  it("refuses a vocabulary that lacks a special token or has a token twice", () => {
    expect(() => createBertTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])).toThrow(
      /vocabulary of 4 tokens lacks \[MASK\]/,
    );
    expect(() => createBertTokenizer([...SMALL_VOCABULARY, "fox"])).toThrow(/"fox" twice/);
  });

  it("can keep the case", () => {
    const cased = createBertTokenizer(SMALL_VOCABULARY, { lowercase: false });
    expect(cased.tokenize("The fox É")).toEqual(["[UNK]", "fox", "É"]);
  });
});
