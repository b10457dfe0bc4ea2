// Does TensorBoard itself read the event files of a run: every scalar, the texts, the histograms?
//   npx tsx bench/tensorboard.ts
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { accuracy } from "../src/metrics/index.js";
import { Trainer } from "../src/trainer/index.js";
import { tinyModel, tokenized, tokenizer } from "../test/trainer/tiny.js";
import { peerPython } from "./peer.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const python = peerPython();

interface Read {
  readonly scalars: Readonly<Record<string, [step: number, value: number][]>>;
  readonly texts: Readonly<Record<string, string>>;
  readonly histograms: Readonly<Record<string, [step: number, num: number, min: number, max: number][]>>;
}

function same(what: string, found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return;
  throw new Error(`${what}: TensorBoard reads ${JSON.stringify(found)}, and the run has ${JSON.stringify(expected)}`);
}

const folder = mkdtempSync(join(tmpdir(), "attune-tensorboard-"));
try {
  const trainer = new Trainer({
    model: tinyModel(),
    trainDataset: tokenized(64),
    evalDataset: tokenized(16),
    processingClass: tokenizer,
    computeMetrics: accuracy(),
    args: {
      outputDir: folder,
      disableTqdm: true,
      saveStrategy: "no",
      reportTo: "tensorboard",
      histogramSteps: 8,
      evalStrategy: "steps",
      evalSteps: 4,
      loggingSteps: 1,
      maxSteps: 24,
    },
  });
  await trainer.train();
  const [run] = readdirSync(join(folder, "runs"));
  const reader = [`${here}peers/tensorboard_reader.py`, join(folder, "runs", run)];
  const read = JSON.parse(execFileSync(python, reader, { encoding: "utf8" })) as Read;
  const tagOf = (key: string) => (key.startsWith("eval_") ? key.replace("eval_", "eval/") : `train/${key}`);
  const logged: Record<string, [number, number][]> = {};
  for (const { step, epoch: _, ...row } of trainer.state.logHistory) {
    for (const [key, value] of Object.entries(row)) {
      const tag = tagOf(key);
      logged[tag] = [...(logged[tag] ?? []), [step, Math.fround(value)]];
    }
  }
  same("tags of scalars", Object.keys(read.scalars).sort(), Object.keys(logged).sort());
  for (const [tag, points] of Object.entries(logged)) same(tag, read.scalars[tag], points);
  same("arguments", JSON.parse(read.texts["args/text_summary"]), JSON.parse(JSON.stringify(trainer.args.toJSON())));
  const parameters = [...trainer.model.namedParameters()];
  for (const [name, { size }] of parameters) {
    for (const kind of ["weights", "gradients"]) {
      const found = read.histograms[`${kind}/${name.replaceAll(".", "/")}`] ?? [];
      same(
        `histograms of ${kind} ${name}`,
        found.map(([step, num]) => [step, num]),
        [8, 16, 24].map((step) => [step, size]),
      );
      if (!found.every(([, , min, max]) => min <= max)) throw new Error(`${kind} ${name}: minimum above maximum`);
    }
  }
  const points = Object.values(logged).reduce((sum, list) => sum + list.length, 0);
  console.log(
    `TensorBoard reads ${Object.keys(logged).length} scalars with ${points} points, 2 texts and ` +
      `${2 * parameters.length} histograms of 3 steps each, all as they were written`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
