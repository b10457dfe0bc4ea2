// The Trainer on a task of a second: it learns, logs, evaluates and saves as Python's does, and says what is wrong.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Batch } from "../../src/batches/index.js";
import { ClassLabel, Dataset } from "../../src/datasets/index.js";
import { accuracy, type EvalPrediction } from "../../src/metrics/index.js";
import { AutoModelForSequenceClassification } from "../../src/models/index.js";
import { Linear, Module } from "../../src/nn/index.js";
import { DeviceError } from "../../src/support/errors.js";
import { terminal } from "../../src/support/terminal.js";
import { mse, type Tensor, tensor } from "../../src/tensor/index.js";
import { Trainer, type TrainingOptions } from "../../src/trainer/index.js";
import { temporaryFolder, tinyModel, tokenized, tokenizer } from "./tiny.js";

const folder = temporaryFolder("trainer");
const said: string[] = [];
vi.spyOn(terminal, "writeLine").mockImplementation((line) => void said.push(line));
afterEach(() => void said.splice(0));

const quiet = { disableTqdm: true, saveStrategy: "no" } as const;
const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

function tinyTrainer(args: TrainingOptions, rows = 32, model = tinyModel()) {
  return new Trainer({
    model,
    args: { ...quiet, learningRate: 0.01, ...args },
    trainDataset: tokenized(rows),
    evalDataset: tokenized(20),
    processingClass: tokenizer,
    computeMetrics: accuracy(),
  });
}

describe("training", () => {
  it("learns one batch by heart", async () => {
    const trainer = tinyTrainer({ maxSteps: 60, perDeviceTrainBatchSize: 8, loggingSteps: 10 }, 8);
    await trainer.train();
    const losses = trainer.state.logHistory.flatMap((row) => (row.loss === undefined ? [] : [row.loss]));
    expect(losses.length).toBe(6);
    expect(losses[0]).toBeGreaterThan(0.2);
    expect(losses[5]).toBeLessThan(0.01);
  });

  it("with bf16 rounds the factors of products, in training and in evaluation, and learns as well", async () => {
    const steps = { maxSteps: 60, perDeviceTrainBatchSize: 8, loggingSteps: 10 };
    const losses = async (trainer: Trainer) => {
      const before = (await trainer.evaluate()).eval_loss;
      await trainer.train();
      return [before, ...trainer.state.logHistory.flatMap((row) => (row.loss === undefined ? [] : [row.loss]))];
    };
    const exact = await losses(tinyTrainer(steps, 8));
    const rounded = await losses(tinyTrainer({ ...steps, bf16: true }, 8));
    expect(rounded[0]).not.toBe(exact[0]);
    // 2^-9 of each factor; what a loss is made of is of size one
    for (const i of [0, 1]) expect(Math.abs(rounded[i] - exact[i])).toBeLessThanOrEqual(2 ** -6);
    expect(rounded[6]).toBeLessThan(0.01);
    expect(said.some((line) => line.includes("bfloat16"))).toBe(true);
  });

  it("logs the mean loss of each window, with the rate before the schedule moves it", async () => {
    const every = tinyTrainer({ maxSteps: 6, loggingSteps: 1 });
    await every.train();
    const single = every.state.logHistory.filter((row) => row.loss !== undefined);
    expect(single.map((row) => row.step)).toEqual([1, 2, 3, 4, 5, 6]);
    single.forEach((row, i) => {
      expect(Math.abs(row.learning_rate - (0.01 * (6 - i)) / 6)).toBeLessThanOrEqual(1e-12);
      expect(row.grad_norm).toBeGreaterThan(0);
    });
    const windows = tinyTrainer({ maxSteps: 6, loggingSteps: 4, loggingFirstStep: true });
    const output = await windows.train();
    const rows = windows.state.logHistory.filter((row) => row.loss !== undefined);
    expect(rows.map((row) => row.step)).toEqual([1, 4, 6]); // the last window is cut short by the end
    const mean = (...steps: number[]) => steps.reduce((sum, step) => sum + single[step - 1].loss, 0) / steps.length;
    [mean(1), mean(2, 3, 4), mean(5, 6)].forEach((loss, i) => {
      expect(Math.abs(rows[i].loss - loss)).toBeLessThanOrEqual(1e-7);
    });
    expect(Math.abs(output.trainingLoss - mean(1, 2, 3, 4, 5, 6))).toBeLessThanOrEqual(1e-7);
    expect(rows[1].epoch).toBe(1);
  });

  it("repeats itself for a seed, dropout and all, and not for another", async () => {
    const lossOf = async (seed: number) => {
      const model = tinyModel({ hidden_dropout_prob: 0.3 });
      return (await tinyTrainer({ maxSteps: 5, seed }, 32, model).train()).trainingLoss;
    };
    const first = await lossOf(1);
    expect(await lossOf(1)).toBe(first);
    expect(await lossOf(2)).not.toBe(first);
  });

  it("keeps more batches ready without changing a bit", async () => {
    const run = async (dataloaderNumWorkers: number) => {
      const model = tinyModel({ hidden_dropout_prob: 0.3 });
      return (await tinyTrainer({ maxSteps: 5, seed: 1, dataloaderNumWorkers }, 32, model).train()).trainingLoss;
    };
    expect(await run(4)).toBe(await run(0));
  });

  it("checkpoints activations without changing a bit", async () => {
    const run = async (activationCheckpointing: boolean) => {
      const model = tinyModel({ hidden_dropout_prob: 0.3 });
      const trainer = tinyTrainer({ maxSteps: 5, seed: 1, activationCheckpointing }, 32, model);
      const { trainingLoss } = await trainer.train();
      return { trainingLoss, on: model.isActivationCheckpointing };
    };
    const plain = await run(false);
    expect(await run(true)).toEqual({ trainingLoss: plain.trainingLoss, on: true });
  });

  it.each([
    ["2 x 4 as 8", 4, 2, 32],
    ["3 x 4 as 12, with a short last group and a short last batch", 4, 3, 33],
  ])("accumulates gradients as one large batch: %s", async (_name, batchSize, accumulation, count) => {
    const run = async (args: TrainingOptions) => {
      const model = tinyModel();
      const trainer = tinyTrainer({ numTrainEpochs: 2, loggingSteps: 1, learningRate: 1e-3, ...args }, count, model);
      await trainer.train();
      const losses = trainer.state.logHistory.flatMap((row) => (row.loss === undefined ? [] : [row.loss]));
      return { losses, weights: await model.parameter("classifier.weight").data() };
    };
    const whole = await run({ perDeviceTrainBatchSize: batchSize * accumulation });
    const parts = await run({ perDeviceTrainBatchSize: batchSize, gradientAccumulationSteps: accumulation });
    expect(parts.losses.length).toBe(whole.losses.length);
    whole.losses.forEach((loss, i) => {
      expect(Math.abs(parts.losses[i] - loss)).toBeLessThanOrEqual(1e-6);
    });
    whole.weights.forEach((weight, i) => {
      expect(Math.abs(parts.weights[i] - weight)).toBeLessThanOrEqual(1e-5);
    });
  });

  it("evaluates when it is asked to, and the last step under steps", async () => {
    const stepsOf = async (args: TrainingOptions) => {
      const trainer = tinyTrainer({ perDeviceTrainBatchSize: 8, ...args }); // 4 steps an epoch
      await trainer.train();
      return trainer.state.logHistory.filter((row) => row.eval_loss !== undefined).map((row) => row.step);
    };
    expect(await stepsOf({ numTrainEpochs: 2, evalStrategy: "epoch" })).toEqual([4, 8]);
    expect(await stepsOf({ maxSteps: 5, evalStrategy: "steps", evalSteps: 2 })).toEqual([2, 4, 5]);
    expect(await stepsOf({ maxSteps: 6, evalStrategy: "epoch" })).toEqual([4, 6]);
    expect(await stepsOf({ maxSteps: 2 })).toEqual([]);
  });

  it("ends after the step in which it is asked to", async () => {
    const stop = new AbortController();
    const trainer = tinyTrainer({ numTrainEpochs: 50, evalStrategy: "epoch" });
    trainer.computeLoss = (model, batch) => {
      if (trainer.state.globalStep === 6) stop.abort();
      return model.forward(batch).loss;
    };
    const { globalStep, interrupted } = await trainer.train({ signal: stop.signal });
    expect([globalStep, interrupted]).toEqual([7, "abort"]);
    expect(process.listenerCount("SIGINT")).toBe(0);
  });

  it("trains a module of one's own, with columns and a collator of one's own", async () => {
    class Line extends Module {
      readonly inputNames = ["x"];
      readonly layer = new Linear(1, 1);
      override forward({ x, labels }: Batch): { loss: Tensor; logits: Tensor } {
        const logits = this.layer.forward(x);
        return { loss: mse(logits, labels), logits };
      }
    }
    const rows = Array.from({ length: 16 }, (_, i) => ({ x: i / 8, labels: (3 * i) / 8 - 1, other: "left out" }));
    const column = (values: number[]) => tensor(values.map((value) => [value]));
    const model = new Line();
    const trainer = new Trainer({
      model,
      args: { ...quiet, maxSteps: 400, learningRate: 0.3, maxGradNorm: 0 },
      trainDataset: Dataset.fromRows(rows),
      dataCollator: (given) => {
        const batch = given as readonly { x: number; labels: number }[];
        return { x: column(batch.map((row) => row.x)), labels: column(batch.map((row) => row.labels)) };
      },
    });
    await trainer.train();
    expect(await model.layer.weight.item()).toBeCloseTo(3, 1);
    expect(trainer.state.logHistory[0].grad_norm).toBeGreaterThan(0); // as in Python: without clipping, too
    expect(said.join("\n")).toContain('trainDataset: the model does not take "other"; left out');
  });
});

describe("evaluate and predict", () => {
  it("averages losses over rows, and streams the metric", async () => {
    const trainer = tinyTrainer({ perDeviceEvalBatchSize: 8 });
    const whole = tinyTrainer({ perDeviceEvalBatchSize: 20 }, 32, trainer.model as ReturnType<typeof tinyModel>);
    const [metrics, expected] = [await trainer.evaluate(), await whole.evaluate()];
    expect(Math.abs(metrics.eval_loss - expected.eval_loss)).toBeLessThanOrEqual(1e-6); // 8, 8 and 4 rows
    expect(metrics.eval_accuracy).toBe(expected.eval_accuracy);
    expect(Object.keys(metrics)).toEqual([
      "eval_loss",
      "eval_accuracy",
      "eval_runtime",
      "eval_samples_per_second",
      "eval_steps_per_second",
    ]);
    expect(trainer.model.training).toBe(false);
  });

  it("gives logits and labels in the order of the rows, and hands them to a function of metrics", async () => {
    const seen: EvalPrediction[] = [];
    const trainer = new Trainer({
      model: tinyModel(),
      args: { ...quiet, perDeviceEvalBatchSize: 3 },
      processingClass: tokenizer,
      computeMetrics: (prediction) => {
        seen.push(prediction);
        return { rows: prediction.labelIds.shape[0] };
      },
    });
    const dataset = tokenized(10);
    const { predictions, labelIds, metrics } = await trainer.predict(dataset);
    expect(predictions.shape).toEqual([10, 2]);
    expect(Array.from(labelIds?.data ?? [])).toEqual(dataset.column("label"));
    expect(metrics.test_rows).toBe(10);
    expect(seen[0].predictions).toEqual(predictions);
    const one = await trainer.predict(dataset.select([7]));
    for (const i of [0, 1]) {
      expect(Math.abs(one.predictions.data[i] - predictions.data[14 + i])).toBeLessThanOrEqual(1e-6);
    }
    const unlabelled = await trainer.predict(dataset.removeColumns("label"));
    expect(unlabelled.labelIds).toBeUndefined();
    expect(unlabelled.metrics).not.toHaveProperty("test_loss");
    expect(Array.from(unlabelled.predictions.data)).toEqual(Array.from(predictions.data));
  });
});

describe("labels that a split keeps", () => {
  it("are predicted without a loss, and are no ground to evaluate on", async () => {
    const rows = [...tokenized(5)].map((row) => ({ ...row, label: -1 }));
    const kept = Dataset.fromRows(rows, { features: { label: new ClassLabel({ names: ["fine", "bad"] }) } });
    const trainer = tinyTrainer({});
    const { predictions, labelIds, metrics } = await trainer.predict(kept);
    expect(predictions.shape).toEqual([5, 2]);
    expect(labelIds).toBeUndefined();
    expect(Object.keys(metrics)).not.toContain("test_loss");
    await expect(trainer.evaluate(kept)).rejects.toThrow(/labels of the evaluation dataset are kept back \(-1/);
  });
});

describe("the run's folder", () => {
  const outputDir = join(folder, "run");
  const args: TrainingOptions = { outputDir, saveStrategy: "epoch", evalStrategy: "epoch", numTrainEpochs: 2 };

  it("holds what Python's Trainer leaves, and loads", async () => {
    const trainer = tinyTrainer(args);
    await trainer.train();
    expect(readdirSync(outputDir).sort()).toEqual([
      "README.md",
      "all_results.json",
      "attune_log.jsonl",
      "attune_run.json",
      "best",
      "checkpoint-4",
      "checkpoint-8",
      "config.json",
      "evaluations",
      "last",
      "model.safetensors",
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
      "trainer_state.json",
      "training_args.json",
    ]);
    const dataset = tokenized(6);
    const model = await AutoModelForSequenceClassification.fromPretrained(outputDir);
    expect(model.config.id2label).toEqual({ 0: "fine", 1: "bad" }); // the names of the dataset
    const loaded = new Trainer({ model, args: quiet, processingClass: tokenizer });
    const ours = await trainer.predict(dataset);
    expect((await loaded.predict(dataset)).predictions.data).toEqual(ours.predictions.data);
  });

  it("has a trainer_state.json with Python's keys and no others", () => {
    const state = json(join(outputDir, "trainer_state.json"));
    expect(Object.keys(state)).toEqual(
      (
        "best_global_step best_metric best_model_checkpoint epoch eval_steps global_step is_hyper_param_search " +
        "is_local_process_zero is_world_process_zero log_history logging_steps max_steps num_input_tokens_seen " +
        "num_train_epochs save_steps stateful_callbacks total_flos train_batch_size trial_name trial_params"
      ).split(" "),
    );
    expect(state).toMatchObject({ epoch: 2, global_step: 8, max_steps: 8, num_train_epochs: 2, train_batch_size: 8 });
    expect(Object.keys(state.log_history.at(-1))).toEqual([
      "epoch",
      "step",
      "total_flos",
      "train_loss",
      "train_runtime",
      "train_samples_per_second",
      "train_steps_per_second",
    ]);
    const text = readFileSync(join(outputDir, "trainer_state.json"), "utf8");
    expect(text.startsWith('{\n  "best_global_step": ')).toBe(true);
  });

  it("has results, arguments and a card", () => {
    const results = json(join(outputDir, "all_results.json"));
    expect(results).toMatchObject({ epoch: 2, eval_accuracy: expect.any(Number), train_loss: expect.any(Number) });
    expect(results).not.toHaveProperty("learning_rate");
    expect(json(join(outputDir, "training_args.json"))).toMatchObject({ learning_rate: 0.01, num_train_epochs: 2 });
    const card = readFileSync(join(outputDir, "README.md"), "utf8");
    expect(card).toMatch(/^---\nlibrary_name: transformers\n/);
    expect(card).toContain("- learning_rate: 0.01");
    expect(card).toMatch(/\| Training Loss \| Epoch \| Step \| Validation Loss \| Accuracy \|/);
  });

  it("keeps other files that stand there, and leaves no others behind", async () => {
    const { writeFileSync } = await import("node:fs");
    writeFileSync(join(outputDir, "notes.txt"), "mine");
    await tinyTrainer({ ...args, maxSteps: 1 }).train();
    expect(readFileSync(join(outputDir, "notes.txt"), "utf8")).toBe("mine");
    expect(readdirSync(outputDir).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("what is wrong is said", () => {
  const options = { model: tinyModel(), args: quiet, processingClass: tokenizer };

  it("contradictions, before anything runs", () => {
    const evalStrategy = { ...quiet, evalStrategy: "epoch" } as const;
    expect(() => new Trainer({ ...options, args: evalStrategy })).toThrow(
      'Trainer: evalStrategy is "epoch", but there is no evalDataset',
    );
    const saved = { ...options, args: {}, model: new (class extends Linear {})(1, 1) as never };
    expect(() => new Trainer(saved)).toThrow(/no savePretrained/);
  });

  it("rows that are not tokenized, or have no labels, with candidates", async () => {
    const raw = Dataset.fromRows([{ text: "a good day", label: 0 }]);
    await expect(new Trainer({ ...options, trainDataset: raw }).train()).rejects.toThrow(
      /no column input_ids: its columns are "text", "label". Tokenize it first: dataset.map/,
    );
    const renamed = tokenized(4).renameColumn("label", "lable");
    await expect(new Trainer({ ...options, trainDataset: renamed }).train()).rejects.toThrow(
      /no column of labels.*Candidates are "lable": dataset.renameColumn\("lable", "labels"\)/,
    );
    await expect(new Trainer({ ...options, trainDataset: tokenized(4).select([]) }).train()).rejects.toThrow(/no rows/);
    await expect(new Trainer(options).train()).rejects.toThrow("there is no trainDataset");
  });

  it("labels outside of the classes", async () => {
    const rows = [...tokenized(4)].map(({ input_ids, attention_mask }, i) => ({
      input_ids,
      attention_mask,
      labels: i,
    }));
    const trainer = new Trainer({ ...options, trainDataset: Dataset.fromRows(rows) });
    await expect(trainer.train()).rejects.toThrow(/label.* [23]\b/);
  });

  it("classes that the model does not have, or calls otherwise", () => {
    const make = (overrides: object) =>
      new Trainer({ ...options, model: tinyModel(overrides as Record<string, unknown>), trainDataset: tokenized(4) });
    expect(() => make({ numLabels: 3 })).toThrow(
      /trainDataset has 2 classes \("fine", "bad"\), the model 3 outputs.*numLabels: 2/,
    );
    expect(() => make({ id2label: ["no", "yes"] })).toThrow(/the names differ/);
    make({ id2label: ["FINE", "BAD"] }); // another case is the same name
    const other = tinyModel({ id2label: ["no", "yes"] });
    expect(() => new Trainer({ ...options, model: other, evalDataset: tokenized(4) })).toThrow(/in evalDataset/);
  });

  it("a loss that is not a number, with the step, and nothing is saved", async () => {
    const outputDir = join(folder, "nan");
    const model = tinyModel();
    const trainer = tinyTrainer({ outputDir, saveStrategy: "epoch", numTrainEpochs: 20 }, 32, model);
    trainer.computeLoss = (given, batch) => {
      if (trainer.state.globalStep === 5) model.parameter("classifier.bias").fill_(Number.NaN);
      return given.forward(batch).loss;
    };
    const error = await trainer.train().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeviceError);
    expect((error as Error).message).toMatch(/^Training stopped: .*step 6\b/);
    expect(trainer.state.globalStep).toBeLessThanOrEqual(6 + 4);
    expect((error as Error).message).toMatch(/its batch was rows \d+(, \d+){7} of trainDataset/);
    expect(readdirSync(outputDir).sort()).toEqual(["attune_log.jsonl", "attune_run.json", "checkpoint-4", "last"]);
    const saved = await AutoModelForSequenceClassification.fromPretrained(join(outputDir, "last")); // of the epoch before
    for (const value of (await saved.parameter("classifier.bias").data()) ?? [])
      expect(Number.isFinite(value)).toBe(true);
  });

  it("a folder that cannot be written, leaving nothing", async () => {
    const file = join(folder, "file");
    const { writeFileSync } = await import("node:fs");
    writeFileSync(file, "");
    const outputDir = join(file, "run");
    await expect(tinyTrainer({ outputDir, saveStrategy: "epoch", maxSteps: 1 }).train()).rejects.toThrow(outputDir);
    const model = Object.assign(tinyModel(), { savePretrained: () => Promise.reject(new Error("no room")) });
    const other = join(folder, "other");
    await expect(
      tinyTrainer({ outputDir: other, saveStrategy: "epoch", maxSteps: 1 }, 8, model).train(),
    ).rejects.toThrow(/no room/);
    expect(readdirSync(other).sort()).toEqual(["attune_log.jsonl", "attune_run.json"]);
  });
});
