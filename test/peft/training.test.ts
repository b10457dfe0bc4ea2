// The Trainer on a model with an adapter: what it writes, and that a run goes on from there to the same bits.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { AutoModelForSequenceClassification } from "../../src/models/index.js";
import { getPeftModel, PeftModel } from "../../src/peft/index.js";
import { pipeline } from "../../src/pipelines/index.js";
import { manualSeed } from "../../src/tensor/index.js";
import { Trainer, type TrainingOptions } from "../../src/trainer/index.js";
import { sentences, temporaryFolder, tinyModel, tokenized, tokenizer } from "../trainer/tiny.js";

const folder = temporaryFolder("peft-training");
const data = tokenized(64);
const options: TrainingOptions = {
  perDeviceTrainBatchSize: 8,
  perDeviceEvalBatchSize: 32,
  learningRate: 1e-2,
  numTrainEpochs: 8,
  saveStrategy: "epoch",
  evalStrategy: "epoch",
  disableTqdm: true,
};

const base = join(folder, "base");
await tinyModel().savePretrained(base);
await tokenizer.savePretrained(base);

async function trainer(outputDir: string, more: TrainingOptions = {}): Promise<Trainer> {
  const model = await AutoModelForSequenceClassification.fromPretrained(base);
  manualSeed(3);
  const peft = getPeftModel(model, { r: 8, loraAlpha: 16, loraDropout: 0.1, targetModules: "all-linear" });
  const args = { ...options, ...more, outputDir };
  return new Trainer({ model: peft, args, trainDataset: data, evalDataset: data, processingClass: tokenizer });
}

const weights = async (model: Trainer["model"]) => Promise.all(model.parameters().map((parameter) => parameter.data()));

it("writes adapters, which learn, and takes back the best", async () => {
  const output = join(folder, "whole");
  const whole = await trainer(output, { loadBestModelAtEnd: true });
  await whole.train();
  const losses = whole.state.logHistory.flatMap((row) => row.eval_loss ?? []);
  expect(losses).toHaveLength(8);
  expect(losses[7]).toBeLessThan(losses[0] / 2);
  for (const place of [output, join(output, "checkpoint-64")]) {
    expect(readdirSync(place)).toEqual(expect.arrayContaining(["adapter_config.json", "adapter_model.safetensors"]));
    expect(existsSync(join(place, "model.safetensors"))).toBe(false);
  }
  expect(JSON.parse(readFileSync(join(output, "adapter_config.json"), "utf8")).base_model_name_or_path).toBe(base);
  const { eval_loss: best } = await whole.evaluate();
  expect(best).toBe(Math.min(...losses));
  expect(readFileSync(join(output, "README.md"), "utf8")).toContain("library_name: peft");
});

it("is used from its folder, and merged into an ordinary model", async () => {
  const output = join(folder, "whole");
  const classify = await pipeline("text-classification", output);
  const texts = sentences(64).map(({ text }) => text);
  const found = await classify(texts);
  const right = sentences(64).filter(({ label }, i) => found[i].label === (label === 1 ? "bad" : "fine")).length;
  expect(right).toBeGreaterThan(56);
  const model = await AutoModelForSequenceClassification.fromPretrained(output);
  const merged = PeftModel.of(model)?.mergeAndUnload();
  const again = await (await pipeline("text-classification", merged as typeof model, { tokenizer }))(texts);
  again.forEach(({ label, score }, i) => {
    expect(label).toBe(found[i].label);
    expect(Math.abs(score - found[i].score)).toBeLessThan(1e-5);
  });
});

it("resumed and uninterrupted runs end with equal weights", async () => {
  const first = await trainer(join(folder, "a"), { numTrainEpochs: 2 });
  await first.train();
  const half = await trainer(join(folder, "b"), { numTrainEpochs: 2 });
  const stop = new AbortController();
  half.addCallback({
    onStepEnd: ({ state }) => {
      if (state.globalStep === 9) stop.abort();
    },
  });
  await half.train({ signal: stop.signal });
  expect(half.state.globalStep).toBe(9);
  const rest = await trainer(join(folder, "b"), { numTrainEpochs: 2 });
  await rest.train({ resumeFromCheckpoint: true });
  expect(await weights(rest.model)).toEqual(await weights(first.model));
});
