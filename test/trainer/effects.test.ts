// What each argument that no other file of these tests is about changes in a run.
import { describe, expect, it, vi } from "vitest";
import { accuracy } from "../../src/metrics/index.js";
import { terminal } from "../../src/support/terminal.js";
import { Trainer, TrainingArguments, type TrainingOptions } from "../../src/trainer/index.js";
import { tinyModel, tokenized, tokenizer } from "./tiny.js";

vi.spyOn(terminal, "writeLine").mockImplementation(() => undefined);

function trainerOf(args: TrainingOptions, model = tinyModel()): Trainer {
  return new Trainer({
    model,
    args: {
      disableTqdm: true,
      saveStrategy: "no",
      loggingSteps: 1,
      learningRate: 0.01,
      perDeviceTrainBatchSize: 8,
      ...args,
    },
    trainDataset: tokenized(32), // 4 steps an epoch
    evalDataset: tokenized(12),
    processingClass: tokenizer,
    computeMetrics: accuracy(),
  });
}

async function logOf(args: TrainingOptions) {
  const trainer = trainerOf(args);
  await trainer.train();
  return trainer.state.logHistory;
}

const column = (log: Awaited<ReturnType<typeof logOf>>, key: string) =>
  log.flatMap((row) => (row[key] === undefined ? [] : [row[key]]));
const stepsWith = (log: Awaited<ReturnType<typeof logOf>>, key: string) =>
  log.flatMap((row) => (row[key] === undefined ? [] : [row.step]));

describe("the schedule", () => {
  it("takes options of its own: a polynomial to lrEnd by a power", async () => {
    const args = { maxSteps: 4, lrSchedulerType: "polynomial", lrSchedulerKwargs: { lrEnd: 0.002, power: 2 } } as const;
    const rates = column(await logOf(args), "learning_rate");
    // transformers: optimization.py, _get_polynomial_decay_schedule_with_warmup_lr_lambda
    [0, 1, 2, 3].forEach((step) => {
      expect(Math.abs(rates[step] - (0.008 * (1 - step / 4) ** 2 + 0.002))).toBeLessThanOrEqual(1e-15);
    });
  });

  it("rises over warmupSteps, or a share of the run", async () => {
    const rise = [0, 0.005, 0.01, 0.005];
    expect(column(await logOf({ maxSteps: 4, warmupSteps: 2 }), "learning_rate")).toEqual(rise);
    expect(column(await logOf({ maxSteps: 4, warmupSteps: 0.5 }), "learning_rate")).toEqual(rise);
  });

  it.each([
    [
      { lrSchedulerType: "cosine", lrSchedulerKwargs: { num_cycles: 2 } },
      /no option num_cycles; did you mean numCycles\?/,
    ],
    [{ lrSchedulerType: "cosine_with_min_lr" }, /needs minLr or minLrRate/],
    [{ lrSchedulerType: "warmup_stable_decay" }, /needs numDecaySteps/],
    [
      { lrSchedulerType: "polynomial", learningRate: 1e-8 },
      /lrEnd 1e-7 must be below the optimizer's learning rate 1e-8/,
    ],
  ] as const)("is checked with the arguments: %j", (options, message) => {
    expect(() => new TrainingArguments(options)).toThrow(message);
  });

  it("of warmup_stable_decay needs no more than its own steps", () => {
    const kwargs = { numDecaySteps: 3, numStableSteps: 4 };
    new TrainingArguments({ lrSchedulerType: "warmup_stable_decay", lrSchedulerKwargs: kwargs });
    new TrainingArguments({ lrSchedulerType: "warmup_stable_decay", lrSchedulerKwargs: { numDecaySteps: 3 } });
  });
});

describe("logs", () => {
  it("come at the end of each epoch, or not at all", async () => {
    const args = { numTrainEpochs: 2 } as const;
    expect(stepsWith(await logOf({ ...args, loggingStrategy: "epoch" }), "loss")).toEqual([4, 8]);
    const none = await logOf({ ...args, loggingStrategy: "no" });
    expect(stepsWith(none, "loss")).toEqual([]);
    expect(stepsWith(none, "train_loss")).toEqual([8]); // as in Python: the summary always is
  });

  it("of a run without loggingSteps are ten, and the last window is among them", async () => {
    expect(stepsWith(await logOf({ maxSteps: 23, loggingSteps: undefined }), "loss")).toEqual([
      2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 23,
    ]);
  });
});

describe("evaluations", () => {
  it("wait for evalDelay, in steps or in epochs", async () => {
    const bySteps = { maxSteps: 8, evalStrategy: "steps", evalSteps: 2 } as const;
    expect(stepsWith(await logOf({ ...bySteps, evalDelay: 5 }), "eval_loss")).toEqual([6, 8]);
    const byEpochs = { numTrainEpochs: 3, evalStrategy: "epoch" } as const;
    expect(stepsWith(await logOf({ ...byEpochs, evalDelay: 2 }), "eval_loss")).toEqual([8, 12]);
  });

  it("may begin before the first step, with the figures of the model as it came", async () => {
    const before = await trainerOf({}).evaluate();
    const log = await logOf({ maxSteps: 4, evalStrategy: "epoch", evalOnStart: true });
    expect(stepsWith(log, "eval_loss")).toEqual([0, 4]);
    expect(log[0].eval_loss).toBe(before.eval_loss);
  });

  it("are logged at loggingSteps where evalSteps is not said, and evalAccumulationSteps changes nothing", async () => {
    const args = { maxSteps: 5, evalStrategy: "steps", loggingSteps: 2 } as const;
    const log = await logOf(args);
    expect(stepsWith(log, "eval_loss")).toEqual([2, 4, 5]);
    expect(column(await logOf({ ...args, evalAccumulationSteps: 1 }), "eval_loss")).toEqual(column(log, "eval_loss"));
  });
});

describe("the optimizer", () => {
  it.each([{ adamBeta1: 0.5 }, { adamBeta2: 0.9 }, { adamEpsilon: 0.1 }, { weightDecay: 0.5 }, { maxGradNorm: 1e-3 }])(
    "makes other steps with %j",
    async (args) => {
      const plain = column(await logOf({ maxSteps: 4 }), "loss");
      const other = column(await logOf({ maxSteps: 4, ...args }), "loss");
      expect(other[0]).toBe(plain[0]); // of the same weights and rows
      expect(other[3]).not.toBe(plain[3]);
    },
  );

  it("has one pass for both names", async () => {
    const [fused, plain] = [await logOf({ maxSteps: 3 }), await logOf({ maxSteps: 3, optim: "adamw_torch" })];
    expect(column(plain, "loss")).toEqual(column(fused, "loss"));
  });
});

describe("the order of rows", () => {
  const firstRows = (args: TrainingOptions) =>
    Array.from(trainerOf(args).getTrainDataLoader().batchSampler?.batches(0).at(0) ?? []);

  it("is dataSeed's, or seed's", () => {
    expect(firstRows({ dataSeed: 7 })).toEqual(firstRows({ seed: 7 }));
    expect(firstRows({ dataSeed: 7 })).not.toEqual(firstRows({}));
  });

  it("ends before a batch that is not full, where dataloaderDropLast says so", () => {
    expect(trainerOf({ perDeviceTrainBatchSize: 5 }).getTrainDataLoader().length).toBe(7);
    expect(trainerOf({ perDeviceTrainBatchSize: 5, dataloaderDropLast: true }).getTrainDataLoader().length).toBe(6);
  });
});

describe("a run", () => {
  it("ends within an epoch, where numTrainEpochs is a fraction", async () => {
    expect((await trainerOf({ numTrainEpochs: 1.5 }).train()).globalStep).toBe(6);
  });

  it("shows another name in its arguments alone", () => {
    expect(new TrainingArguments({ runName: "first" }).toJSON().run_name).toBe("first");
  });
});
