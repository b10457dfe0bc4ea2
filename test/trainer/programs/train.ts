// A run that is killed, of one process or two: at a point that its second argument names, with kill -9 from within; or, without one, from
// outside whenever the test likes. It goes on where a killed one stopped.
//   node --import tsx train.ts OUTPUT_DIR [POINT] [EPOCHS]
import { once } from "node:events";
import { promises as files, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename, join } from "node:path";
import { accuracy } from "../../../src/metrics/index.js";
import { Trainer, type TrainerCallback } from "../../../src/trainer/index.js";
import { tinyModel, tokenized, tokenizer } from "../tiny.js";

const rank = process.env.OMPI_COMM_WORLD_RANK;
const [outputDir, point, epochs = "4"] = process.argv.slice(2);

/** Where a run can be killed. */
export const points = {
  "before the first checkpoint": () => onStep("onStepEnd", 2),
  "between two batches of a step": () => onStep("onSubstepEnd", 4),
  "in the middle of writing weights": () => insteadOfSaving("half of the weights"),
  "between the weights and the optimizer": () => insteadOfSaving("the tokenizer"),
  "before a checkpoint has its name": () => around("rename", (_, to) => is(to, "checkpoint-6"), "before"),
  "after a checkpoint has its name, before the links": () =>
    around("rename", (_, to) => is(to, "checkpoint-6"), "after"),
  "while an old checkpoint is removed": () => around("rm", (path) => /\.checkpoint-\d+\..*\.tmp$/.test(path), "before"),
  "in an evaluation": () => onStep("onPredictionStep", 12),
  "in the middle of the last save": () => around("rename", (_, to) => to.endsWith(`run/model.safetensors`), "after"),
  // of two processes
  "process 1, while process 0 writes": otherDies,
  "asked to end, in step 2": waitForSignal,
} as const satisfies Record<string, () => void>;

export type Point = keyof typeof points;

const callbacks: TrainerCallback[] = [];
const model = tinyModel({ hidden_dropout_prob: 0.2, attention_probs_dropout_prob: 0.2 });

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("still alive");
}

function is(path: string, name: string): boolean {
  return basename(path) === name;
}

function onStep(event: "onStepEnd" | "onSubstepEnd" | "onPredictionStep", step: number): void {
  const hear: TrainerCallback["onStepEnd"] = ({ state }) => {
    if (state.globalStep === step) die();
  };
  callbacks.push({ [event]: hear });
}

/** Weights are written, whole or by half, and the next thing never is. */
function insteadOfSaving(what: "half of the weights" | "the tokenizer"): void {
  const save = model.savePretrained.bind(model);
  model.savePretrained = async (folder) => {
    await save(folder);
    if (what === "the tokenizer") return;
    const path = join(folder, "model.safetensors");
    const weights = await files.readFile(path);
    writeFileSync(path, weights.subarray(0, weights.length / 2));
    die();
  };
  if (what === "the tokenizer") tokenizer.savePretrained = async () => die();
}

/** Process 0 kills the other one between weights and optimizer, and would write on only long after. */
function otherDies(): void {
  const pid = `${outputDir}.${rank}.pid`;
  writeFileSync(pid, String(process.pid));
  const save = model.savePretrained.bind(model);
  model.savePretrained = async (folder) => {
    await save(folder);
    process.kill(Number(await files.readFile(`${outputDir}.1.pid`, "utf8")), "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  };
}

/** Process 0 says where it is, and goes on when it was asked to end. */
function waitForSignal(): void {
  const onStepEnd: TrainerCallback["onStepEnd"] = async ({ state }) => {
    if (state.globalStep !== 2 || rank !== "0") return;
    const asked = once(process, "SIGUSR2");
    const alive = setInterval(() => undefined, 1000); // waiting for a signal alone would end the process
    console.log("in step 2");
    await asked;
    clearInterval(alive);
  };
  callbacks.push({ onStepEnd });
}

/** Dies before or after a call of the file system. */
function around(method: "rename" | "rm", when: (path: string, to: string) => boolean, place: "before" | "after"): void {
  const original = files[method] as (...parameters: unknown[]) => Promise<void>;
  (files as unknown as Record<string, unknown>)[method] = async (...parameters: unknown[]) => {
    const hit = when(String(parameters[0]), String(parameters[1]));
    if (hit && place === "before") die();
    await original(...parameters);
    if (hit) die();
  };
  syncBuiltinESMExports();
}

if (outputDir !== undefined) {
  if (point) points[point as Point]();
  const trainer = new Trainer({
    model,
    args: {
      outputDir,
      numTrainEpochs: Number(epochs),
      perDeviceTrainBatchSize: 4,
      gradientAccumulationSteps: 2,
      learningRate: 0.01,
      loggingSteps: 5,
      evalStrategy: "epoch",
      saveSteps: 3,
      saveTotalLimit: 2,
      disableTqdm: true,
    },
    trainDataset: tokenized(32),
    evalDataset: tokenized(20),
    processingClass: tokenizer,
    computeMetrics: accuracy(),
    callbacks,
  });
  if (callbacks.length === 0) trainer.addCallback({ onTrainBegin: () => console.log("begun") });
  await trainer.train({ resumeFromCheckpoint: "auto" });
  console.log("done");
}
