// The work of `attune glue`: task after task, and the table.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type DatasetDict, glueTask } from "../datasets/index.js";
import { AutoModelForSequenceClassification } from "../models/index.js";
import { writeFileAtomic } from "../support/atomic.js";
import { ConfigError, DataError } from "../support/errors.js";
import { info, warn } from "../support/log.js";
import { findTask, lengthLimit, tokenizeSplit } from "../tasks/index.js";
import { AutoTokenizer } from "../tokenizers/index.js";
import { isEvaluation, isMetric } from "../trainer/card.js";
import { Trainer, type TrainingArguments } from "../trainer/index.js";
import { loadTask } from "./data.js";
import { exitStatus, table } from "./report.js";
import { runTask } from "./run-task.js";

export interface GlueRun {
  readonly checkpoint: string;
  readonly revision: string | undefined;
  readonly dataset: string;
  readonly output: string;
  readonly tasks: readonly string[];
  /** No task was named: those that the dataset lacks are left out. */
  readonly everyTask: boolean;
  readonly argumentsOf: (task: string) => TrainingArguments;
  readonly maxLength: number | undefined;
  readonly freshOptimizer: boolean;
}

interface Result {
  readonly task: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** Trains on each task, writes glue_results.json, and prints the table. @returns the exit status */
export async function runGlue(run: GlueRun): Promise<number> {
  const results: Result[] = [];
  const missing: string[] = [];
  for (const name of run.tasks) {
    const loaded = await load(run, name);
    if (loaded === undefined) {
      missing.push(name);
      continue;
    }
    if (name === "ax") {
      await answerDiagnostic(run, loaded.raw);
      continue;
    }
    info(`GLUE, ${name}: ${loaded.raw.train.length} rows to train on`);
    const args = run.argumentsOf(name);
    const { trainer, output } = await runTask({
      ...loaded,
      args,
      checkpoint: run.checkpoint,
      revision: run.revision,
      maxLength: run.maxLength,
      freshOptimizer: run.freshOptimizer,
      freshHead: true,
      card: {
        baseModel: run.checkpoint,
        dataset: run.dataset === "glue" ? "nyu-mll/glue" : run.dataset,
        datasetConfig: name,
        datasetSplit: loaded.task.evaluationSplits[0],
        task: "text-classification",
      },
      examine: false,
    });
    if (output.interrupted) return exitStatus(output);
    const row = trainer.state.logHistory.findLast(isEvaluation) ?? (await trainer.evaluate());
    const metrics = Object.entries(row).filter(([key]) => isMetric(key) && !/loss$/.test(key));
    results.push({
      task: name,
      metrics: Object.fromEntries(metrics.map(([key, value]) => [key.replace(/^eval_/, ""), value])),
      seconds: output.metrics.train_runtime,
    });
    await writeResults(run.output, results);
  }
  if (missing.length > 0) info(`${run.dataset} has no ${missing.join(", ")}: left out`);
  if (results.length === 0) throw new DataError(`${run.dataset} has none of ${run.tasks.join(", ")}`);
  console.log(
    `\n${resultsTable(results)}\n\nIn ${join(run.output, "glue_results.json")}, each model in the folder of its task.`,
  );
  return 0;
}

async function load(run: GlueRun, name: string): Promise<Awaited<ReturnType<typeof loadTask>> | undefined> {
  try {
    return await loadTask({ ...noColumns, dataset: run.dataset, config: name });
  } catch (error) {
    if (run.everyTask && error instanceof ConfigError) return undefined;
    throw error;
  }
}

const noColumns = { textColumn: undefined, pairColumn: undefined, labelColumn: undefined, maxLength: undefined };

/** The answers of mnli's model to the diagnostic rows, as GLUE's site takes them: index, tab, the class's name. */
async function answerDiagnostic(run: GlueRun, raw: DatasetDict): Promise<void> {
  const folder = join(run.output, "mnli");
  const model = await AutoModelForSequenceClassification.fromPretrained(folder).catch(() => undefined);
  if (!model) {
    warn(`ax is answered by the model of mnli, and ${folder} holds none: left out`);
    return;
  }
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const task = findTask(raw, "ax");
  const limit = lengthLimit(run.maxLength, tokenizer, model.config);
  const tokenized = await tokenizeSplit(raw, "test", task, tokenizer, limit);
  const trainer = new Trainer({
    model,
    args: { saveStrategy: "no", perDeviceEvalBatchSize: 32 },
    processingClass: tokenizer,
  });
  const { predictions } = await trainer.predict(tokenized.removeColumns("labels"));
  const { labelNames } = glueTask("ax");
  const classes = predictions.shape[1];
  const answers = Array.from({ length: predictions.shape[0] }, (_, row) => {
    const logits = Array.from({ length: classes }, (__, i) => predictions.data[row * classes + i]);
    return `${row}\t${model.config.id2label[logits.indexOf(Math.max(...logits))] ?? labelNames[0]}`;
  });
  await writeFileAtomic(join(run.output, "AX.tsv"), `index\tprediction\n${answers.join("\n")}\n`);
  info(`answers to ax are in ${join(run.output, "AX.tsv")}`);
}

async function writeResults(output: string, results: readonly Result[]): Promise<void> {
  await mkdir(output, { recursive: true });
  const content = Object.fromEntries(results.map(({ task, metrics, seconds }) => [task, { ...metrics, seconds }]));
  await writeFileAtomic(join(output, "glue_results.json"), `${JSON.stringify(content, null, 2)}\n`);
}

/** GLUE's own score is the mean over tasks of the mean over a task's figures. */
function resultsTable(results: readonly Result[]): string {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const rows = results.map(({ task, metrics, seconds }) => [
    task,
    Object.entries(metrics)
      .map(([key, value]) => `${key} ${value.toFixed(4)}`)
      .join(", "),
    `${Math.round(seconds)} s`,
  ]);
  const scores = results.map(({ metrics }) => mean(Object.values(metrics)));
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  return table([
    ["Task", "Validation", "Time"],
    ...rows,
    ["mean", mean(scores).toFixed(4), `${Math.round(seconds)} s`],
  ]);
}
