// Checkpoints: what stands where, what stays, and what is refused when a run goes on.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { openTorchFile } from "../../src/checkpoint/index.js";
import { AutoModelForSequenceClassification } from "../../src/models/index.js";
import { ConfigError, FileFormatError } from "../../src/support/errors.js";
import { terminal } from "../../src/support/terminal.js";
import {
  bestCheckpoint,
  EarlyStoppingCallback,
  lastCheckpoint,
  type TrainableModel,
  Trainer,
  type TrainerCallback,
  type TrainingOptions,
} from "../../src/trainer/index.js";
import { temporaryFolder, tinyModel, tokenized, tokenizer } from "./tiny.js";

const said: string[] = [];
vi.spyOn(terminal, "writeLine").mockImplementation((line) => void said.push(line));
const folder = temporaryFolder("checkpoints");

/** Four steps an epoch; evaluations give the values of `scores`, one after another. */
function trainerOf(
  args: TrainingOptions,
  options: { scores?: number[]; callbacks?: TrainerCallback[]; rows?: number } = {},
) {
  let evaluations = -1; // the trial before step 1 is none
  return new Trainer({
    model: tinyModel({ hidden_dropout_prob: 0.1 }),
    args: { disableTqdm: true, learningRate: 0.01, loggingSteps: 3, ...args },
    trainDataset: tokenized(options.rows ?? 32),
    evalDataset: tokenized(12),
    processingClass: tokenizer,
    computeMetrics: () => ({ score: options.scores?.[evaluations++] ?? 0 }),
    callbacks: options.callbacks,
  });
}

const checkpointsIn = (outputDir: string) =>
  readdirSync(outputDir)
    .filter((name) => name.startsWith("checkpoint-"))
    .sort((a, b) => Number(a.slice(11)) - Number(b.slice(11)));
const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), "utf8"));

describe("a checkpoint", () => {
  const outputDir = join(folder, "one");

  it("holds Python's files and the counters", async () => {
    await trainerOf({ outputDir, maxSteps: 3, saveSteps: 2 }).train();
    expect(checkpointsIn(outputDir)).toEqual(["checkpoint-2", "checkpoint-3"]);
    expect(readdirSync(join(outputDir, "checkpoint-2")).sort()).toEqual([
      "attune_state.json",
      "config.json",
      "model.safetensors",
      "optimizer.pt",
      "scheduler.pt",
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
      "trainer_state.json",
      "training_args.json",
    ]);
    const state = json(outputDir, "checkpoint-2", "trainer_state.json");
    expect(state).toMatchObject({ global_step: 2, max_steps: 3, epoch: 0.5 });
    expect(state.stateful_callbacks.TrainerControl.args.should_training_stop).toBe(false);
  });

  it("numbers the optimizer's parameters as torch does", async () => {
    await using file = await openTorchFile(join(outputDir, "checkpoint-2", "optimizer.pt"));
    const { state, param_groups: groups } = Object.fromEntries(file.value as Map<string, Map<unknown, unknown>>);
    const [decay, plain] = groups as unknown as Map<string, unknown>[];
    const count = tinyModel().parameters().length;
    expect([...(decay.get("params") as number[]), ...(plain.get("params") as number[])]).toEqual([
      ...Array(count).keys(),
    ]);
    expect(decay.get("betas")).toEqual([0.9, 0.999]);
    expect([...state.keys()]).toEqual([...Array(count).keys()]);
    expect([...(state.get(0) as Map<string, unknown>).keys()]).toEqual(["step", "exp_avg", "exp_avg_sq"]);
  });

  it("without optimizer and counters where only the model is wanted; training cannot go on from it", async () => {
    const bare = join(folder, "bare");
    const args = { outputDir: bare, maxSteps: 2, saveOnlyModel: true };
    await trainerOf(args).train();
    expect(readdirSync(join(bare, "checkpoint-2"))).not.toContain("optimizer.pt");
    await expect(trainerOf({ ...args, maxSteps: 3 }).train({ resumeFromCheckpoint: true })).rejects.toThrow(
      /lacks optimizer.pt, scheduler.pt, attune_state.json .*saveOnlyModel.*freshOptimizer/,
    );
    const { globalStep } = await trainerOf({ ...args, maxSteps: 3 }).train({
      resumeFromCheckpoint: true,
      freshOptimizer: true,
    });
    expect(globalStep).toBe(3);
  });
});

describe("the best and the last", () => {
  it("are always found, and no limit removes them", async () => {
    const outputDir = join(folder, "limit");
    const trainer = trainerOf(
      {
        outputDir,
        numTrainEpochs: 5,
        evalStrategy: "epoch",
        saveStrategy: "epoch",
        saveTotalLimit: 2,
        metricForBestModel: "score",
      },
      { scores: [0.1, 0.7, 0.3, 0.7, 0.2] },
    );
    await trainer.train();
    expect(checkpointsIn(outputDir)).toEqual(["checkpoint-8", "checkpoint-20"]);
    expect([readlinkSync(join(outputDir, "best")), readlinkSync(join(outputDir, "last"))]).toEqual([
      "checkpoint-8",
      "checkpoint-20",
    ]);
    expect(await bestCheckpoint(outputDir)).toBe(join(outputDir, "checkpoint-8"));
    expect(await lastCheckpoint(outputDir)).toBe(join(outputDir, "checkpoint-20"));
    expect(json(outputDir, "trainer_state.json")).toMatchObject({
      best_metric: 0.7,
      best_global_step: 8,
      best_model_checkpoint: join(outputDir, "checkpoint-8"),
    });
    await AutoModelForSequenceClassification.fromPretrained(join(outputDir, "best"));
  });

  it("a limit of one keeps both", async () => {
    const outputDir = join(folder, "limit-1");
    const args: TrainingOptions = {
      outputDir,
      numTrainEpochs: 3,
      evalStrategy: "epoch",
      saveStrategy: "epoch",
      saveTotalLimit: 1,
      metricForBestModel: "score",
    };
    await trainerOf(args, { scores: [0.9, 0.1, 0.2] }).train();
    expect(checkpointsIn(outputDir)).toEqual(["checkpoint-4", "checkpoint-12"]);
  });

  it("the best is saved when it is the best, whatever the schedule of saving", async () => {
    const outputDir = join(folder, "off-schedule");
    await trainerOf(
      { outputDir, maxSteps: 6, evalStrategy: "steps", evalSteps: 1, saveSteps: 4, metricForBestModel: "score" },
      { scores: [0.1, 0.3, 0.2, 0.2, 0.2, 0.2] },
    ).train();
    expect(checkpointsIn(outputDir)).toEqual([1, 2, 4, 6].map((step) => `checkpoint-${step}`));
    const only = join(folder, "only-best");
    await trainerOf(
      {
        outputDir: only,
        maxSteps: 4,
        evalStrategy: "steps",
        evalSteps: 1,
        saveStrategy: "best",
        metricForBestModel: "score",
      },
      { scores: [0.2, 0.1, 0.3, 0.3] },
    ).train();
    expect(checkpointsIn(only)).toEqual(["checkpoint-1", "checkpoint-3"]);
  });

  it("its weights are loaded at the end, where that is asked for", async () => {
    const outputDir = join(folder, "load-best");
    const trainer = trainerOf(
      { outputDir, numTrainEpochs: 3, evalStrategy: "epoch", loadBestModelAtEnd: true, metricForBestModel: "score" },
      { scores: [0.1, 0.9, 0.5] },
    );
    await trainer.train();
    const best = await AutoModelForSequenceClassification.fromPretrained(join(outputDir, "checkpoint-8"));
    const last = await AutoModelForSequenceClassification.fromPretrained(join(outputDir, "last"));
    const weights = async (model: TrainableModel) => (await model.parameters().at(-2)?.data())?.join();
    const ours = await weights(trainer.model);
    expect(ours).toEqual(await weights(best));
    expect(ours).not.toEqual(await weights(last));
    expect(await weights(await AutoModelForSequenceClassification.fromPretrained(outputDir))).toEqual(ours);
  });
});

describe("going on", () => {
  const whole = join(folder, "whole");
  const args: TrainingOptions = { outputDir: whole, numTrainEpochs: 3, saveSteps: 5, evalStrategy: "epoch" };

  it("from a checkpoint in the middle of an epoch or at its end gives the same bits", async () => {
    const first = trainerOf(args);
    await first.train();
    const weights = readFileSync(join(whole, "model.safetensors"));
    const untimed = (log: readonly object[]) =>
      log.map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => !/_runtime$|_per_second$/.test(key))));
    for (const step of [4, 5, 10]) {
      const again = trainerOf({ ...args, outputDir: join(folder, `from-${step}`) });
      await again.train({ resumeFromCheckpoint: join(whole, `checkpoint-${step}`) });
      expect(readFileSync(join(folder, `from-${step}`, "model.safetensors")).equals(weights), `from ${step}`).toBe(
        true,
      );
      expect(untimed(again.state.logHistory)).toEqual(untimed(first.state.logHistory));
    }
  });

  it("seeks: rows before the place are not read", async () => {
    const read: number[] = [];
    const trainer = trainerOf({ ...args, outputDir: join(folder, "seek") });
    const loader = trainer.getTrainDataLoader();
    vi.spyOn(trainer, "getTrainDataLoader").mockReturnValue(loader);
    const { dataset } = loader as unknown as { dataset: { select(rows: Iterable<number>): unknown } };
    const select = dataset.select.bind(dataset);
    vi.spyOn(dataset, "select").mockImplementation((rows) => {
      const list = [...rows];
      read.push(...list);
      return select(list);
    });
    await trainer.train({ resumeFromCheckpoint: join(whole, "checkpoint-10") });
    expect(read.length).toBe(2 * 8);
  });

  it("ends at once where everything is done, and goes further where there are more epochs", async () => {
    const done = trainerOf({ ...args, resumeFromCheckpoint: "last" });
    expect((await done.train()).globalStep).toBe(12);
    const more = trainerOf({ ...args, numTrainEpochs: 4, resumeFromCheckpoint: "last" });
    expect((await more.train()).globalStep).toBe(16);
    expect(said.join("\n")).toContain("the checkpoint is of a run of 12 steps, this one has 16");
  });

  it("where Ctrl-C stopped it", async () => {
    const outputDir = join(folder, "stopped");
    const undisturbed = trainerOf({ ...args, outputDir: join(folder, "undisturbed") });
    await undisturbed.train();
    const stop = new AbortController();
    const halts: TrainerCallback = { onStepEnd: ({ state }) => (state.globalStep === 7 ? stop.abort() : undefined) };
    const { interrupted } = await trainerOf({ ...args, outputDir }, { callbacks: [halts] }).train({
      signal: stop.signal,
    });
    expect(interrupted).toBe("abort");
    expect(readlinkSync(join(outputDir, "last"))).toBe("checkpoint-7");
    const rest = trainerOf({ ...args, outputDir });
    await rest.train({ resumeFromCheckpoint: true });
    const losses = (trainer: Trainer) => trainer.state.logHistory.map(({ loss, eval_loss: e }) => loss ?? e);
    expect(losses(rest)).toEqual(losses(undisturbed));
  });

  it("with the patience that early stopping had", async () => {
    const outputDir = join(folder, "patience");
    const setting: TrainingOptions = { ...args, outputDir, numTrainEpochs: 6, metricForBestModel: "score" };
    const patient = () => new EarlyStoppingCallback({ earlyStoppingPatience: 3 });
    const whole = trainerOf(setting, { scores: [0.5, 0.4, 0.3, 0.2, 0.1], callbacks: [patient()] });
    expect((await whole.train()).globalStep).toBe(16);
    const counter = json(outputDir, "checkpoint-10", "trainer_state.json").stateful_callbacks.EarlyStoppingCallback;
    expect(counter).toEqual({
      args: { early_stopping_patience: 3, early_stopping_threshold: 0 },
      attributes: { early_stopping_patience_counter: 1 },
    });
    const rest = trainerOf(setting, { scores: [0.3, 0.2, 0.1], callbacks: [patient()] });
    expect((await rest.train({ resumeFromCheckpoint: join(outputDir, "checkpoint-10") })).globalStep).toBe(16);
  });

  it("finds the newest though an older run in the folder went further", async () => {
    const outputDir = join(folder, "twice");
    await trainerOf({ ...args, outputDir }).train();
    await trainerOf({ ...args, outputDir, maxSteps: 2 }).train();
    expect(said.join("\n")).toMatch(/holds \d checkpoints of an earlier run/);
    expect(await lastCheckpoint(outputDir)).toBe(join(outputDir, "checkpoint-2"));
    rmSync(join(outputDir, "last"));
    cpSync(outputDir, join(folder, "copied"), { recursive: true });
    expect(await lastCheckpoint(join(folder, "copied"))).toBe(join(folder, "copied", "checkpoint-2"));
  });
});

describe("what cannot be gone on from is said", () => {
  const outputDir = join(folder, "refused");
  const args: TrainingOptions = { outputDir, maxSteps: 4, saveSteps: 2 };
  const resume = (changes: TrainingOptions, checkpoint: string | true = true, rows = 32) =>
    trainerOf({ ...args, ...changes }, { rows }).train({ resumeFromCheckpoint: checkpoint });

  it("no checkpoint at all, or not that one", async () => {
    await expect(resume({ outputDir: join(folder, "nothing") })).rejects.toThrow(
      /holds no checkpoint to go on from.*"auto"/,
    );
    expect(existsSync(join(folder, "nothing"))).toBe(false);
    await trainerOf(args).train();
    await expect(resume({}, join(outputDir, "checkpoint-3"))).rejects.toThrow(
      /no checkpoint .*checkpoint-3; those of .*checkpoint-2, .*checkpoint-4/,
    );
  });

  it.each([
    [{ perDeviceTrainBatchSize: 4 }, 32, /perDeviceTrainBatchSize was 8 and is 4/],
    [{ gradientAccumulationSteps: 2 }, 32, /gradientAccumulationSteps was 1 and is 2/],
    [{ seed: 1 }, 32, /dataSeed was 42 and is 1/],
    [{ trainSamplingStrategy: "sequential" as const }, 32, /trainSamplingStrategy was random and is sequential/],
    [{}, 40, /trainRows was 32 and is 40/],
  ])("another setting: %j and %i rows", async (changes, rows, message) => {
    const error = await resume(changes, true, rows).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toMatch(message);
  });

  const part = (name: string, content?: string | Buffer) => {
    const copy = join(folder, `damaged-${name}-${content === undefined}`);
    mkdirSync(copy);
    cpSync(join(outputDir, "checkpoint-2"), join(copy, "checkpoint-2"), { recursive: true });
    if (content === undefined) renameSync(join(copy, "checkpoint-2", name), join(copy, name));
    else writeFileSync(join(copy, "checkpoint-2", name), content);
    return resume({ outputDir: copy }).catch((reason: unknown) => reason);
  };

  it.each(["optimizer.pt", "scheduler.pt", "attune_state.json"])("a missing %s", async (name) => {
    const error = await part(name);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toContain(`it lacks ${name}`);
  });

  it.each(["model.safetensors", "trainer_state.json"])("a missing %s, whatever is fresh", async (name) => {
    expect((await part(name)) as Error).toBeInstanceOf(FileFormatError);
  });

  it.each([
    ["trainer_state.json", "{"],
    ["trainer_state.json", '{"global_step": "2"}'],
    ["attune_state.json", '{"version": 2}'],
    ["attune_state.json", "[]"],
    ["optimizer.pt", "PK"],
    ["scheduler.pt", ""],
    ["model.safetensors", Buffer.alloc(20)],
  ])("a damaged %s (%s)", async (name, content) => {
    rmSync(join(folder, `damaged-${name}-false`), { recursive: true, force: true });
    const error = await part(name, content);
    expect(error).toBeInstanceOf(FileFormatError);
    expect((error as Error).message).toContain(name);
  });

  it("an optimizer of another model", async () => {
    const other = new Trainer({
      model: tinyModel({ hidden_size: 8, intermediate_size: 16 }),
      args: { disableTqdm: true, ...args },
      trainDataset: tokenized(32),
      processingClass: tokenizer,
    });
    await expect(other.train({ resumeFromCheckpoint: true })).rejects.toThrow(
      /exp_avg has shape \[15, 16\], and its parameter \[15, 8\]/,
    );
  });
});
