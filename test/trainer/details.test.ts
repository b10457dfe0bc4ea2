// What evaluations show beyond their figures: counted as PyTorch and NumPy count, with the texts of the rows, within bounds.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Dataset } from "../../src/datasets/index.js";
import { accuracy } from "../../src/metrics/index.js";
import { Inside, Run } from "../../src/runs/index.js";
import { type Tensor, tensor } from "../../src/tensor/index.js";
import { DetailsCollector } from "../../src/trainer/details/collector.js";
import { forgetDetails, storeDetails } from "../../src/trainer/details/store.js";
import type { EvaluationDetails } from "../../src/trainer/details/types.js";
import { Trainer } from "../../src/trainer/index.js";
import { sentences, temporaryFolder, tinyModel, tokenized, tokenizer } from "./tiny.js";

interface Described {
  logits: unknown[];
  labels: unknown[];
  confusion: number[][];
  calibration: { count: number; confidence: number; accuracy: number }[];
  error: number;
  losses: unknown[];
}

const python = JSON.parse(readFileSync(new URL("details.json", import.meta.url), "utf8")) as {
  classes: Described;
  tokens: Described;
};
const folder = temporaryFolder("details");
const numbers = (nested: readonly unknown[]) => nested.flat(Infinity as 1) as unknown as number[];
const floats = (nested: readonly unknown[], shape: number[]) => tensor(Float32Array.from(numbers(nested)), { shape });
const ints = (nested: readonly unknown[], shape: number[]) => tensor(Int32Array.from(numbers(nested)), { shape });
const place = { prefix: "eval", step: 7, epoch: 0.5 };

/** Collects batches of `size` rows. */
async function collect(
  logits: (from: number, to: number) => Tensor,
  labels: (from: number, to: number) => Tensor,
  rows: number,
  model = tinyModel({ num_labels: 3 }),
): Promise<EvaluationDetails | undefined> {
  const collector = new DetailsCollector(model);
  const size = 7;
  for (let from = 0; from < rows; from += size) {
    const to = Math.min(rows, from + size);
    const [scores, batch] = [logits(from, to), { labels: labels(from, to) }];
    await collector.add({ logits: scores, loss: scores }, batch);
  }
  return collector.finish(Dataset.fromRows([{ text: "a" }]), undefined, place);
}

/** Numbers that float32 sums and exponentials have rounded. */
function close(found: number, expected: number): void {
  expect(Math.abs(found - expected), `${found} and ${expected}`).toBeLessThanOrEqual(
    1e-5 * Math.max(1, Math.abs(expected)),
  );
}

describe("details of an evaluation", () => {
  it("of classes are PyTorch's and NumPy's: confusion, calibration, losses", async () => {
    const { logits, labels, confusion, calibration, error, losses } = python.classes;
    const found = await collect(
      (from, to) => floats(logits.slice(from, to), [to - from, 3]),
      (from, to) => ints(labels.slice(from, to), [to - from]),
      60,
    );
    if (!found) return expect.fail("nothing was collected");
    expect(found).toMatchObject({ kind: "classes", rows: 60, labels: 60, ...place, confusion });
    close(found.calibrationError ?? Number.NaN, error);
    for (const [i, bin] of calibration.entries()) {
      expect(found.calibration?.[i].count).toBe(bin.count);
      close(found.calibration?.[i].confidence ?? Number.NaN, bin.confidence);
      close(found.calibration?.[i].accuracy ?? Number.NaN, bin.accuracy);
    }
    const order = numbers(losses)
      .map((loss, row) => ({ loss, row }))
      .sort((a, b) => b.loss - a.loss);
    expect(found.worst.map(({ row }) => row)).toEqual(order.slice(0, 20).map(({ row }) => row));
    for (const [i, { loss, probability = Number.NaN, actual, row }] of found.worst.entries()) {
      close(loss, order[i].loss);
      close(probability, Math.exp(-order[i].loss));
      expect(actual).toBe(labels[row]);
    }
  });

  it("of values are distances, the worst first", async () => {
    const actual = Array.from({ length: 600 }, (_, i) => i / 8); // exact in float32
    const found = await collect(
      (from, to) =>
        floats(
          actual.slice(from, to).map((value, i) => value + ((from + i) % 13)),
          [to - from, 1],
        ),
      (from, to) => floats(actual.slice(from, to), [to - from]),
      600,
    );
    expect(found).toMatchObject({ kind: "values", rows: 600, labels: 600 });
    expect(found?.points).toHaveLength(500);
    expect(found?.worst.map(({ row }) => row)).toEqual(Array.from({ length: 20 }, (_, i) => 12 + 13 * i));
  });

  it("are none where labels are of another kind", async () => {
    const several = await collect(
      (from, to) => floats(Array((to - from) * 3).fill(0), [to - from, 3]),
      (from, to) => floats(Array((to - from) * 3).fill(0), [to - from, 3]),
      20,
    );
    expect(several).toBeUndefined();
  });

  it("name the most frequent mistakes where there are many classes", async () => {
    const found = await collect(
      (from, to) =>
        floats(
          Array.from({ length: to - from }, (_, i) =>
            Array.from({ length: 100 }, (_, c) => (c === (from + i) % 50 ? 9 : 0)),
          ),
          [to - from, 100],
        ),
      (from, to) =>
        ints(
          Array.from({ length: to - from }, (_, i) => ((from + i) % 50) + ((from + i) % 2)),
          [to - from],
        ),
      400,
    );
    expect(found?.confusion).toBeUndefined();
    expect(found?.mistakes).toHaveLength(25);
    expect(found?.mistakes?.[0]).toMatchObject({ count: 8 });
  });
});

describe("a run", () => {
  const options = () => ({
    model: tinyModel(),
    trainDataset: tokenized(16),
    evalDataset: tokenized(30),
    processingClass: tokenizer,
    computeMetrics: accuracy(),
  });

  it("stores them with the texts of its rows, and its figures agree", async () => {
    const args = { disableTqdm: true, evalStrategy: "epoch", saveStrategy: "epoch", numTrainEpochs: 2 } as const;
    const trainer = new Trainer({ ...options(), args: { ...args, outputDir: join(folder, "run") } });
    await trainer.train();
    const run = new Run(await Inside.open(folder), "run");
    await run.refresh();
    const list = await run.evaluations();
    expect(list.map(({ prefix, step }) => [prefix, step])).toEqual([
      ["eval", 2],
      ["eval", 4],
    ]);
    const details = await run.evaluation(list[1].name);
    const { predictions, labelIds } = await trainer.predict(tokenized(30));
    const right = Array.from({ length: 30 }, (_, i) => {
      const [a, b] = [predictions.data[2 * i], predictions.data[2 * i + 1]].map(Number);
      return (b > a ? 1 : 0) === Number(labelIds?.data[i]);
    }).filter(Boolean).length;
    const [[a, b], [c, d]] = details?.confusion ?? [
      [0, 0],
      [0, 0],
    ];
    expect(a + d).toBe(right);
    expect(a + b + c + d).toBe(30);
    expect(details?.classes).toEqual(["fine", "bad"]);
    const rows = sentences(30);
    for (const { row, texts, actual } of details?.worst ?? []) {
      expect(texts.text).toBe(rows[row].text);
      expect(actual).toBe(rows[row].label);
    }
    expect(details?.worst).toHaveLength(20);
  });

  it("shows tokens where the rows have no text, and another folder's names lead nowhere", async () => {
    const args = { disableTqdm: true, evalStrategy: "epoch", saveStrategy: "no", numTrainEpochs: 1 } as const;
    const { RunLogCallback } = await import("../../src/trainer/index.js");
    const plain = options();
    const trainer = new Trainer({
      ...plain,
      evalDataset: { "../odd name": plain.evalDataset.removeColumns(["text"]) },
      args: { ...args, outputDir: join(folder, "tokens") },
      callbacks: [RunLogCallback],
    });
    await trainer.train();
    expect(readdirSync(join(folder, "tokens", "evaluations"))).toEqual(["eval_.._odd_name-00000002.json"]);
    const run = new Run(await Inside.open(folder), "tokens");
    const details = await run.evaluation("eval_.._odd_name-00000002.json");
    const rows = sentences(30);
    for (const { row, texts } of details?.worst ?? []) expect(texts).toEqual({ tokens: rows[row].text });
    expect(await run.evaluation("../attune_log.jsonl")).toBeUndefined();
    expect(await run.evaluation("nothing-00000001.json")).toBeUndefined();
  });

  it("shows the two texts of a pair without the marks around them, and words that are not known", async () => {
    const pairs = sentences(8).map(({ text, label }, i) => ({
      text,
      other: i % 2 ? "a night" : "nobody knows",
      label,
    }));
    const rows = pairs.map(({ text, other, label }) => ({
      ...tokenizer(text, other, { returnTensors: false }),
      label,
    }));
    const trainer = new Trainer({
      ...options(),
      evalDataset: Dataset.fromRows(rows),
      args: { disableTqdm: true, evalStrategy: "epoch", numTrainEpochs: 1, outputDir: join(folder, "pairs") },
    });
    await trainer.train();
    const run = new Run(await Inside.open(join(folder, "pairs")), ".");
    const details = await run.evaluation((await run.evaluations())[0].name);
    expect(details?.worst).toHaveLength(8);
    for (const { row, texts } of details?.worst ?? []) {
      const { text, other } = pairs[row];
      expect(texts).toEqual({ "tokens 1": text, "tokens 2": other === "a night" ? other : "[UNK] [UNK]" });
    }
  });

  it("keeps the newest fifty and the best, and forgets those after the step that it goes on from", async () => {
    const place = join(folder, "many");
    const details = (step: number): EvaluationDetails => {
      return {
        version: 1,
        kind: "values",
        prefix: "eval",
        step,
        epoch: 1,
        time: 0,
        rows: 0,
        labels: 0,
        classes: [],
        worst: [],
      };
    };
    for (let step = 1; step <= 60; step++) await storeDetails(place, details(step), 3);
    const steps = () =>
      readdirSync(join(place, "evaluations"))
        .map((name) => Number(name.slice(5, 13)))
        .sort((a, b) => a - b);
    expect(steps()).toEqual([3, ...Array.from({ length: 50 }, (_, i) => i + 11)]);
    await forgetDetails(place, 20);
    expect(steps()).toEqual([3, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    await forgetDetails(join(folder, "nowhere"), 0);
    expect(existsSync(join(folder, "nowhere"))).toBe(false);
  });
});
