// Vocabularies beside those that tokenizers 0.23.3 trained on the same texts.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { createBertTokenizer, createRobertaTokenizer, trainBpe, trainWordPiece } from "../../src/tokenizers/index.js";
import { WhitespaceSplit } from "../../src/tokenizers/pre-tokenizers/whitespace-split.js";
import { trainPairs } from "../../src/tokenizers/training/pairs.js";
import { describeShared, sharedPath } from "../shared.js";

describe("training WordPiece", () => {
  // As counted, no two pairs are met equally often where it matters: the order of Python's tokens is certain.
  const texts = Object.entries({ low: 50, lower: 21, lowest: 13, newest: 34, newer: 8, wide: 5, widest: 2 }).map(
    ([word, count]) => `${word} `.repeat(count),
  );
  const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
  const characters = "d e i l n o r s t w".split(" ");
  const inside = ["##d", "##e", "##i", "##o", "##r", "##s", "##t", "##w"];
  const joined = "lo low ##es ##est ne new newest ##er lower lowest newer wi wid wide widest".split(" ");

  it("joins what Python joins, in its order", () => {
    const vocabulary = trainWordPiece(texts, { vocabSize: 60 });
    expect(vocabulary.slice(0, 15)).toEqual([...special, ...characters]);
    expect(vocabulary.slice(15, 23).sort()).toEqual(inside); // Python's order of these differs from run to run
    expect(vocabulary.slice(23)).toEqual(joined);
  });

  it("ends when the vocabulary is full, or pairs are too rare", () => {
    expect(trainWordPiece(texts, { vocabSize: 30 }).slice(23)).toEqual(joined.slice(0, 7));
    expect(trainWordPiece(texts, { minFrequency: 13 }).slice(23)).toEqual(joined.slice(0, 10));
    expect(trainWordPiece(texts, { vocabSize: 3 }).slice(0, 15)).toEqual([...special, ...characters]);
  });

  it("does not depend on the order of the texts", () => {
    const words = "the cat sat on the mat and the dog sat on the cat near the mat".split(" ");
    const expected = trainWordPiece(words, { vocabSize: 40 });
    expect(trainWordPiece(words.toReversed(), { vocabSize: 40 })).toEqual(expected);
    expect(trainWordPiece([words.join(" ")], { vocabSize: 40 })).toEqual(expected);
  });

  it("keeps to the alphabet it is given", () => {
    const vocabulary = trainWordPiece(["aaa bbb ccb c", "ab"], {
      limitAlphabet: 2,
      initialAlphabet: ["z"],
      vocabSize: 12,
    });
    expect(vocabulary.slice(0, 7)).toEqual([...special, "b", "z"]);
    expect(trainWordPiece(["Aé"], { specialTokens: [] }).slice(0, 2)).toEqual(["a", "e"]); // BERT's normalizer by default
  });

  it("keeps upper case and accents where it is told to, as the tokenizer made of it", () => {
    const counts = { Low: 50, low: 31, Lower: 21, Lowest: 13, newest: 34, Née: 9 };
    const cased = Object.entries(counts).map(([word, count]) => `${word} `.repeat(count));
    const options = { lowercase: false, vocabSize: 60 };
    const vocabulary = trainWordPiece(cased, options);
    expect(vocabulary.filter((token) => !special.includes(token) && !/^(##)?.$/u.test(token))).toEqual(
      "##ow Low ##es ##est ne ##west newest low ##er Lower Lowest Né Née".split(" "),
    );
    expect(createBertTokenizer(vocabulary, options).tokenize("Lower Née LOW")).toEqual(["Lower", "Née", "[UNK]"]);
  });

  it("makes a vocabulary that a tokenizer can be made of", () => {
    const tokenizer = createBertTokenizer(trainWordPiece(texts, { vocabSize: 60 }));
    expect(tokenizer.tokenize("lowest widest wooden")).toEqual(
      ["lowest", "widest", "w", "##o", "##o", "##d", "##e", "##n"].slice(0, 2).concat("[UNK]"),
    );
    expect(tokenizer.maskTokenId).toBe(4);
  });

  it("refuses options out of range", () => {
    expect(() => trainWordPiece([], { vocabSize: -1 })).toThrow(/vocabSize is -1/);
    expect(() => trainWordPiece([], { minFrequency: 0.5 })).toThrow(/minFrequency is 0.5/);
    expect(trainWordPiece([])).toEqual(special);
  });
});

describeShared("training on MRPC's sentences", () => {
  it("finds the thousand tokens that Python finds", async () => {
    const file = await asyncBufferFromFile(sharedPath("hub/datasets/nyu-mll/glue/mrpc/train-00000-of-00001.parquet"));
    const rows = await parquetReadObjects({ file });
    const texts = rows.flatMap(({ sentence1, sentence2 }) => [sentence1 as string, sentence2 as string]);
    const vocabulary = trainWordPiece(texts, { vocabSize: 1000 });
    // Of the tokens of tokenizers 0.23.3, sorted by code points, one a line.
    const hash = createHash("sha256").update(vocabulary.toSorted().join("\n")).digest("hex");
    expect(hash).toBe("2f5b6106244a6d6b46be1e040431df8f28d0a3f5287eb99b83eb3d7904e9a147");
  });
});

describe("training BPE", () => {
  // What tokenizers 0.23.3 makes of these texts; no two pairs are met equally often where it matters.
  const texts = Object.entries({ low: 50, lower: 21, lowest: 13, newest: 34, newer: 8, wide: 5, widest: 2 }).map(
    ([word, count]) => `${word} `.repeat(count),
  );
  const merges = (
    "l o,lo w,Ġ low,e s,es t,e w,n ew,Ġ new,Ġnew est,e r,Ġlow er,Ġlow est,i d,w id,Ġnew er,Ġ wid,Ġwid e,low est,low er," +
    "new est,new er,wid e,wid est,Ġwid est"
  )
    .split(",")
    .map((merge) => merge.split(" "));

  it("joins what Python joins, in its order, on bytes by default", () => {
    const trained = trainBpe(texts, { vocabSize: 400 });
    expect(trained.merges).toEqual(merges);
    expect(trained.vocabulary.length).toBe(285);
    expect(trained.vocabulary.slice(0, 8)).toEqual(["<s>", "<pad>", "</s>", "<unk>", "<mask>", "!", '"', "#"]);
    expect(trained.vocabulary.slice(261)).toEqual(merges.map((merge) => merge.join("")));
    expect(trainBpe(texts, { vocabSize: 275 }).merges).toEqual(merges.slice(0, 14));
    expect(trainBpe(texts, { minFrequency: 13 }).merges).toEqual(merges.slice(0, 11));
    const spaced = trainBpe(texts, { vocabSize: 400, addPrefixSpace: true }).merges;
    expect(spaced.map((merge) => merge.join(" ")).join()).toBe(
      "l o,Ġ lo,Ġlo w,e s,es t,e w,n ew,Ġ new,Ġnew est,e r,Ġlow er,Ġlow est,Ġnew er,i d,w id,Ġ wid,Ġwid e,Ġwid est",
    );
  });

  it("ends words with a suffix", () => {
    const { joins } = trainPairs(texts, {
      specialTokens: ["<unk>"],
      prefix: "",
      suffix: "</w>",
      vocabSize: 60,
      preTokenizer: new WhitespaceSplit(),
    });
    expect(joins.map((pair) => pair.join(" ")).join()).toBe(
      "l o,w e,lo w</w>,s t</w>,we st</w>,n e,ne west</w>,we r</w>,lo wer</w>,lo west</w>,ne wer</w>,i d,w id,wid e</w>," +
        "e st</w>,wid est</w>",
    );
  });

  it("makes RoBERTa's tokenizer", () => {
    const tokenizer = createRobertaTokenizer(trainBpe(texts, { vocabSize: 400 }));
    expect(tokenizer("lower newest", "é").tokens()).toEqual("<s> lower Ġnewest </s> </s> Ã © </s>".split(" "));
    expect(tokenizer.decode(tokenizer.encode("wide low é 中"), { skipSpecialTokens: true })).toBe("wide low é 中");
    expect(Object.keys(tokenizer("low"))).toEqual(["input_ids", "attention_mask"]);
    expect(() => createRobertaTokenizer(trainBpe(texts, { specialTokens: [] }))).toThrow(/lacks <s>: add it/);
  });

  it("makes a tokenizer that gives back any text", () => {
    const tokenizer = createRobertaTokenizer(trainBpe(texts, { vocabSize: 400 }));
    const parts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("low ", " newest", "  ", "\n", "wid", "é", "\ufeff"),
    );
    fc.assert(
      fc.property(fc.array(parts), (parts) => {
        const text = parts.join("").toWellFormed();
        expect(tokenizer.decode(tokenizer.encode(text, { addSpecialTokens: false }))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});
