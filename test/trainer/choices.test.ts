// What may be chosen: losses, optimizers, samplers, several evaluation sets, labels in another order, steps left out.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { ClassLabel, Dataset } from "../../src/datasets/index.js";
import { accuracy, f1 } from "../../src/metrics/index.js";
import { AdamW, getScheduler } from "../../src/optim/index.js";
import { terminal } from "../../src/support/terminal.js";
import { crossEntropy, mul, tensor } from "../../src/tensor/index.js";
import { Trainer, type TrainerOptions, TrainingArguments } from "../../src/trainer/index.js";
import { smoothedLoss } from "../../src/trainer/loss.js";
import { temporaryFolder, tinyModel, tokenized, tokenizer } from "./tiny.js";

const said: string[] = [];
vi.spyOn(terminal, "writeLine").mockImplementation((line) => void said.push(line));

function trainerOf(options: Partial<TrainerOptions>): Trainer {
  return new Trainer({
    model: tinyModel(),
    trainDataset: tokenized(16),
    processingClass: tokenizer,
    computeMetrics: accuracy(),
    ...options,
    args: { disableTqdm: true, saveStrategy: "no", loggingSteps: 1, learningRate: 0.01, maxSteps: 3, ...options.args },
  });
}

const losses = (trainer: Trainer) => trainer.state.logHistory.flatMap(({ loss }) => (loss === undefined ? [] : [loss]));

/** transformers 5.23, LabelSmoother(epsilon=0.1) on the logits and labels below, and torch's gradient of it. */
const SMOOTHED = {
  loss: 1.6931171417236328,
  gradient: [0.07097853, 0.00288962, -0.07386816, 0, 0, 0, 0.00597258, -0.44402742, 0.43805483],
};

describe("the loss", () => {
  it("with spread labels is that of transformers' LabelSmoother(epsilon=0.1), gradient too", async () => {
    const logits = tensor(
      [
        [0.5, -1, 2],
        [1.5, 0.25, -0.75],
        [0, 0, 3],
      ],
      { requiresGrad: true },
    );
    const loss = smoothedLoss(logits, tensor(Int32Array.of(2, -100, 1)), 0.1);
    loss.backward();
    expect(Math.abs((await loss.item()) - SMOOTHED.loss)).toBeLessThanOrEqual(1e-6);
    Array.from((await logits.grad?.data()) ?? []).forEach((value, i) => {
      expect(Math.abs(value - SMOOTHED.gradient[i])).toBeLessThanOrEqual(1e-6);
    });
    const values = tensor([0.5, 1, 2]);
    expect(() => smoothedLoss(logits, values, 0.1)).toThrow(/for labels that are classes/);
  });

  it("may be a function of one's own, or a method", async () => {
    const doubled = trainerOf({ computeLoss: ({ loss }) => mul(loss, 2) });
    await doubled.train();
    const plain = trainerOf({});
    await plain.train();
    expect(Math.abs(losses(doubled)[0] - 2 * losses(plain)[0])).toBeLessThanOrEqual(1e-6);
    class Own extends Trainer {
      override computeLoss(...[model, batch]: Parameters<Trainer["computeLoss"]>) {
        const { labels, ...inputs } = batch;
        const { logits } = model.forward(inputs);
        if (!logits) throw new Error("no logits");
        return crossEntropy(logits, labels);
      }
    }
    const own = new Own({
      model: tinyModel(),
      args: plain.args,
      trainDataset: tokenized(16),
      processingClass: tokenizer,
    });
    await own.train();
    losses(own).forEach((loss, i) => {
      expect(Math.abs(loss - losses(plain)[i])).toBeLessThanOrEqual(1e-6);
    });
  });
});

describe("optimizer, schedule and order", () => {
  it("are those that are given", async () => {
    const model = tinyModel();
    const adamw = new AdamW(model.parameters(), { lr: 0.5 });
    const schedule = getScheduler("constant", adamw);
    const order = [3, 1, 2, 0, 4, 5, 6, 7, 15, 14, 13, 12, 11, 10, 9, 8];
    const rows: number[] = [];
    const trainer = trainerOf({
      model,
      optimizers: [adamw, schedule],
      trainSampler: { length: 16, order: () => Uint32Array.from(order) },
      args: { maxSteps: 2 },
      dataCollator: (batch: readonly { input_ids: Int32Array; label: number; row: number }[]) => {
        rows.push(...batch.map(({ row }) => row));
        const length = Math.max(...batch.map(({ input_ids }) => input_ids.length));
        const ids = batch.flatMap(({ input_ids }) => [...input_ids, ...Array(length - input_ids.length).fill(0)]);
        const shape = [batch.length, length];
        return {
          input_ids: tensor(Int32Array.from(ids), { shape }),
          attention_mask: tensor(
            Int32Array.from(ids, (id) => Number(id !== 0)),
            { shape },
          ),
          labels: tensor(Int32Array.from(batch, ({ label }) => label)),
        };
      },
      trainDataset: Dataset.fromRows([...tokenized(16)].map((row, i) => ({ ...row, row: i }))),
    });
    (trainer.args as { removeUnusedColumns: boolean }).removeUnusedColumns = false;
    await trainer.train();
    expect(rows.slice(0, 16)).toEqual(order);
    expect(trainer.state.logHistory[0].learning_rate).toBe(0.5);
    expect(() =>
      trainerOf({ trainSampler: { length: 16, order: () => [] }, args: { trainSamplingStrategy: "sequential" } }),
    ).toThrow(/a trainSampler has the order of rows/);
  });

  it("rows of like length stand together where that is asked for, and in their order likewise", async () => {
    const orderOf = (trainSamplingStrategy: "sequential" | "group_by_length") => {
      const { batchSampler } = trainerOf({ args: { trainSamplingStrategy } }).getTrainDataLoader();
      const batches = batchSampler?.batches(0);
      return Array.from({ length: batches?.length ?? 0 }, (_, i) => Array.from(batches?.at(i) ?? [])).flat();
    };
    expect(orderOf("sequential")).toEqual([...Array(16).keys()]);
    const lengths = orderOf("group_by_length").map((row) => tokenized(16).at(row).input_ids.length);
    for (const stretch of [lengths.slice(0, 8), lengths.slice(8)]) {
      expect(stretch).toEqual(stretch.toSorted((one, other) => other - one)); // of so few rows each batch is a stretch
    }
  });
});

describe("batches of so many tokens", () => {
  const args = { maxTokensPerBatch: 24, maxSteps: -1, numTrainEpochs: 2 };
  const lengthOf = (row: number) => tokenized(16).at(row).input_ids.length;

  it("have each row once, and never more tokens; without padding where lengths allow it", () => {
    const trainer = trainerOf({ args });
    const { batchSampler } = trainer.getTrainDataLoader();
    const batches = Array.from({ length: batchSampler?.length ?? 0 }, (_, i) => [
      ...Array.from(batchSampler?.batches(1).at(i) ?? []),
    ]);
    expect(batches.flat().toSorted((one, other) => one - other)).toEqual([...Array(16).keys()]);
    for (const rows of batches) {
      const lengths = rows.map(lengthOf);
      expect(lengths.reduce((sum, length) => sum + length)).toBeLessThanOrEqual(24);
      expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(2); // of 4 to 10
    }
    const inOrder = trainerOf({ args: { ...args, trainSamplingStrategy: "sequential" } }).getTrainDataLoader();
    expect([...Array.from(inOrder.batchSampler?.batches(0).at(0) ?? [])]).toEqual([0, 1, 2, 3]); // 4 + 5 + 6 + 7 tokens
  });

  it("make a run that goes on where it stopped, with the same losses", async () => {
    const folder = temporaryFolder("token-budget");
    const saving = { ...args, saveStrategy: "steps", saveSteps: 5 } as const;
    const whole = trainerOf({ args: { ...saving, outputDir: join(folder, "whole") } });
    const { globalStep } = await whole.train();
    expect(globalStep).toBe(2 * whole.getTrainDataLoader().length);
    const again = trainerOf({ args: { ...saving, outputDir: join(folder, "again") } });
    await again.train({ resumeFromCheckpoint: join(folder, "whole", "checkpoint-5") });
    expect(losses(again)).toEqual(losses(whole));
    const another = trainerOf({ args: { ...saving, maxTokensPerBatch: 30, outputDir: join(folder, "other") } });
    await expect(another.train({ resumeFromCheckpoint: join(folder, "whole", "checkpoint-5") })).rejects.toThrow(
      /maxTokensPerBatch was 24 and is 30/,
    );
    expect(readFileSync(join(folder, "whole", "README.md"), "utf8")).toContain("- max_tokens_per_batch: 24");
  });

  it("are refused beside what says otherwise, and where a row has more", () => {
    expect(() => trainerOf({ args: { maxTokensPerBatch: 4 } }).getTrainDataLoader()).toThrow(
      /row \d+ has \d+ tokens, more than a batch may have \(maxTokensPerBatch 4\)/,
    );
    expect(() => trainerOf({ args, trainSampler: { length: 16, order: () => [] } })).toThrow(
      /leave out maxTokensPerBatch/,
    );
    expect(() => new TrainingArguments({ ...args, trainSamplingStrategy: "group_by_length" })).toThrow(
      /leave out trainSamplingStrategy/,
    );
    expect(() => new TrainingArguments({ ...args, dataloaderDropLast: true })).toThrow(/leave out dataloaderDropLast/);
  });
});

describe("several evaluation sets", () => {
  it("are measured under their names, logged in one row, and tell the best", async () => {
    const events: string[][] = [];
    const trainer = trainerOf({
      evalDataset: { near: tokenized(12), far: tokenized(20) },
      args: { maxSteps: 4, evalStrategy: "steps", evalSteps: 2, metricForBestModel: "near_accuracy" },
      callbacks: [{ onEvaluate: ({ metrics }) => void events.push(Object.keys(metrics)) }],
    });
    await trainer.train();
    expect(events.length).toBe(2);
    expect(events[0]).toEqual(expect.arrayContaining(["eval_near_loss", "eval_near_accuracy", "eval_far_loss"]));
    const rows = trainer.state.logHistory.filter((row) => row.eval_near_loss !== undefined);
    expect(rows.map((row) => row.eval_far_accuracy !== undefined)).toEqual([true, true]);
    expect(trainer.state.bestMetric).toBe(Math.max(...rows.map((row) => row.eval_near_accuracy)));
  });
});

describe("a metric that does not work is said before step 1", () => {
  const never = { onStepBegin: () => expect.fail("a step was begun") };
  const evaluated = { evalStrategy: "epoch" as const };

  it.each([
    [
      "one that throws",
      { computeMetrics: () => ({ x: (undefined as unknown as { x: number }).x }) },
      {},
      /computeMetrics failed on one batch.*tried before training/,
    ],
    [
      "one that has not the figure of the best model",
      {},
      { metricForBestModel: "f2" },
      /the best model is told by eval_f2, and evaluations give eval_loss, eval_accuracy/,
    ],
    [
      "one of another kind",
      { computeMetrics: f1({ average: "micro" }) },
      { metricForBestModel: "accuracy" },
      /evaluations give eval_loss, eval_f1/,
    ],
  ])("%s", async (_name, options, args, message) => {
    const trainer = trainerOf({
      ...options,
      evalDataset: tokenized(8),
      args: { ...evaluated, ...args },
      callbacks: [never],
    });
    await expect(trainer.train()).rejects.toThrow(message);
  });
});

describe("labels in another order than the model's", () => {
  it("are renumbered, which is said, and the model keeps its names", async () => {
    const names = ["bad", "fine"]; // the dataset has fine, bad
    const model = tinyModel({ id2label: names });
    const trainer = trainerOf({ model, evalDataset: tokenized(20), args: { maxSteps: 120 } });
    expect(said.join("\n")).toContain(
      'the model has the classes in the order "bad", "fine", the dataset in "fine", "bad"',
    );
    await trainer.train();
    const { eval_accuracy } = await trainer.evaluate();
    expect(eval_accuracy).toBeGreaterThan(0.9);
    expect(trainer.model.config?.id2label).toEqual({ 0: "bad", 1: "fine" });
    // A dataset in the model's own order is measured alike: class 0 is "bad" in both.
    const rows = [...tokenized(20)].map((row) => ({ ...row, label: 1 - row.label }));
    const same = Dataset.fromRows(rows, { features: { label: new ClassLabel({ names }) } });
    expect((await trainer.evaluate(same)).eval_accuracy).toBe(eval_accuracy);
  });
});

describe("steps that are not finite", () => {
  it("are left out where that is asked for, with their rows named, and training goes on", async () => {
    const model = tinyModel();
    const trainer = trainerOf({
      model,
      args: { maxSteps: 6, skipNonFinite: true },
      computeLoss: ({ loss }) => (trainer.state.globalStep === 2 ? mul(loss, Number.POSITIVE_INFINITY) : loss),
    });
    const { trainingLoss, globalStep } = await trainer.train();
    expect(globalStep).toBe(6);
    expect(Number.isFinite(trainingLoss)).toBe(true);
    expect(losses(trainer).length).toBe(5);
    expect(said.join("\n")).toMatch(/warning: step 3 left out: .*; its batch was rows \d+(, \d+){7} of trainDataset/);
    for (const parameter of model.parameters()) {
      for (const value of await parameter.data()) if (!Number.isFinite(value)) expect.fail("a weight is not finite");
    }
  });

  it("are noticed by their gradients alone, whether these are clipped or not", async () => {
    for (const skipNonFinite of [true, false]) {
      const trainer = trainerOf({
        args: { maxSteps: 6, skipNonFinite, maxGradNorm: 0 },
        // a root at 0: the loss is as it was, its gradient is 0 / 0
        computeLoss: ({ loss }) => (trainer.state.globalStep === 2 ? loss.add(loss.mul(0).sqrt()) : loss),
      });
      if (skipNonFinite) {
        expect((await trainer.train()).globalStep).toBe(6);
        expect(losses(trainer).length).toBe(5);
      } else {
        await expect(trainer.train()).rejects.toThrow(/the norm of the gradients.*\(step 3\); its batch was rows \d+/);
      }
    }
  });

  it("end the run where nothing but such steps comes", async () => {
    const trainer = trainerOf({
      args: { maxSteps: 100, skipNonFinite: true },
      computeLoss: ({ loss }) => loss.mul(Number.POSITIVE_INFINITY),
    });
    await expect(trainer.train()).rejects.toThrow(/the last 20 steps were left out.*a lower one$/);
  });
});
