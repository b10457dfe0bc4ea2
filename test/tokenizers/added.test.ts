// Tokens that a user adds, and roles that are given to them.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ConfigError } from "../../src/support/errors.js";
import { fingerprint } from "../../src/support/symbols.js";
import { AutoTokenizer } from "../../src/tokenizers/index.js";
import { SMALL_VOCABULARY, small } from "./small.js";

const size = SMALL_VOCABULARY.length;

it("adds tokens behind all others, found whole and normalized, and says how many are new", () => {
  const tokenizer = small();
  const before = tokenizer[fingerprint]();
  expect(tokenizer.addTokens(["Foxy", "the", { content: "<x>", lstrip: true, normalized: false }])).toBe(2);
  expect([tokenizer.length, tokenizer.vocabSize]).toEqual([size + 2, size]);
  expect(tokenizer.getVocab().size).toBe(size + 2);
  expect([tokenizer.getAddedVocab().get("Foxy"), tokenizer.getAddedVocab().get("fox")]).toEqual([size, undefined]);
  expect(tokenizer[fingerprint]()).not.toBe(before); // what depends on the tokenizer is made anew
  expect(tokenizer("a FOXY  <x> fox").tokens()).toEqual(["[CLS]", "a", "foxy", "<x>", "fox", "[SEP]"]);
  expect(tokenizer.convertTokensToIds(["Foxy", "<x>"])).toEqual([size, size + 1]);
  expect(tokenizer.decode([size + 1], { skipSpecialTokens: true })).toBe("<x>"); // not special
  expect(tokenizer.addTokens("Foxy")).toBe(0);
});

it("makes tokens special, and gives roles", async () => {
  const tokenizer = small();
  expect(tokenizer.addTokens("<end>", { specialTokens: true })).toBe(1);
  expect(tokenizer.decode(tokenizer.encode("a<end>"), { skipSpecialTokens: true })).toBe("a");
  expect(tokenizer.addSpecialTokens({ bos_token: "<s>", additional_special_tokens: ["<e1>", "[MASK]"] })).toBe(2);
  expect([tokenizer.bosToken, tokenizer.bosTokenId]).toEqual(["<s>", size + 1]);
  expect(tokenizer.allSpecialTokens).toContain("<e1>");
  tokenizer.padToken = "[SEP]"; // as one does for models without padding
  expect(Array.from(tokenizer(["a", "a b"], { padding: true }).input_ids[0])).toEqual([2, 5, 3, 3]);
  const folder = await mkdtemp(join(tmpdir(), "attune-added-"));
  await tokenizer.savePretrained(folder);
  const again = await AutoTokenizer.fromPretrained(folder);
  await rm(folder, { recursive: true });
  expect(again("<s> a<end> <e1>").tokens()).toEqual(["[CLS]", "<s>", "a", "<end>", "<e1>", "[SEP]"]);
  expect([again.bosToken, again.padToken, again.length]).toEqual(["<s>", "[SEP]", size + 3]);
});

it("refuses a token without text", () => {
  expect(() => small().addTokens([""])).toThrow(ConfigError);
});
