// Embeddings against transformers and torch (python.py): sentence-transformers' formula, its losses with their gradients, its
// folder; and logistic regression against scikit-learn's.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Dataset } from "../../src/datasets/index.js";
import {
  CosineSimilarityLoss,
  cosine,
  evaluateRetrieval,
  evaluateSimilarity,
  fitLogisticRegression,
  MultipleNegativesRankingLoss,
  nearestTo,
  SentenceTransformer,
  scoresOf,
  similarity,
} from "../../src/embeddings/index.js";
import { getPeftModel } from "../../src/peft/index.js";
import { Trainer } from "../../src/trainer/index.js";
import { describeShared, sharedPath } from "../shared.js";
import { temporaryFolder } from "../trainer/tiny.js";

const reference = JSON.parse(readFileSync(new URL("embeddings.json", import.meta.url), "utf8"));
const tiny = fileURLToPath(new URL("../pipelines/fixtures/words", import.meta.url));
const rows = reference.columns.anchor.map((anchor: string, i: number) => ({
  anchor,
  positive: reference.columns.positive[i],
  negative: reference.columns.negative[i],
  sentence1: anchor,
  sentence2: reference.columns.positive[i],
  score: reference.columns.score[i],
}));

function expectClose(found: ArrayLike<number>, wanted: readonly number[], tolerance: number, what: string): void {
  expect(found.length, what).toBe(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs(found[i] - value), `${what} ${i}: ${found[i]}, not ${value}`).toBeLessThan(tolerance);
  });
}

/** A folder of the tiny encoder, with the files of its pooling as somebody wrote them. */
function sentenceFolder(pooling: object, more: Readonly<Record<string, unknown>> = {}): string {
  const folder = temporaryFolder("sentence-folder");
  cpSync(tiny, folder, { recursive: true });
  const type = "sentence_transformers.sentence_transformer.modules.pooling.Pooling";
  const modules = [
    { idx: 0, name: "0", path: "", type: "sentence_transformers.base.modules.transformer.Transformer" },
    { idx: 1, name: "1", path: "1_Pooling", type },
  ];
  mkdirSync(join(folder, "1_Pooling"));
  const files = { "modules.json": modules, "1_Pooling/config.json": pooling, ...more };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content));
  return folder;
}

describe("a folder of sentence-transformers", () => {
  it("is read as its version 6 writes it, prompts among it", async () => {
    const folder = sentenceFolder(
      { embedding_dimension: 16, pooling_mode: "cls", include_prompt: true },
      {
        "config_sentence_transformers.json": { prompts: { query: "who is ", document: "" }, default_prompt_name: null },
      },
    );
    const model = await SentenceTransformer.fromPretrained(folder);
    expect(model.settings.pooling).toBe("cls");
    const asked = await model.encode("Ada", { promptName: "query" });
    expect(asked).toEqual(await model.encode("who is Ada"));
    expect(asked).toEqual(await model.encode("Ada", { prompt: "who is " }));
    expect(await model.encode("Ada")).not.toEqual(asked);
    await expect(model.encode("Ada", { promptName: "passage" })).rejects.toThrow(
      /no prompt called "passage"; there are query, document/,
    );
    const own = await SentenceTransformer.fromPretrained(folder, { defaultPromptName: "query" });
    expect(await own.encode("Ada")).toEqual(asked);
  });

  it("with a pooling that is not supported is refused", async () => {
    const wrong = sentenceFolder({ pooling_mode: ["mean", "max"] });
    await expect(SentenceTransformer.fromPretrained(wrong)).rejects.toThrow("pooling by mean and max is not supported");
    const older = sentenceFolder({ pooling_mode_mean_tokens: true, pooling_mode_lasttoken: true });
    await expect(SentenceTransformer.fromPretrained(older)).rejects.toThrow(/pooling_mode_lasttoken is not supported/);
    const damaged = sentenceFolder([]);
    await expect(SentenceTransformer.fromPretrained(damaged)).rejects.toThrow(/does not hold a JSON object/);
  });
});

describeShared("all-MiniLM-L6-v2", () => {
  it("embeds as sentence-transformers does", async () => {
    const model = await SentenceTransformer.fromPretrained(
      sharedPath("hub/models/sentence-transformers/all-MiniLM-L6-v2"),
    );
    const found = await model.encode(reference.texts as string[], { normalizeEmbeddings: true, batchSize: 3 });
    for (const [i, row] of found.entries()) expectClose(row, reference.embeddings[i], 5e-6, `text ${i}, column`);
    for (const [i, row] of similarity(found, found).entries()) {
      expectClose(row, reference.similarity[i], 5e-6, `cosines of ${i}`);
    }
    expectClose(await model.encode(reference.texts[3]), await plainMean(model, reference.texts[3]), 1e-6, "alone");
    expect(nearestTo(found[0], found.slice(1), 1)).toMatchObject([{ index: 0 }]);
  });
});

/** The embedding without normalization is a multiple of that with it. */
async function plainMean(model: SentenceTransformer, text: string): Promise<number[]> {
  const unit = await model.encode(text, { normalizeEmbeddings: true });
  const plain = await model.encode(text, { normalizeEmbeddings: false });
  const length = Math.hypot(...plain);
  return Array.from(unit, (value) => value * length);
}

describe("losses", () => {
  it.each([
    ["ranking", []],
    ["hard", ["negative"]],
  ])("of %s pairs are torch's, with their gradients", async (name, negatives) => {
    const model = await SentenceTransformer.fromPretrained(tiny);
    const loss = new MultipleNegativesRankingLoss(model, { negatives });
    await check(loss, model, reference[name]);
  });

  it("of cosines are torch's, with their gradients", async () => {
    const model = await SentenceTransformer.fromPretrained(tiny);
    await check(new CosineSimilarityLoss(model), model, reference.cosine);
  });

  async function check(
    loss: MultipleNegativesRankingLoss | CosineSimilarityLoss,
    model: SentenceTransformer,
    wanted: { loss: number; scores: number[] | number[][]; gradients: Record<string, number> },
  ) {
    const output = loss.forward(loss.collator.collate(rows, {}));
    expectClose(await output.logits.data(), wanted.scores.flat(), 1e-4, "score");
    expect(Math.abs((await output.loss.item()) - wanted.loss)).toBeLessThan(1e-4);
    output.loss.backward();
    for (const [name, norm] of Object.entries(wanted.gradients)) {
      const values = await model.encoder.parameter(name).grad?.data();
      const found = Math.hypot(...Array.from(values ?? []));
      expect(Math.abs(found - norm) / Math.max(norm, 1e-3), `${name}: ${found}, not ${norm}`).toBeLessThan(1e-3);
    }
  }

  it("teach a model through the Trainer, and it is saved as sentence-transformers saves it", async () => {
    const model = await SentenceTransformer.fromPretrained(tiny, { normalize: true });
    const loss = new MultipleNegativesRankingLoss(model, { negatives: ["negative"] });
    const outputDir = join(temporaryFolder("embeddings"), "run");
    const dataset = Dataset.fromRows(rows as Record<string, unknown>[]);
    const asked = { queries: reference.columns.anchor as string[], answers: reference.columns.positive as string[] };
    const trainer = new Trainer({
      model: loss,
      args: { outputDir, numTrainEpochs: 60, perDeviceTrainBatchSize: 3, learningRate: 5e-3, disableTqdm: true },
      trainDataset: dataset,
      evalDataset: dataset,
      dataCollator: loss.collator,
    });
    const { eval_loss: before } = await trainer.evaluate();
    await trainer.train();
    const { eval_loss: after } = await trainer.evaluate();
    expect(after).toBeLessThan(0.7 * before);
    const found = await evaluateRetrieval(model, asked);
    expect(found["cosine_accuracy@3"]).toBe(1); // there are three
    expect(found["cosine_mrr@10"]).toBeGreaterThan(0.5);
    const modules = JSON.parse(readFileSync(join(outputDir, "modules.json"), "utf8"));
    expect(modules.map(({ type }: { type: string }) => type.split(".").at(-1))).toEqual([
      "Transformer",
      "Pooling",
      "Normalize",
    ]);
    const again = await SentenceTransformer.fromPretrained(outputDir);
    expect(again.settings).toEqual(model.settings);
    expect(await again.encode("Paris")).toEqual(await model.encode("Paris"));
    const { spearman_cosine: order } = await evaluateSimilarity(model, {
      first: reference.columns.anchor,
      second: reference.columns.positive,
      scores: reference.columns.score,
    });
    expect(Math.abs(order)).toBeLessThanOrEqual(1);
    writeFileSync(
      join(outputDir, "modules.json"),
      JSON.stringify([...modules, { type: "sentence_transformers.models.Dense" }]),
    );
    await expect(SentenceTransformer.fromPretrained(outputDir)).rejects.toThrow("the module Dense is not supported");
  });

  it("go on from a checkpoint, and end with the best", async () => {
    const outputDir = join(temporaryFolder("embeddings"), "run");
    const dataset = Dataset.fromRows(rows as Record<string, unknown>[]).selectColumns(["anchor", "positive"]);
    const train = async (numTrainEpochs: number, resumeFromCheckpoint?: boolean) => {
      const model = await SentenceTransformer.fromPretrained(tiny);
      const loss = new MultipleNegativesRankingLoss(model);
      const best = { evalStrategy: "epoch", saveStrategy: "epoch", loadBestModelAtEnd: true } as const;
      const trainer = new Trainer({
        model: loss,
        args: { outputDir, numTrainEpochs, perDeviceTrainBatchSize: 3, learningRate: 5e-3, disableTqdm: true, ...best },
        trainDataset: dataset,
        evalDataset: dataset,
        dataCollator: loss.collator,
      });
      await trainer.train({ resumeFromCheckpoint });
      return { trainer, model };
    };
    await train(2);
    const { trainer, model } = await train(4, true);
    expect(trainer.state.globalStep).toBe(4);
    expect(trainer.state.logHistory.filter(({ eval_loss: value }) => value !== undefined)).toHaveLength(4);
    const again = await SentenceTransformer.fromPretrained(trainer.state.bestModelCheckpoint ?? "");
    expect(await again.encode("Paris")).toEqual(await model.encode("Paris"));
  });

  it("train an adapter of the encoder, in the folder of sentence-transformers", async () => {
    const model = await SentenceTransformer.fromPretrained(tiny);
    const adapter = getPeftModel(model.encoder, { r: 2, initLoraWeights: false });
    const outputDir = join(temporaryFolder("embeddings"), "run");
    const loss = new MultipleNegativesRankingLoss(model);
    const trainer = new Trainer({
      model: loss,
      args: { outputDir, numTrainEpochs: 2, learningRate: 5e-3, disableTqdm: true, saveStrategy: "epoch" },
      trainDataset: Dataset.fromRows(rows as Record<string, unknown>[]).selectColumns(["anchor", "positive"]),
      dataCollator: loss.collator,
    });
    await trainer.train();
    const files = readdirSync(outputDir);
    expect(files).toEqual(expect.arrayContaining(["adapter_model.safetensors", "modules.json"]));
    expect(files).not.toContain("model.safetensors");
    const again = await SentenceTransformer.fromPretrained(outputDir);
    expect(await again.encode("Paris")).toEqual(await model.encode("Paris"));
    const without = await adapter.disableAdapter(() => model.encode("Paris"));
    expect(without).not.toEqual(await model.encode("Paris"));
    const untouched = await SentenceTransformer.fromPretrained(tiny);
    expect(await untouched.encode("Paris")).toEqual(without);
  });

  it("say what is missing", async () => {
    const model = await SentenceTransformer.fromPretrained(tiny);
    expect(() => new MultipleNegativesRankingLoss(model).collator.collate([{ anchor: "a" }], {})).toThrow(
      /"positive" of row 0/,
    );
    expect(() => new MultipleNegativesRankingLoss(model, { scale: 0 })).toThrow("scale is 0");
    expect(() => cosine([1], [1, 2])).toThrow("of 1 and 2 columns");
    await expect(SentenceTransformer.fromPretrained(tiny, { pooling: "last" as never })).rejects.toThrow(
      'pooling "last"',
    );
    await expect(evaluateRetrieval(model, { queries: ["a"], answers: [] })).rejects.toThrow("1 queries and 0 answers");
  });
});

describe("logistic regression", () => {
  it("has scikit-learn's probabilities", () => {
    const { features, labels, probabilities, two } = reference.regression;
    const isOne = labels.map((label: number) => Number(label === 1));
    for (const [model, wanted] of [
      [fitLogisticRegression(features, labels, 3), probabilities],
      [fitLogisticRegression(features, isOne, 2, { C: 0.3 }), two],
    ]) {
      features.forEach((row: number[], i: number) => {
        const powers = scoresOf(model, row).map(Math.exp);
        const total = powers.reduce((sum, power) => sum + power, 0);
        expectClose(
          powers.map((power) => power / total),
          wanted[i],
          1e-5,
          `row ${i}, class`,
        );
      });
    }
    expect(() => fitLogisticRegression([[1], [2]], [0, 0], 2)).toThrow("class 1 of 2 has no row");
  });
});
