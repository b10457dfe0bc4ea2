// Folders of runs for tests of the dashboard and for its pictures: logs as the Trainer writes them, of runs that nobody
// trained. What the page shows is compared with what stands here.
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type SearchRecord, type TrialRecord, writeSearch } from "../../src/search/record.js";
import { sampleTrials } from "../../src/search/sample.js";
import { hp, type Space } from "../../src/search/space.js";
import type { EvaluationDetails } from "../../src/trainer/details/types.js";
import type { RunLogLine } from "../../src/trainer/run-log.js";

export interface SampleRun {
  readonly name: string;
  readonly learningRate?: number;
  readonly batchSize?: number;
  readonly steps?: number;
  /** How far it has come. Default: all steps. */
  readonly until?: number;
  /** Default: finished. Of a running one the process is this. */
  readonly status?: "finished" | "running" | "failed" | "interrupted" | "killed";
  readonly began?: number;
  readonly runName?: string;
  readonly seed?: number;
  readonly classes?: readonly string[];
}

const BEGAN = Date.UTC(2026, 8, 14, 9, 30);
const MEMORY = 1.62e9;

/** Numbers from 0 to 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

/** Writes a run's folder beneath `folder`. */
export function writeSampleRun(folder: string, run: SampleRun): void {
  const { name, learningRate = 5e-5, batchSize = 16, steps = 600, until = steps, status = "finished", seed = 1 } = run;
  const classes = run.classes ?? ["not_equivalent", "equivalent"];
  const random = randomOf(seed);
  const place = join(folder, name);
  mkdirSync(join(place, "evaluations"), { recursive: true });
  const began = run.began ?? BEGAN + seed * 3_600_000;
  const epochs = 3;
  const lines: RunLogLine[] = [startLine({ began, steps, epochs, alive: status === "running" })];
  const speed = 2600 + 90 * batchSize;
  const best = 0.81 + 0.05 * Math.exp(-((Math.log10(learningRate) + 4.4) ** 2)) + 0.01 * random();
  let time = began;
  for (let step = 5; step <= until; step += 5) {
    const done = step / steps;
    const tokens = step * batchSize * 52;
    time = began + (tokens / speed) * 1000;
    const rate = learningRate * (1 - done);
    const level = 0.26 + 0.45 * Math.exp((-6 * done * learningRate) / 5e-5) + 0.09 * (random() - 0.5);
    lines.push({
      event: "log",
      time,
      step,
      epoch: epochs * done,
      tokens,
      values: { loss: Math.max(0.02, level), grad_norm: 3 + 6 * random() * (1 - 0.5 * done), learning_rate: rate },
      figures: {
        tokens_per_second: speed * (0.97 + 0.05 * random()),
        padding_share: 0.31 + 0.02 * random(),
        memory: MEMORY + 2e7 * Math.min(1, 5 * done),
      },
    });
    if ((step % Math.round(steps / 6 / 5)) % 5 !== 0 || step % 100 !== 0) continue;
    const accuracy = best - 0.12 * Math.exp(-5 * done) + 0.008 * (random() - 0.5);
    const loss = 0.38 + 0.25 * Math.exp(-5 * done) + 0.09 * done ** 2;
    lines.push({
      event: "log",
      time: time + 2000,
      step,
      epoch: epochs * done,
      tokens,
      values: { eval_loss: loss, eval_accuracy: accuracy, eval_f1: accuracy + 0.04, eval_runtime: 2.1 },
      figures: { tokens_per_second: speed, padding_share: 0.32, memory: MEMORY + 2e7 },
    });
    lines.push({ event: "checkpoint", time: time + 2500, step, name: `checkpoint-${step}` });
    writeCheckpoint(place, step, time + 2500);
    const details = sampleDetails({ step, epoch: epochs * done, accuracy, classes, time, random });
    writeFileSync(join(place, "evaluations", `eval-${String(step).padStart(8, "0")}.json`), JSON.stringify(details));
  }
  if (status === "finished" || status === "interrupted")
    lines.push({ event: "end", time, step: until, outcome: status });
  if (status === "failed") {
    const reason = `Training stopped: the loss of step ${until} is NaN; its batch was rows 17, 88, 203, 411 of trainDataset.`;
    lines.push({ event: "end", time, step: until, outcome: "failed", reason });
  }
  writeFileSync(join(place, "attune_log.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  writeFileSync(
    join(place, "attune_run.json"),
    JSON.stringify(manifestOf(run, { learningRate, batchSize, began, place }), null, 2),
  );
}

function startLine(about: { began: number; steps: number; epochs: number; alive: boolean }): RunLogLine {
  const { began, steps, epochs, alive } = about;
  return {
    event: "start",
    time: began,
    step: 0,
    rows: 0,
    maxSteps: steps,
    epochs,
    host: hostname(),
    pid: alive ? process.pid : 2 ** 30, // a number that no process has
    best: { key: "eval_accuracy", greater: true },
  };
}

/** A further row of a run's log. */
export function appendRow(folder: string, name: string, step: number, values: Readonly<Record<string, number>>): void {
  const line: RunLogLine = { event: "log", time: Date.now(), step, epoch: 1, tokens: 800 * step, values, figures: {} };
  appendFileSync(join(folder, name, "attune_log.jsonl"), `${JSON.stringify(line)}\n`);
}

function writeCheckpoint(place: string, step: number, written: number): void {
  const folder = join(place, `checkpoint-${step}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "attune_state.json"), JSON.stringify({ version: 1, written }));
  const state = {
    best_global_step: Math.min(step, 600),
    best_metric: 0.86,
    global_step: step,
    log_history: [],
    max_steps: 600,
  };
  writeFileSync(join(folder, "trainer_state.json"), JSON.stringify(state));
}

function manifestOf(
  { runName, name, seed = 1 }: SampleRun,
  { learningRate, batchSize, began, place }: { learningRate: number; batchSize: number; began: number; place: string },
): object {
  return {
    version: 1,
    started: new Date(began).toISOString(),
    versions: { attune: "0.1.0", node: "22.20.0" },
    machine: {
      host: "trainer-1",
      system: "linux x64 6.1",
      processor: "a processor",
      processors: 8,
      memory: 34e9,
      engine: "native, AVX-512, 8 threads",
    },
    arguments: {
      outputDir: place,
      runName: runName ?? name,
      learningRate,
      perDeviceTrainBatchSize: batchSize,
      numTrainEpochs: 3,
      seed: 40 + seed,
      lrSchedulerType: "linear",
      warmupSteps: 0,
      weightDecay: seed % 2 ? 0.01 : 0,
      evalStrategy: "steps",
      metricForBestModel: "accuracy",
    },
    model: {
      class: "BertForSequenceClassification",
      parameters: 22_713_986,
      config: { model_type: "bert", hidden_size: 384 },
    },
    tokenizer: "9b1f6c2a",
    data: {
      train: { rows: 3668, columns: ["sentence1", "sentence2", "label"], fingerprint: "8c3a11d2" },
      eval: { rows: 408, columns: ["sentence1", "sentence2", "label"], fingerprint: "55e0c9aa" },
    },
    resumedAt: 0,
  };
}

const PAIRS: readonly (readonly [string, string])[] = [
  [
    "The company said its profit rose to $ 42 million in the quarter.",
    "Quarterly profit at the company rose to $ 42 million, it said.",
  ],
  [
    "He said the foodservice pie business does not fit the company's growth strategy.",
    "The foodservice pie business does not fit our long-term growth strategy, he said.",
  ],
  ["Magnarelli said the shares closed up at 38.04.", "Shares fell 2.1 % in early trading on Friday."],
  ["The dispute is over a contract for the new bridge.", "The bridge was opened for traffic on Monday."],
  ["Officials in the town declined to comment.", "Town officials would not comment on Tuesday's vote."],
];

function sampleDetails(about: {
  step: number;
  epoch: number;
  accuracy: number;
  classes: readonly string[];
  time: number;
  random: () => number;
}): EvaluationDetails {
  const { step, epoch, accuracy, classes, time, random } = about;
  const rows = 408;
  const share = rows / classes.length;
  const confusion = classes.map((_, actual) =>
    classes.map((_, predicted) =>
      Math.round(actual === predicted ? share * accuracy : (share * (1 - accuracy)) / (classes.length - 1)),
    ),
  );
  const low = 1 / classes.length;
  const calibration = Array.from({ length: 10 }, (_, i) => {
    const confidence = (i + 0.5) / 10;
    if (confidence < low) return { count: 0, confidence: 0, accuracy: 0 };
    return {
      count: Math.round(8 + 6 * i ** 1.6),
      confidence,
      accuracy: Math.min(1, Math.max(0, confidence - 0.08 * confidence + 0.04 * (random() - 0.5))),
    };
  });
  const worst = Array.from({ length: 20 }, (_, i) => {
    const [sentence1, sentence2] = PAIRS[i % PAIRS.length];
    const loss = 4.6 / (1 + 0.12 * i);
    const actual = i % classes.length;
    return {
      row: (i * 37) % rows,
      loss,
      actual,
      predicted: (actual + 1) % classes.length,
      probability: Math.exp(-loss),
      confidence: 1 - 1.1 * Math.exp(-loss),
      texts: { sentence1, sentence2 },
    };
  });
  return {
    version: 1,
    kind: "classes",
    prefix: "eval",
    step,
    epoch,
    time,
    rows,
    labels: rows,
    classes,
    confusion,
    calibration,
    calibrationError: 0.061,
    worst,
  };
}

/** A search of twenty trials beneath `folder`, of which all but a few are done. */
export async function writeSampleSearch(folder: string, name = "search"): Promise<SearchRecord> {
  const space: Space = {
    learningRate: hp.logUniform(1e-5, 5e-4),
    perDeviceTrainBatchSize: hp.choice([8, 16, 32]),
    weightDecay: hp.uniform(0, 0.1),
    numTrainEpochs: hp.int(2, 5),
  };
  const random = randomOf(77);
  const trials = sampleTrials(space, { sampler: "random", seed: 42, count: 20 }).map((params, number): TrialRecord => {
    const state = number === 19 ? "waiting" : number === 18 ? "running" : number === 7 ? "failed" : "complete";
    const [rate, epochs] = [Number(params.learningRate), Number(params.numTrainEpochs)];
    const reached = 0.885 - 0.05 * (Math.log10(rate) + 4.2) ** 2 + 0.004 * (epochs - 3) + 0.008 * (random() - 0.5);
    const pruned = state === "complete" && reached < 0.855;
    const done = state === "waiting" || state === "failed" ? 0 : pruned || state === "running" ? 1 : epochs;
    const reports = Array.from({ length: done }, (_, i) => {
      return { step: 200 * (i + 1), epoch: i + 1, value: reached - 0.04 * (1 - (i + 1) / epochs) };
    });
    const run: SampleRun = {
      name: `${name}/run-${number}`,
      runName: `${name}/run-${number}`,
      learningRate: rate,
      batchSize: Number(params.perDeviceTrainBatchSize),
      began: BEGAN + 40 * 3_600_000 + number * 400_000,
      seed: number + 1,
    };
    if (state !== "waiting") {
      writeSampleRun(folder, {
        ...run,
        until: pruned ? 200 : state === "failed" ? 60 : state === "running" ? 300 : 600,
        status: pruned || state === "complete" ? "finished" : state,
      });
    }
    return {
      number,
      name: `run-${number}`,
      params,
      state: pruned ? "pruned" : state,
      reports,
      objective: pruned || state === "complete" ? reports.at(-1)?.value : undefined,
      error: state === "failed" ? "Training stopped: the loss of step 60 is NaN" : undefined,
      seconds: done * 41 + random() * 9,
    };
  });
  const record: SearchRecord = {
    space,
    sampler: "random",
    pruner: { type: "asha", minResource: 1, reductionFactor: 3 },
    seed: 42,
    created: BEGAN + 40 * 3_600_000,
    nTrials: 20,
    objective: { name: "eval_f1", direction: "maximize" },
    fixed: {},
    inputs: undefined,
    process: null,
    trials,
  };
  await writeSearch(join(folder, name), record);
  return record;
}

/** A folder as somebody has it who has looked for a setting for a day. */
export function writeSampleFolder(folder: string): void {
  const rates = [2e-5, 3e-5, 5e-5, 1e-4];
  for (const [i, learningRate] of rates.entries()) {
    writeSampleRun(folder, { name: `mrpc-lr${learningRate}`, learningRate, seed: i + 1, batchSize: i % 2 ? 32 : 16 });
  }
  writeSampleRun(folder, { name: "mrpc-hot", learningRate: 6e-4, seed: 6, until: 130, status: "failed" });
  writeSampleRun(folder, { name: "mrpc-stopped", seed: 7, until: 350, status: "interrupted" });
  writeSampleRun(folder, {
    name: "glue/mnli",
    seed: 8,
    until: 420,
    status: "running",
    classes: ["entailment", "neutral", "contradiction"],
  });
}
