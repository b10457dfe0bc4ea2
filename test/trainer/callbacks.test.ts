// Callbacks: every event in Python's order, switches that are obeyed, early stopping, and what is refused.
import { describe, expect, it, vi } from "vitest";
import { accuracy } from "../../src/metrics/index.js";
import { terminal } from "../../src/support/terminal.js";
import {
  type CallbackContext,
  type CallbackEvent,
  DefaultFlowCallback,
  EarlyStoppingCallback,
  type EarlyStoppingOptions,
  ProgressCallback,
  Trainer,
  type TrainerCallback,
  type TrainerOptions,
} from "../../src/trainer/index.js";
import { temporaryFolder, tinyModel, tokenized, tokenizer } from "./tiny.js";

const said: string[] = [];
vi.spyOn(terminal, "writeLine").mockImplementation((line) => void said.push(line));
const folder = temporaryFolder("callbacks");

function trainerOf(options: Partial<TrainerOptions>): Trainer {
  return new Trainer({
    model: tinyModel(),
    trainDataset: tokenized(16),
    evalDataset: tokenized(8),
    processingClass: tokenizer,
    computeMetrics: accuracy(),
    ...options,
    args: { disableTqdm: true, saveStrategy: "no", ...options.args },
  });
}

const EVENTS: readonly CallbackEvent[] = [
  "onInitEnd",
  "onTrainBegin",
  "onTrainEnd",
  "onEpochBegin",
  "onEpochEnd",
  "onStepBegin",
  "onSubstepEnd",
  "onPreOptimizerStep",
  "onOptimizerStep",
  "onStepEnd",
  "onEvaluate",
  "onPredict",
  "onSave",
  "onLog",
  "onPredictionStep",
];

function recorder(heard: string[]): TrainerCallback {
  return Object.fromEntries(
    EVENTS.map((event) => [event, ({ state }: CallbackContext) => void heard.push(`${event} ${state.globalStep}`)]),
  );
}

describe("events", () => {
  it("come in Python's order", async () => {
    const heard: string[] = [];
    const trainer = trainerOf({
      args: {
        outputDir: `${folder}/order`,
        saveStrategy: "epoch",
        evalStrategy: "epoch",
        perDeviceTrainBatchSize: 4,
        gradientAccumulationSteps: 2,
        numTrainEpochs: 1,
        loggingSteps: 2,
      },
      callbacks: [recorder(heard)],
    });
    await trainer.train();
    const step = (n: number) => [
      `onStepBegin ${n}`,
      `onSubstepEnd ${n}`,
      `onPreOptimizerStep ${n}`,
      `onOptimizerStep ${n}`,
      `onStepEnd ${n + 1}`,
    ];
    expect(heard).toEqual([
      "onInitEnd 0",
      "onTrainBegin 0",
      "onEpochBegin 0",
      ...step(0),
      ...step(1),
      "onLog 2",
      "onEpochEnd 2",
      "onPredictionStep 2",
      "onLog 2",
      "onEvaluate 2",
      "onSave 2",
      "onLog 2",
      "onTrainEnd 2",
    ]);
  });

  it("give what they are about, and wait for promises", async () => {
    const seen: Record<string, unknown> = {};
    const trainer = trainerOf({
      args: { maxSteps: 2, evalStrategy: "steps", evalSteps: 1 },
      callbacks: [
        {
          async onEvaluate({ metrics, state }) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            seen[`evaluate ${state.globalStep}`] = Object.keys(metrics);
          },
          onOptimizerStep({ optimizer, lrScheduler, trainDataLoader, model }) {
            const gradient = model.parameters()[0].grad;
            Object.assign(seen, { rate: optimizer?.paramGroups[0].lr, last: lrScheduler?.getLastLr()[0], gradient });
            seen.batches = trainDataLoader?.length;
          },
          onLog: ({ logs }) => void Object.assign(seen, { [`log ${Object.keys(logs)[0]}`]: true }),
        },
      ],
    });
    await trainer.train();
    expect(seen["evaluate 1"]).toContain("eval_accuracy");
    expect(seen["evaluate 2"]).toContain("eval_accuracy");
    expect(seen.rate).toBe(seen.last);
    expect(seen.gradient).toBeDefined();
    expect(seen).toMatchObject({ batches: 2, "log loss": true, "log eval_loss": true, "log train_runtime": true });
  });
});

describe("switches", () => {
  it("end training, end an epoch, and log, evaluate and save at a step of one's choice", async () => {
    const trainer = trainerOf({
      args: { outputDir: `${folder}/switches`, saveStrategy: "epoch", numTrainEpochs: 9, loggingStrategy: "no" },
      callbacks: [
        {
          onStepEnd({ state, control }) {
            if (state.globalStep === 1) control.shouldLog = true;
            if (state.globalStep === 2) control.shouldEvaluate = control.shouldSave = true;
            if (state.globalStep === 3) control.shouldEpochStop = true;
            if (state.globalStep === 5) control.shouldTrainingStop = true;
          },
        },
      ],
    });
    const epochs: number[] = [];
    const saved: string[] = [];
    trainer.addCallback({
      onEpochBegin: ({ state }) => void epochs.push(state.globalStep),
      onSave: ({ checkpoint }) => void saved.push(checkpoint.slice(folder.length)),
    });
    const { globalStep } = await trainer.train(); // two steps an epoch
    expect(globalStep).toBe(5);
    expect(epochs).toEqual([0, 2, 3]);
    const rows = trainer.state.logHistory.map((row) => [row.step, Object.keys(row)[0]]);
    expect(rows).toEqual([
      [1, "loss"],
      [2, "eval_loss"],
      [5, "train_runtime"],
    ]);
    // Step 2 ends an epoch: what is due then is part of what a run goes on from.
    expect(saved).toEqual([2, 2, 3, 5].map((step) => `/switches/checkpoint-${step}`));
  });

  it("are not touched without the default flow", async () => {
    const trainer = trainerOf({ args: { maxSteps: 2, evalStrategy: "steps", evalSteps: 1 } });
    const flow = trainer.popCallback(DefaultFlowCallback);
    expect(flow).toBeInstanceOf(DefaultFlowCallback);
    trainer.addCallback({
      onStepEnd({ state, control }) {
        if (state.globalStep === 2) control.shouldTrainingStop = true;
      },
    });
    await trainer.train();
    expect(trainer.state.logHistory.filter((row) => row.eval_loss !== undefined)).toEqual([]);
  });
});

describe("early stopping", () => {
  const losses = [0.5, 0.4, 0.4, 0.41, 0.3];
  const run = async (options: EarlyStoppingOptions) => {
    const callback = new EarlyStoppingCallback(options);
    let evaluations = 0;
    const measured = trainerOf({
      args: { numTrainEpochs: 5, evalStrategy: "epoch", metricForBestModel: "x", greaterIsBetter: false },
      computeMetrics: () => ({ x: losses[Math.max(0, evaluations++ - 1)] }), // the first call is the trial before step 1
      callbacks: [callback],
    });
    const { globalStep } = await measured.train();
    return { epochs: globalStep / 2, counter: callback.counter, best: measured.state.bestMetric };
  };

  it("counts evaluations without improvement", async () => {
    expect(await run({})).toEqual({ epochs: 3, counter: 1, best: 0.4 });
    expect(await run({ earlyStoppingPatience: 2 })).toEqual({ epochs: 4, counter: 2, best: 0.4 });
    expect(await run({ earlyStoppingPatience: 3 })).toEqual({ epochs: 5, counter: 0, best: 0.3 });
    expect(await run({ earlyStoppingPatience: 1, earlyStoppingThreshold: 0.2 })).toMatchObject({
      epochs: 2,
      best: 0.4,
    });
    expect(said.join("\n")).toContain("stopping early at step 6: eval_x has not improved in the last evaluation");
  });

  it("asks for what it needs", async () => {
    const none = trainerOf({ args: { maxSteps: 1 }, callbacks: [EarlyStoppingCallback] });
    await expect(none.train()).rejects.toThrow(/EarlyStoppingCallback needs evaluations/);
    expect(() => new EarlyStoppingCallback({ earlyStoppingPatience: 0 })).toThrow(/whole number of at least 1, not 0/);
    expect(() => new EarlyStoppingCallback({ earlyStoppingThreshold: -1 })).toThrow(/at least 0, not -1/);
  });
});

describe("what is no callback", () => {
  it("is refused, with the event that was meant", () => {
    const wrong = { onStepsEnd: () => undefined } as TrainerCallback;
    expect(() => trainerOf({ callbacks: [wrong] })).toThrow(/onStepsEnd is not one, did you mean onStepEnd\?/);
  });

  it("the progress display can be taken out", () => {
    const trainer = trainerOf({ args: { disableTqdm: false } });
    expect(trainer.popCallback(ProgressCallback)).toBeInstanceOf(ProgressCallback);
    expect(trainer.popCallback(ProgressCallback)).toBeUndefined();
  });
});
