// All tasks of GLUE, on small files of the Hub's layout: columns, labels, problem, metric and splits are each task's own.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ClassLabel, Dataset, type GlueConfig, glueTasks } from "../../src/datasets/index.js";
import { sentences, temporaryFolder } from "../trainer/tiny.js";
import { attune, writeCheckpoint } from "./run.js";

const folder = temporaryFolder("glue");
const [model, dataset, output] = ["model", "glue", "runs"].map((name) => join(folder, name));
const json = (...path: string[]) => JSON.parse(readFileSync(join(output, ...path), "utf8"));

/** GLUE's tasks as FACTS of the benchmark have them (gluebenchmark.com): metric, columns, classes in their order. */
const tasks = {
  cola: [["matthews_correlation"], ["sentence"], ["unacceptable", "acceptable"]],
  sst2: [["accuracy"], ["sentence"], ["negative", "positive"]],
  mrpc: [
    ["accuracy", "f1"],
    ["sentence1", "sentence2"],
    ["not_equivalent", "equivalent"],
  ],
  stsb: [["pearson", "spearmanr"], ["sentence1", "sentence2"], []],
  qqp: [
    ["accuracy", "f1"],
    ["question1", "question2"],
    ["not_duplicate", "duplicate"],
  ],
  mnli: [
    ["matched_accuracy", "mismatched_accuracy"],
    ["premise", "hypothesis"],
    ["entailment", "neutral", "contradiction"],
  ],
  qnli: [["accuracy"], ["question", "sentence"], ["entailment", "not_entailment"]],
  rte: [["accuracy"], ["sentence1", "sentence2"], ["entailment", "not_entailment"]],
  wnli: [["accuracy"], ["sentence1", "sentence2"], ["not_entailment", "entailment"]],
} as const;

async function writeTask(config: GlueConfig, split: string, count: number, known = true): Promise<void> {
  const { textColumns, labelNames } = glueTasks[config];
  const names: readonly string[] = labelNames;
  const texts = sentences(count).map(({ text }) => text);
  const columns: Record<string, unknown[]> = {};
  for (const [i, column] of textColumns.entries())
    columns[column] = texts.map((_, row) => texts[(row + 3 * i) % count]);
  columns.label = texts.map((_, i) => (known ? (names.length > 0 ? i % names.length : ((i * 7) % 11) / 2) : -1));
  columns.idx = texts.map((_, i) => i);
  const features = names.length > 0 ? { label: new ClassLabel({ names }) } : {};
  mkdirSync(join(dataset, config), { recursive: true });
  const rows = Dataset.fromColumns(columns as Record<string, unknown[]>, { features });
  await rows.toParquet(join(dataset, config, `${split}-00000-of-00001.parquet`));
}

beforeAll(async () => {
  await writeCheckpoint(model);
  for (const config of Object.keys(tasks) as (keyof typeof tasks)[]) {
    await writeTask(config, "train", 12);
    const splits = config === "mnli" ? ["validation_matched", "validation_mismatched"] : ["validation"];
    for (const split of splits) await writeTask(config, split, 9);
    await writeTask(config, config === "mnli" ? "test_matched" : "test", 4, false);
  }
  await writeTask("ax", "test", 5, false);
});

describe("attune glue", () => {
  it("trains on every task and prints the table", async () => {
    const flags = ["--max-steps", "2", "--save-strategy", "epoch", "--save-only-model", "--save-total-limit", "1"];
    const { status, stdout, stderr } = await attune([
      "glue",
      "--model",
      model,
      "--dataset",
      dataset,
      "--output",
      output,
      ...flags,
    ]);
    expect(status, stderr).toBe(0);
    const results = json("glue_results.json");
    expect(Object.keys(results)).toEqual(Object.keys(tasks));
    for (const [task, [metrics]] of Object.entries(tasks)) {
      expect(
        Object.keys(results[task]).filter((key) => key !== "seconds"),
        task,
      ).toEqual(metrics);
      expect(stdout).toMatch(new RegExp(`^\\| ${task} +\\| ${metrics[0]} `, "m"));
    }
    expect(stdout).toMatch(/^\| mean +\| -?\d\.\d{4} +\| \d+ s/m);
  });

  it("with each task's labels and problem", () => {
    for (const [task, [, , labels]] of Object.entries(tasks)) {
      const { id2label, problem_type: problem } = json(task, "config.json");
      expect(problem).toBe(labels.length > 0 ? "single_label_classification" : "regression");
      if (labels.length > 0) expect(Object.values(id2label)).toEqual(labels);
      else expect(Object.keys(id2label)).toEqual(["0"]);
    }
    expect(readFileSync(join(output, "mnli", "README.md"), "utf8")).toContain(
      "| Matched Loss | Matched Accuracy | Mismatched Loss |",
    );
  });

  it("and answers the diagnostic rows with the model of mnli", () => {
    const lines = readFileSync(join(output, "AX.tsv"), "utf8").trim().split("\n");
    expect(lines[0]).toBe("index\tprediction");
    expect(lines.length).toBe(6);
    for (const [i, line] of lines.slice(1).entries())
      expect(line).toMatch(new RegExp(`^${i}\t(entailment|neutral|contradiction)$`));
  });

  it("compares two runs: alike but for the task, they differ in data and results", async () => {
    const { status, stdout } = await attune(["diff", join(output, "rte"), join(output, "wnli")]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^\| data\.train\.fingerprint +\|/m);
    expect(stdout).toMatch(/^\| model\.config\.id2label\.0 +\| entailment +\| not_entailment +\|/m);
    expect(stdout).toContain("\nTraining losses are equal wherever both have logged one."); // their classes differ in name alone
    const parted = await attune(["diff", join(output, "rte"), join(output, "mnli")]);
    expect(parted.stdout).toMatch(
      /^Logged training losses differ from the first on: at step 1 they are \S+ and \S+\.$/m,
    );
    const same = await attune(["diff", join(output, "rte"), join(output, "rte")]);
    expect([same.status, same.stdout]).toEqual([0, expect.stringContaining("Made alike")]);
    const none = await attune(["diff", join(output, "rte"), folder]);
    expect([none.status, none.stderr]).toEqual([1, expect.stringMatching(/attune_run\.json cannot be read/)]);
  });

  it("refuses a task that is none, and one that the dataset lacks if it was named", async () => {
    const unknown = await attune(["glue", "--model", model, "--tasks", "mrpc,cole"]);
    expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringContaining('"cole" is not a task of GLUE')]);
    const own = ["train", "--model", model, "--dataset", dataset, "--config", "ax", "--output", join(folder, "ax")];
    const ax = await attune(own);
    expect([ax.status, ax.stderr]).toEqual([1, expect.stringContaining("there is no split train among test")]);
  });
});
