// What ships in assets/ is what the scripts make: the same bytes for the sample and the vocabulary, a model that loads.
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { documents, pretrainingText, sampleSplits } from "../../scripts/embedded/corpus.js";
import { pretrain, trainTokenizer } from "../../scripts/embedded/pretrain.js";
import { writeSample } from "../../scripts/embedded/sample.js";
import { loadDataset } from "../../src/datasets/index.js";
import { AutoModelForMaskedLM } from "../../src/models/index.js";
import { noGrad, type Tensor } from "../../src/tensor/index.js";
import { AutoTokenizer } from "../../src/tokenizers/index.js";

const assets = fileURLToPath(new URL("../../assets/", import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-embedded-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function expectSameFiles(made: string, shipped: string): Promise<void> {
  for (const name of await readdir(made)) {
    expect((await readFile(join(made, name))).equals(await readFile(join(shipped, name))), name).toBe(true);
  }
}

describe("assets/sample", () => {
  test("is what the scripts write, byte for byte", async () => {
    await writeSample(folder, sampleSplits());
    await expectSameFiles(folder, join(assets, "sample"));
  });

  test("is read by loadDataset, with the names of its labels", async () => {
    const raw = await loadDataset(join(assets, "sample"));
    const { train, validation } = sampleSplits();
    expect(raw.train.columnNames).toEqual(["sentence1", "sentence2", "label", "idx"]);
    expect([raw.train.length, raw.validation.length]).toEqual([train.length, validation.length]);
    expect(JSON.parse(JSON.stringify(raw.train.features.label))).toEqual({
      names: ["not_equivalent", "equivalent"],
      _type: "ClassLabel",
    });
    expect(raw.train.at(7)).toEqual({
      sentence1: train[7].sentences[0],
      sentence2: train[7].sentences[1],
      label: Number(train[7].equivalent),
      idx: 7,
    });
  });
});

describe("assets/model", () => {
  test("is smaller than 3 MB, all files together", async () => {
    const names = await readdir(join(assets, "model"));
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(assets, "model", name))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(3_000_000);
  });

  test("has the tokenizer that the scripts train, byte for byte", async () => {
    const made = join(folder, "tokenizer");
    await trainTokenizer(pretrainingText()).savePretrained(made);
    await expectSameFiles(made, join(assets, "model"));
  });

  test("names a hidden word by the sentence that says the same", async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(join(assets, "model"));
    const model = await AutoModelForMaskedLM.fromPretrained(join(assets, "model"));
    const guess = async (first: string, second: string): Promise<string> => {
      const inputs = tokenizer([first], [second], { returnTensors: true });
      const position = Array.from(inputs.input_ids.host ?? []).indexOf(tokenizer.maskTokenId ?? -1);
      const { logits } = noGrad(() => model.forward({ ...inputs }) as { logits: Tensor });
      const vocabulary = logits.shape[2];
      const scores = (await logits.data()).subarray(position * vocabulary, (position + 1) * vocabulary);
      return tokenizer.convertIdsToTokens(scores.indexOf(Math.max(...scores)));
    };
    const subjects = { doctor: "physician", lawyer: "attorney", painter: "artist", pupil: "student" };
    let known = 0;
    for (const [word, synonym] of Object.entries(subjects)) {
      const found = await guess(`The ${word} repaired the lamp.`, "The lamp was fixed by the [MASK].");
      if (found === word || found === synonym) known++;
    }
    expect(known).toBeGreaterThanOrEqual(3); // by chance, one of 32 nouns: 0.25
  });

  test("is made by deterministic steps: the same documents give the same bits", async () => {
    const text = documents(96, 11, []);
    const tokenizer = trainTokenizer(text);
    const weights = async (): Promise<number[][]> => {
      const model = await pretrain(text, tokenizer);
      return Promise.all(Array.from(model.parameters(), async (parameter) => [...(await parameter.data())]));
    };
    expect(await weights()).toEqual(await weights());
  });
});
