// attune merge: an adapter's folder becomes an ordinary model's, which answers the same.
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { FewShotClassifier, fitLogisticRegression, SentenceTransformer } from "../../src/embeddings/index.js";
import { AutoModelForSequenceClassification } from "../../src/models/index.js";
import { getPeftModel } from "../../src/peft/index.js";
import { pipeline } from "../../src/pipelines/index.js";
import { sentences, temporaryFolder, tokenizer } from "../trainer/tiny.js";
import { attune, writeCheckpoint } from "./run.js";

const folder = temporaryFolder("cli-merge");
const base = join(folder, "base");
const adapter = join(folder, "adapter");
const texts = sentences(24).map(({ text }) => text);

beforeAll(async () => {
  await writeCheckpoint(base);
  const model = await AutoModelForSequenceClassification.fromPretrained(base);
  const peft = getPeftModel(model, { r: 2, loraAlpha: 16, initLoraWeights: false });
  await peft.savePretrained(adapter);
  await tokenizer.savePretrained(adapter);
});

/** Both folders answer the same: to the rounding of one addition to weights of order 0.1. */
async function expectSameAnswers(merged: string, reference: string): Promise<void> {
  const ask = async (model: string) => (await pipeline("text-classification", model))(texts, { topK: null });
  const [found, wanted] = [await ask(merged), await ask(reference)];
  for (const [i, labels] of wanted.entries()) {
    for (const { label, score } of labels) {
      const own = found[i].find((one) => one.label === label)?.score ?? Number.NaN;
      expect(Math.abs(own - score), `${texts[i]}: ${label} ${own}, not ${score}`).toBeLessThan(1e-5);
    }
  }
}

describe("attune merge", () => {
  it("writes a model with its tokenizer, over what was there", async () => {
    const output = join(folder, "merged");
    for (let i = 0; i < 2; i++) {
      const { status, stdout, stderr } = await attune(["merge", "--model", adapter, "--output", output]);
      expect(status, stderr).toBe(0);
      expect(stdout).toContain(`The merged model is in ${output}`);
    }
    expect(readdirSync(output)).toEqual(expect.arrayContaining(["config.json", "model.safetensors", "tokenizer.json"]));
    expect(existsSync(join(output, "adapter_config.json"))).toBe(false);
    await expectSameAnswers(output, adapter);
  });

  it("takes what Python's peft writes, which is the adapter alone, and another place of its model", async () => {
    const [bare, moved, output] = ["bare", "moved", "of-bare"].map((name) => join(folder, name));
    cpSync(adapter, bare, { recursive: true });
    for (const name of readdirSync(bare)) if (!name.startsWith("adapter_")) rmSync(join(bare, name));
    cpSync(base, moved, { recursive: true });
    const { status, stderr } = await attune(["merge", "--model", bare, "--base", moved, "--output", output]);
    expect(status, stderr).toBe(0);
    expect(existsSync(join(output, "tokenizer.json"))).toBe(true);
    const ask = async (model: string) =>
      (await (await pipeline("text-classification", model))(texts)).map(({ score }) => score);
    const [found, wanted] = [await ask(output), await ask(adapter)];
    for (const [i, score] of wanted.entries()) expect(Math.abs(found[i] - score)).toBeLessThan(1e-5);
  });

  it("keeps a few-shot classifier's head", async () => {
    const model = await SentenceTransformer.fromPretrained(base);
    getPeftModel(model.encoder, { r: 2, loraAlpha: 16, initLoraWeights: false });
    const rows = await model.encode(texts);
    const head = fitLogisticRegression(
      rows,
      sentences(24).map(({ label }) => label),
      2,
    );
    const [own, output] = [join(folder, "few"), join(folder, "few-merged")];
    await new FewShotClassifier(model, ["fine", "bad"], head).savePretrained(own);
    const { status, stderr } = await attune(["merge", "--model", own, "--output", output]);
    expect(status, stderr).toBe(0);
    expect(existsSync(join(output, "modules.json"))).toBe(true);
    await expectSameAnswers(output, own);
  });

  it("says what it cannot do", async () => {
    const whole = await attune(["merge", "--model", base, "--output", join(folder, "none")]);
    expect(whole.stderr).toContain("is no adapter");
    expect(existsSync(join(folder, "none"))).toBe(false);
    const same = await attune(["merge", "--model", adapter, "--output", `${adapter}/`]);
    expect(same.stderr).toContain("is the adapter's own folder");
  });
});
