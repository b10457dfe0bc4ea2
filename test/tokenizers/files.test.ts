// Folders of tokenizer files: read, written, refused.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileFormatError } from "../../src/support/errors.js";
import { fingerprint } from "../../src/support/symbols.js";
import { AutoTokenizer } from "../../src/tokenizers/index.js";
import { describeShared, sharedPath } from "../shared.js";
import { rust } from "./rust.js";
import { MINILM, minilm, plain } from "./shared-model.js";
import { SMALL_VOCABULARY, small, smallJson } from "./small.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-tokenizer-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const write = (files: Record<string, unknown>) =>
  Promise.all(
    Object.entries(files).map(([name, content]) =>
      writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content)),
    ),
  );
const read = async (name: string) => JSON.parse(await readFile(join(folder, name), "utf8"));

describe("savePretrained", () => {
  it("writes what fromPretrained and Rust read, and leaves nothing else behind", async () => {
    const saved = join(folder, "new", "folder");
    await small().savePretrained(saved);
    expect((await readdir(saved)).sort()).toEqual([
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    const again = await AutoTokenizer.fromPretrained(saved);
    expect(again[fingerprint]()).toBe(small()[fingerprint]());
    expect(again("The foxes", "over")).toEqual(small()("The foxes", "over"));
    expect([again.modelMaxLength, again.modelInputNames, again.maskTokenId]).toEqual([16, small().modelInputNames, 4]);
    const theirs = rust.Tokenizer.fromFile(join(saved, "tokenizer.json"));
    expect((await theirs.encode("The foxes", "over")).getIds()).toEqual(plain(again("The foxes", "over").input_ids));
  });

  it("writes the vocabulary in the order of ids, numbers too", async () => {
    const vocabulary = [...SMALL_VOCABULARY, "7", "10", "2"];
    await write({ "vocab.txt": vocabulary.join("\n") });
    await (await AutoTokenizer.fromPretrained(folder)).savePretrained(folder);
    const text = await readFile(join(folder, "tokenizer.json"), "utf8");
    expect(text.indexOf('"7":')).toBeGreaterThan(text.indexOf('"##é":'));
    expect(text.indexOf('"2":')).toBeGreaterThan(text.indexOf('"10":'));
  });

  it("keeps what the config said and Attune does not use", async () => {
    await write({
      "tokenizer.json": smallJson({
        truncation: { max_length: 9, strategy: "LongestFirst", stride: 0, direction: "Right" },
      }),
      "tokenizer_config.json": {
        tokenizer_class: "BertTokenizer",
        model_max_length: 16,
        never_split: ["x"],
        name_or_path: "y",
      },
    });
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    expect(tokenizer("a ".repeat(12), { verbose: false }).input_ids).toHaveLength(14); // the file's truncation is not ours
    tokenizer.paddingSide = "left";
    await tokenizer.savePretrained(folder);
    expect(await read("tokenizer_config.json")).toMatchObject({
      never_split: ["x"],
      padding_side: "left",
      mask_token: "[MASK]",
    });
    expect(await read("tokenizer_config.json")).not.toHaveProperty("name_or_path");
    expect((await read("tokenizer.json")).truncation).toMatchObject({ max_length: 9 });
    expect((await AutoTokenizer.fromPretrained(folder)).paddingSide).toBe("left");
  });

  it("names the place where it cannot write", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(small().savePretrained(join(folder, "file"))).rejects.toThrow(/file/);
  });
});

describe("fromPretrained", () => {
  it("reads a bare vocab.txt as BERT's", async () => {
    await write({ "vocab.txt": `${SMALL_VOCABULARY.join("\r\n")}\r\n` });
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    expect(tokenizer("The FOX")).toEqual(small()("The FOX"));
    expect(tokenizer.modelMaxLength).toBe(Infinity);
    expect((await AutoTokenizer.fromPretrained(folder, { modelMaxLength: 8 })).modelMaxLength).toBe(8);
    await write({ "tokenizer_config.json": { do_lower_case: false } });
    expect((await AutoTokenizer.fromPretrained(folder)).tokenize("The fox")).toEqual(["[UNK]", "fox"]);
  });

  it("follows the config of BERT's classes where it differs from tokenizer.json, as Python does", async () => {
    await write({
      "tokenizer.json": smallJson(),
      "tokenizer_config.json": { tokenizer_class: "BertTokenizer", do_lower_case: false },
    });
    expect((await AutoTokenizer.fromPretrained(folder)).tokenize("The fox")).toEqual(["[UNK]", "fox"]);
    await write({ "tokenizer_config.json": { tokenizer_class: "PreTrainedTokenizerFast", do_lower_case: false } });
    expect((await AutoTokenizer.fromPretrained(folder)).tokenize("The fox")).toEqual(["the", "fox"]);
  });

  it("looks for added tokens in what that config's normalizer makes", async () => {
    const word = { id: SMALL_VOCABULARY.length, content: "Fox", normalized: true };
    await write({
      "tokenizer.json": smallJson({ added_tokens: [word] }),
      "tokenizer_config.json": { tokenizer_class: "BertTokenizer", do_lower_case: false },
    });
    const cased = await AutoTokenizer.fromPretrained(folder);
    expect(cased.tokenize("a Fox fox")).toEqual(["a", "Fox", "fox"]);
  });

  it("finds special tokens that only the config names, and gives new ones ids of their own", async () => {
    await write({
      "tokenizer.json": smallJson({ added_tokens: [] }),
      "tokenizer_config.json": {
        mask_token: { content: "[MASK]", lstrip: true, __type: "AddedToken" },
        model_max_length: 1e30,
      },
      "special_tokens_map.json": { additional_special_tokens: ["<user>", "fox"] },
    });
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    expect(tokenizer.convertIdsToTokens(tokenizer.encode("a[MASK]<user>fox"))).toEqual([
      "[CLS]",
      "a",
      "[MASK]",
      "<user>",
      "fox",
      "[SEP]",
    ]);
    expect(tokenizer.length).toBe(SMALL_VOCABULARY.length + 1);
    expect(tokenizer.vocabSize).toBe(SMALL_VOCABULARY.length);
    expect(tokenizer.decode(tokenizer.encode("a <user> b"), { skipSpecialTokens: true })).toBe("a b");
    expect(tokenizer.modelMaxLength).toBe(Infinity);
  });

  it("knows which models take no token types", async () => {
    await write({ "tokenizer.json": smallJson(), "tokenizer_config.json": { tokenizer_class: "DistilBertTokenizer" } });
    expect(Object.keys((await AutoTokenizer.fromPretrained(folder))("a"))).toEqual(["input_ids", "attention_mask"]);
    await write({ "tokenizer_config.json": { model_input_names: ["input_ids"] } });
    expect(Object.keys((await AutoTokenizer.fromPretrained(folder))("a"))).toEqual(["input_ids"]);
  });

  it("takes what the model has positions for as its maximum, where no other is stated", async () => {
    const maximum = async (config: object) => {
      await write({ "tokenizer.json": smallJson(), "config.json": config });
      return (await AutoTokenizer.fromPretrained(folder)).modelMaxLength;
    };
    expect(await maximum({ model_type: "bert", max_position_embeddings: 12 })).toBe(12);
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    expect(tokenizer("a ".repeat(20), { truncation: true }).input_ids).toHaveLength(12);
    // RoBERTa counts from behind its padding token's id, so that it takes two tokens less than its table has rows
    expect(await maximum({ model_type: "roberta", max_position_embeddings: 514, pad_token_id: 1 })).toBe(512);
    expect(await maximum({ model_type: "mpnet", max_position_embeddings: 514 })).toBe(512);
    expect(await maximum({ model_type: "t5" })).toBe(Infinity);
    await write({ "tokenizer_config.json": { model_max_length: 8 } });
    expect(await maximum({ model_type: "bert", max_position_embeddings: 12 })).toBe(8);
  });

  it("finds tokens that were added to a bare vocabulary, at their ids", async () => {
    const { length } = SMALL_VOCABULARY;
    await write({
      "vocab.txt": SMALL_VOCABULARY.join("\n"),
      "added_tokens.json": { "<newer>": length + 1, "<new>": length, fox: SMALL_VOCABULARY.indexOf("fox") },
      "special_tokens_map.json": { additional_special_tokens: [{ content: "<newer>", lstrip: true }] },
    });
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    expect(tokenizer("<newer>a  <newer>", { returnOffsetsMapping: true }).offset_mapping[3]).toEqual([8, 17]);
    expect(tokenizer("a<NEW>fox<newer>b").tokens()).toEqual("[CLS] a <new> fox <newer> b [SEP]".split(" "));
    expect(tokenizer.convertTokensToIds(["<new>", "<newer>"])).toEqual([length, length + 1]);
    expect(tokenizer.decode([length, length + 1], { skipSpecialTokens: true })).toBe("<new>");
    await write({ "added_tokens.json": { "<new>": 7 } });
    await expect(AutoTokenizer.fromPretrained(folder)).rejects.toThrow(
      new RegExp(`added_tokens.json: "<new>" has the id 7, and the vocabulary would give it ${length}`),
    );
  });

  it("names a folder that is not there", async () => {
    await expect(AutoTokenizer.fromPretrained(join(folder, "nowhere"))).rejects.toThrow(
      /there is no folder ".*nowhere" with tokenizer.json or vocab.txt/,
    );
  });

  it.each([
    ["a file", { f: "" }, "f", /is a file, not a folder/],
    ["an empty folder", {}, "", /neither tokenizer.json nor vocab.txt, .*it has nothing/],
    ["other files", { "config.json": {} }, "", /it has config.json/],
    ["damaged JSON", { "tokenizer.json": "{" }, "", /tokenizer.json is not valid JSON/],
    ["JSON of another kind", { "tokenizer.json": "[1]" }, "", /tokenizer.json is \[1\]; an object is needed/],
    [
      "a stage that is not known",
      { "tokenizer.json": smallJson({ normalizer: { type: "Odd" } }) },
      "",
      /tokenizer.json: normalizer is of type "Odd"/,
    ],
    [
      "a side that is none",
      { "tokenizer.json": smallJson(), "tokenizer_config.json": { padding_side: "up" } },
      "",
      /padding_side is "up"/,
    ],
  ])("refuses %s", async (_, files, path, message) => {
    await write(files);
    const loaded = AutoTokenizer.fromPretrained(join(folder, path));
    await expect(loaded).rejects.toThrow(message);
    await expect(loaded).rejects.toThrow(FileFormatError);
  });

  it("refuses a tokenizer.json that is a folder", async () => {
    await mkdir(join(folder, "tokenizer.json"));
    await expect(AutoTokenizer.fromPretrained(folder)).rejects.toThrow(/tokenizer.json cannot be read/);
  });
});

describeShared("all-MiniLM-L6-v2's vocab.txt", () => {
  it("makes the tokenizer that its tokenizer.json makes", async () => {
    const config = JSON.parse(await readFile(sharedPath(`${MINILM}/tokenizer_config.json`), "utf8"));
    await write({
      "vocab.txt": await readFile(sharedPath(`${MINILM}/vocab.txt`), "utf8"),
      "tokenizer_config.json": config,
    });
    const [ours, theirs] = [await AutoTokenizer.fromPretrained(folder), await minilm()];
    const text = "Héllo [MASK] wörld — 中文 unbelievably 😀";
    expect(ours(text, "pair")).toEqual(theirs(text, "pair"));
    expect([ours.length, ours.modelMaxLength]).toEqual([30522, 512]);
  });
});
