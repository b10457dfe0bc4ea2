// BatchEncoding's methods, targets, and what is said of truncation.
import { describe, expect, expectTypeOf, it, vi } from "vitest";
import { DataError } from "../../src/support/errors.js";
import { terminal } from "../../src/support/terminal.js";
import type { Tensor } from "../../src/tensor/index.js";
import { BatchEncoding } from "../../src/tokenizers/index.js";
import { sayTruncation } from "../../src/tokenizers/truncation-report.js";
import { plain } from "./shared-model.js";
import { small } from "./small.js";

const tokenizer = small();

describe("an encoding", () => {
  const pair = tokenizer(["the foxes jump", "a"], ["over, the fox", "b"], { padding: true });

  it("is fields and methods; spread, it is fields", () => {
    expect(pair).toBeInstanceOf(BatchEncoding);
    expect(Object.keys({ ...pair })).toEqual(["input_ids", "token_type_ids", "attention_mask"]);
    expectTypeOf({ ...pair }).not.toHaveProperty("wordIds");
    expectTypeOf(pair.input_ids).toEqualTypeOf<Int32Array[]>();
  });

  // [CLS] the fox ##es jump [SEP] over , the fox [SEP]
  it("tells tokens, words and texts", () => {
    expect(pair.tokens()).toEqual("[CLS] the fox ##es jump [SEP] over , the fox [SEP]".split(" "));
    expect(pair.tokens(1).slice(0, 6)).toEqual("[CLS] a [SEP] b [SEP] [PAD]".split(" "));
    expect(pair.wordIds()).toEqual([null, 0, 1, 1, 2, null, 0, 1, 2, 3, null]);
    expect(pair.sequenceIds()).toEqual([null, 0, 0, 0, 0, null, 1, 1, 1, 1, null]);
    expect(pair.wordIds(1)).toEqual([null, 0, null, 0, ...Array(7).fill(null)]);
    expect(tokenizer(["the", "foxes", "over , over"], { isSplitIntoWords: true }).wordIds()).toEqual([
      null,
      0,
      1,
      1,
      2,
      2,
      2,
      null,
    ]);
  });

  it("goes from characters to tokens and words, and back", () => {
    expect([0, 3, 4, 7, 10].map((at) => pair.charToToken(at))).toEqual([1, undefined, 2, 3, 4]);
    expect(pair.charToToken(4, { sequence: 1 })).toBe(7);
    expect(pair.charToToken(0, { row: 1, sequence: 1 })).toBe(3);
    expect(pair.tokenToChars(3)).toEqual([7, 9]);
    expect(pair.tokenToChars(0)).toBeUndefined();
    expect(pair.tokenToWord(3)).toBe(1);
    expect(pair.tokenToWord(10, { row: 1 })).toBeUndefined();
    expect(pair.wordToTokens(1)).toEqual([2, 4]);
    expect(pair.wordToTokens(1, { sequence: 1 })).toEqual([7, 8]);
    expect(pair.wordToTokens(7)).toBeUndefined();
    expect(pair.wordToChars(1)).toEqual([4, 9]);
    expect(pair.wordToChars(9)).toBeUndefined();
    expect(pair.charToWord(8)).toBe(1);
  });

  it("counts rows that overflow, and padding on the left", () => {
    const rows = tokenizer("a b c d", {
      truncation: true,
      maxLength: 4,
      returnOverflowingTokens: true,
      paddingSide: "left",
    });
    expect([0, 1].map((row) => rows.wordIds(row))).toEqual([
      [null, 0, 1, null],
      [null, 2, 3, null],
    ]);
    expect(rows.charToToken(6, { row: 1 })).toBe(2);
    const left = tokenizer(["a", "b c"], { padding: true, paddingSide: "left" });
    expect(left.wordIds(0)).toEqual([null, null, 0, null]);
  });

  it("refuses a row or a token that it has not", () => {
    expect(() => pair.wordIds(2)).toThrow(new DataError("the encoding has 2 rows; there is no row 2"));
    expect(() => pair.tokenToChars(11)).toThrow(/row 0 of the encoding has 11 tokens; there is no token 11/);
  });
});

describe("targets", () => {
  it("become labels", () => {
    const encoding = tokenizer("a", { textTarget: "b c" });
    expectTypeOf(encoding.labels).toEqualTypeOf<Int32Array>();
    expect(plain(encoding.labels)).toEqual(plain(tokenizer("b c").input_ids));
    const batch = tokenizer(["a", "b"], {
      textTarget: ["c", "d"],
      textPairTarget: ["e", "f"],
      padding: true,
      returnTensors: true,
    });
    expectTypeOf(batch.labels).toEqualTypeOf<Tensor>();
    expect(batch.labels.shape).toEqual([2, 5]);
    expectTypeOf(tokenizer("a")).not.toHaveProperty("labels");
  });
});

describe("truncation", () => {
  it("is said once for calls that follow each other: rows, tokens, the longest", () => {
    const said = vi.spyOn(terminal, "writeLine").mockImplementation(() => {});
    sayTruncation(); // of the tests before
    said.mockClear();
    const options = { truncation: true, maxLength: 5 } as const;
    tokenizer(["a", "b"], options);
    sayTruncation(); // of which nothing was cut
    tokenizer("b", options);
    tokenizer(["a b c d e", "a"], options);
    tokenizer("a b c d", options);
    tokenizer(["a b c", "b"], options);
    tokenizer("a b c d e f", { ...options, verbose: false });
    expect(said).not.toHaveBeenCalled();
    sayTruncation();
    expect(said.mock.calls.flat()).toEqual([
      "attune: truncation to 5 tokens cut 2 of 6 texts: 3 tokens are lost; the longest had 7",
    ]);
    sayTruncation();
    expect(said).toHaveBeenCalledTimes(1);
    tokenizer("a b c d e", { ...options, returnOverflowingTokens: true });
    sayTruncation();
    expect(said.mock.calls[1][0]).toMatch(/cut 1 of 1 texts: what was cut off is in further rows; the longest had 7/);
    said.mockRestore();
  });
});
