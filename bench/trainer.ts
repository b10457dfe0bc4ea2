// Does Python's Trainer make the same run? From one saved checkpoint, head included, without dropout and with the same
// seed, both train on MRPC: losses, gradient norms and learning rates of every step are compared. Then each goes on from
// the checkpoint that the other wrote in the middle.
//   npx tsx bench/trainer.ts [--steps 100] [--python PATH]
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  DataCollatorWithPadding,
  type LogRow,
  Trainer,
  type TrainingOptions,
} from "attune";
import { type GlueRow, loadDataset } from "attune/datasets";
import { peerPython } from "./peer.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "100" },
    python: { type: "string" },
  },
});
const steps = Number(values.steps);
const half = Math.floor(steps / 2);
const glue = here("../../shared/hub/datasets/nyu-mll/glue");
const pretrained = here("../../shared/hub/models/sentence-transformers/all-MiniLM-L6-v2");
const interpreter = peerPython(values.python);

/**
 * Relative, of a step's loss. Each side's sums are in an order of its own; over the steps the weights drift apart by such
 * roundings.
 */
const LOSS_TOLERANCE = 1e-5;
const NORM_TOLERANCE = 1e-3; // a norm that is small beside its terms shows roundings sooner
const RATE_TOLERANCE = 1e-9; // float64 on both sides

const folder = await mkdtemp(join(tmpdir(), "attune-bench-trainer-"));
const start = join(folder, "start");
const settings: TrainingOptions = {
  maxSteps: steps,
  loggingSteps: 1,
  saveStrategy: "steps",
  saveSteps: half,
  learningRate: 5e-5,
  weightDecay: 0.01,
  warmupSteps: Math.floor(steps / 10),
  seed: 42,
  disableTqdm: true,
};

try {
  const tokenizer = await AutoTokenizer.fromPretrained(pretrained);
  const fresh = await AutoModelForSequenceClassification.fromPretrained(pretrained, {
    seed: 7,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
  });
  await fresh.savePretrained(start);
  await tokenizer.savePretrained(start);

  const ours = await attune("attune");
  const theirs = python("python");
  console.log(`Attune and ${theirs.name}, ${steps} steps of MRPC from one checkpoint, dropout 0, seed 42`);
  compare("all steps", ours, theirs.log);
  const pythonFromOurs = python("python-from-attune", join(folder, "attune", `checkpoint-${half}`));
  compare(`Python goes on from Attune's checkpoint-${half}`, ours, pythonFromOurs.log);
  compare(
    `Attune goes on from Python's checkpoint-${half}`,
    await attune("attune-from-python", join(folder, "python", `checkpoint-${half}`)),
    theirs.log,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function attune(run: string, resumeFromCheckpoint?: string): Promise<readonly LogRow[]> {
  const raw = await loadDataset<GlueRow<"mrpc">>(glue, "mrpc");
  const tokenizer = await AutoTokenizer.fromPretrained(start);
  const tokenized = await raw.train.map(
    (rows, { tokenizer }) => tokenizer(rows.sentence1, rows.sentence2, { truncation: true }),
    { batched: true, with: { tokenizer } },
  );
  const trainer = new Trainer({
    model: await AutoModelForSequenceClassification.fromPretrained(start),
    args: { ...settings, outputDir: join(folder, run) },
    trainDataset: tokenized,
    dataCollator: new DataCollatorWithPadding(tokenizer),
    processingClass: tokenizer,
  });
  await trainer.train({ resumeFromCheckpoint: resumeFromCheckpoint ?? false });
  return trainer.state.logHistory;
}

function python(run: string, resume?: string): { name: string; log: readonly LogRow[] } {
  const request = {
    model: start,
    dataset: join(glue, "mrpc", "train-00000-of-00001.parquet"),
    arguments: {
      output_dir: join(folder, run),
      max_steps: steps,
      logging_steps: 1,
      save_strategy: "steps",
      save_steps: half,
      learning_rate: settings.learningRate,
      weight_decay: settings.weightDecay,
      warmup_steps: settings.warmupSteps,
      seed: settings.seed,
      disable_tqdm: true,
      report_to: "none",
    },
    resume: resume ?? null,
  };
  const peer = spawnSync(interpreter, [here("peers/python_trainer.py")], {
    input: JSON.stringify(request),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    env: { ...process.env, HF_HUB_OFFLINE: "1", HF_DATASETS_CACHE: join(folder, "cache") },
  });
  if (peer.status !== 0) throw new Error(`Python's Trainer failed:\n${peer.stderr}`);
  return JSON.parse(peer.stdout.trim().split("\n").at(-1) ?? "");
}

/** Prints the largest differences over the steps that both logs have, and fails where one is too large. */
function compare(what: string, ours: readonly LogRow[], theirs: readonly LogRow[]): void {
  const theirSteps = new Map(theirs.filter((row) => row.loss !== undefined).map((row) => [row.step, row]));
  const worst = { loss: { value: 0, step: 0 }, grad_norm: { value: 0, step: 0 }, learning_rate: { value: 0, step: 0 } };
  let compared = 0;
  for (const row of ours) {
    const other = theirSteps.get(row.step);
    if (row.loss === undefined || !other) continue;
    compared++;
    for (const key of Object.keys(worst) as (keyof typeof worst)[]) {
      const difference = Math.abs(row[key] - other[key]) / Math.max(Math.abs(other[key]), 1e-12);
      if (!(difference <= worst[key].value)) worst[key] = { value: difference, step: row.step };
    }
  }
  const shown = Object.entries(worst).map(
    ([key, { value, step }]) => `${key} ${value.toExponential(1)} (step ${step})`,
  );
  console.log(`${what}: ${compared} steps, largest relative differences: ${shown.join(", ")}`);
  const fits =
    compared > 0 &&
    worst.loss.value <= LOSS_TOLERANCE &&
    worst.grad_norm.value <= NORM_TOLERANCE &&
    worst.learning_rate.value <= RATE_TOLERANCE;
  if (!fits) {
    console.error("more than roundings");
    process.exitCode = 1;
  }
}
