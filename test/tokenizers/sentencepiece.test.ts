// SentencePiece models, and vocabularies with merges, of every family, beside transformers (sentencepiece/make.py).
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileFormatError } from "../../src/support/errors.js";
import { readSentencePieceModel } from "../../src/tokenizers/files/sentencepiece-model.js";
import { AutoTokenizer } from "../../src/tokenizers/index.js";

const here = fileURLToPath(new URL("sentencepiece/", import.meta.url));

interface Case {
  files: Record<string, string>;
  config: object;
  inputs: string[];
  texts: { text: string; ids: number[]; offsets: number[][]; tokens: string[]; decoded: string }[];
  pair: number[];
}
const cases = JSON.parse(await readFile(join(here, "cases.json"), "utf8")) as Record<string, Case>;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-sentencepiece-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, { files, config }: Pick<Case, "files" | "config">): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  for (const [target, source] of Object.entries(files)) await copyFile(join(here, source), join(path, target));
  await writeFile(join(path, "tokenizer_config.json"), JSON.stringify(config));
  return path;
}

/** Python counts offsets in code points; ours are UTF-16 units. */
function toUnits(text: string, offsets: number[][]): number[][] {
  const units = [0];
  for (const character of text) units.push(units[units.length - 1] + character.length);
  return offsets.map((span) => span.map((position) => units[position]));
}

describe.each(Object.entries(cases))("%s", (name, one) => {
  it("has transformers' tokens, ids, offsets and text", async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(await write(name, one));
    for (const { text, ids, offsets, tokens, decoded } of one.texts) {
      const encoding = tokenizer(text, { returnOffsetsMapping: true });
      expect({ text, tokens: encoding.tokens() }).toEqual({ text, tokens });
      expect(Array.from(encoding.input_ids)).toEqual(ids);
      expect(Array.from(tokenizer(text).input_ids)).toEqual(ids); // the way that does not trace
      expect({ text, offsets: encoding.offset_mapping }).toEqual({ text, offsets: toUnits(text, offsets) });
      expect({ text, decoded: tokenizer.decode(ids, { skipSpecialTokens: true }) }).toEqual({ text, decoded });
    }
    expect(Array.from(tokenizer("the fox", "lazy dogs").input_ids)).toEqual(one.pair);
    expect([...tokenizer.modelInputNames].sort()).toEqual([...one.inputs].sort());
  });

  it("is the same once it was saved as tokenizer.json", async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(await write(name, one));
    await tokenizer.savePretrained(join(folder, `${name}-saved`));
    const again = await AutoTokenizer.fromPretrained(join(folder, `${name}-saved`));
    for (const { text, ids } of one.texts) expect(Array.from(again(text).input_ids)).toEqual(ids);
  });
});

describe("a folder without tokenizer.json", () => {
  it("takes a model that no family claims as SentencePiece would", async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(
      await write("plain", { files: { "tokenizer.model": "unigram.model" }, config: {} }),
    );
    expect(tokenizer("  the   quick fox ").tokens()).toEqual(["▁the", "▁quick", "▁fox"]);
  });

  it("takes a vocabulary with merges that names no class for RoBERTa's, if it has its tokens", async () => {
    const files = { "vocab.json": "vocab.json", "merges.txt": "merges.txt" };
    const tokenizer = await AutoTokenizer.fromPretrained(await write("bare", { files, config: {} }));
    expect(tokenizer("the fox").tokens()).toEqual(["<s>", "the", "Ġfox", "</s>"]);
    expect([tokenizer.padToken, tokenizer.maskTokenId]).toEqual(["<pad>", 4]);
  });

  it.each<[string, (bytes: Buffer) => Uint8Array, RegExp]>([
    ["cut off", (bytes) => bytes.subarray(0, 500), /a field at byte \d+ runs over its end/],
    ["empty", () => new Uint8Array(), /it has no pieces/],
    ["other bytes", () => Buffer.from("not a protocol buffer"), /is no SentencePiece model, or is damaged/],
  ])("refuses a model that is %s", async (_, change, message) => {
    const path = await write("damaged", { files: {}, config: {} });
    await writeFile(join(path, "spiece.model"), change(await readFile(join(here, "unigram.model"))));
    await expect(AutoTokenizer.fromPretrained(path)).rejects.toThrow(message);
    await expect(AutoTokenizer.fromPretrained(path)).rejects.toThrow(FileFormatError);
  });

  it("refuses merges that are none", async () => {
    const path = await write("merges", { files: { "vocab.json": "vocab.json" }, config: {} });
    await writeFile(join(path, "merges.txt"), "#version: 0.2\nt h\nthree are too many\n");
    await expect(AutoTokenizer.fromPretrained(path)).rejects.toThrow(/merges.txt: line 3 is "three are too many"/);
  });

  it("ends at any cut of a model file, with a named error or a model", async () => {
    const bytes = await readFile(join(here, "unigram.model"));
    for (let length = 0; length < bytes.length; length += 7) {
      try {
        readSentencePieceModel(bytes.subarray(0, length), "cut.model");
      } catch (error) {
        expect(error).toBeInstanceOf(FileFormatError);
      }
    }
  });
});
