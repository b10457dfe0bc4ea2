// A model trained or measured on a task other than text classification: its plan, the Trainer, and what is said before.
import { DatasetDict, loadDataset } from "../datasets/index.js";
import { AutoConfig, taskOfArchitecture } from "../models/index.js";
import { type AdaptableModel, getPeftModel, type LoraOptions } from "../peft/index.js";
import { ConfigError, DataError } from "../support/errors.js";
import { info } from "../support/log.js";
import {
  evaluationSplitsOf,
  loadFiles,
  type PlanInputs,
  planTask,
  type TaskChoices,
  type TaskPlan,
} from "../tasks/index.js";
import { AutoTokenizer } from "../tokenizers/index.js";
import { Trainer, type TrainingArguments } from "../trainer/index.js";
import { advisingFlags, type FileFlags, fileOptions } from "./data-flags.js";
import { endEarly, printResults } from "./report.js";
import type { TaskName } from "./task-flags.js";

/** The tasks that have plans. */
export type PlannedTask = Exclude<TaskName, "text-classification">;

/** Where rows come from. */
export interface PlanSource extends FileFlags {
  readonly data?: string;
  readonly dataset?: string;
  readonly config?: string;
  /** Of the rows that are set aside; without it none are. */
  readonly seed: number | undefined;
}

export interface PlannedTraining {
  readonly task: PlannedTask;
  readonly checkpoint: string;
  readonly revision: string | undefined;
  readonly source: PlanSource;
  /** The arguments, with a strategy of evaluation. */
  readonly argumentsWith: (evalStrategy: TrainingArguments["evalStrategy"]) => TrainingArguments;
  /** What was asked for; undefined: after each epoch where there is a split to evaluate on. */
  readonly evalStrategy: TrainingArguments["evalStrategy"] | undefined;
  readonly maxLength: number | undefined;
  readonly choices: TaskChoices;
  readonly freshOptimizer: boolean;
  readonly freshHead: boolean;
  readonly lora: LoraOptions | undefined;
}

/** The part of the rows that is set aside for evaluation where there is no split for it. */
const SHARE_SET_ASIDE = 0.1;

/** Loads a dataset or files; of files without a split to evaluate on a part of the rows is set aside. */
export async function loadForPlan({ data, dataset = "", config, seed, ...files }: PlanSource): Promise<DatasetDict> {
  const raw =
    data === undefined
      ? await loadDataset(dataset, config)
      : await advisingFlags(() => loadFiles(data, fileOptions(files)));
  if (data === undefined || seed === undefined || evaluationSplitsOf(raw).length > 0) return raw;
  const { train, test } = raw.train.trainTestSplit({
    testSize: Math.max(1, Math.round(raw.train.length * SHARE_SET_ASIDE)),
    seed,
  });
  info(`there is no split to evaluate on: ${test.length} of ${raw.train.length} rows are set aside (seed ${seed})`);
  return new DatasetDict({ train, validation: test });
}

/** Trains, and says what came of it. @returns the exit status */
export async function trainPlanned(run: PlannedTraining): Promise<number> {
  const { task, checkpoint, revision, choices, maxLength, freshHead, source, lora } = run;
  run.argumentsWith(run.evalStrategy ?? "epoch"); // what is wrong with them is said before anything is loaded
  const raw = await loadForPlan(source);
  if (!raw.has("train")) throw new DataError(`there is no split train among ${raw.splitNames.join(", ")}`);
  const [evaluated] = evaluationSplitsOf(raw);
  const args = run.argumentsWith(run.evalStrategy ?? (evaluated === undefined ? "no" : "epoch"));
  const measures = evaluated !== undefined && args.evalStrategy !== "no";
  const splits = measures ? ["train", evaluated] : ["train"];
  const tokenizer = await AutoTokenizer.fromPretrained(checkpoint, { revision });
  const plan = await planTask(task, {
    raw,
    checkpoint,
    revision,
    tokenizer,
    maxLength,
    choices,
    freshHead,
    seed: args.seed,
    splits,
  });
  info(`${source.data ?? source.dataset}: ${plan.description}`);
  const model = lora ? (getPeftModel(plan.model as AdaptableModel, lora) as unknown as TaskPlan["model"]) : plan.model;
  const trainer = new Trainer({
    model,
    args,
    trainDataset: plan.rows.train,
    evalDataset: measures ? plan.rows[evaluated] : undefined,
    processingClass: tokenizer,
    dataCollator: plan.collator,
    computeMetrics: measures ? plan.metricsOf(evaluated) : undefined,
    card: {
      baseModel: checkpoint,
      dataset: source.dataset,
      datasetConfig: source.config,
      datasetSplit: evaluated,
      task,
    },
  });
  const output = await trainer.train({ freshOptimizer: run.freshOptimizer });
  printResults(trainer, output);
  if (output.interrupted) return endEarly(trainer, output);
  const last = trainer.state.logHistory.findLast((row) => row.eval_loss !== undefined);
  const more = {
    ...(last && plan.derived?.(last)),
    ...(measures && (await plan.measure?.(evaluated))),
  };
  for (const [name, value] of Object.entries(more)) console.log(`${name}: ${value.toFixed(4)}`);
  if (args.saveStrategy !== "no")
    console.log(`\nThe model is in ${args.outputDir}. What next:\n  ${HINTS[task](args.outputDir)}`);
  return 0;
}

/** A command that tries the model. */
const HINTS: Readonly<Record<PlannedTask, (folder: string) => string>> = {
  "token-classification": (folder) => `attune predict --model ${folder} --text 'a sentence'`,
  "question-answering": (folder) => `attune predict --model ${folder} --text 'a question' --pair 'its context'`,
  "multiple-choice": (folder) => `attune eval --model ${folder} --dataset ...`,
  "fill-mask": (folder) => `attune predict --model ${folder} --text 'a sentence with [MASK] in it'`,
  "sentence-similarity": (folder) => `attune predict --model ${folder} --text 'a sentence' --pair 'another'`,
};

/** A trained model's figures on a split. */
export async function measurePlan(
  task: PlannedTask,
  source: Omit<PlanInputs, "tokenizer" | "splits" | "freshHead" | "seed"> & {
    readonly split: string | undefined;
    readonly batchSize: number;
  },
): Promise<Record<string, number>> {
  const { raw, checkpoint, revision, batchSize } = source;
  const split =
    source.split ?? evaluationSplitsOf(raw)[0] ?? (raw.splitNames.length === 1 ? raw.splitNames[0] : undefined);
  if (split === undefined) throw new DataError(`say with --split which of ${raw.splitNames.join(", ")} to measure on`);
  const tokenizer = await AutoTokenizer.fromPretrained(checkpoint, { revision });
  const plan = await planTask(task, { ...source, tokenizer, splits: [split], freshHead: false, seed: 42 });
  const trainer = new Trainer({
    model: plan.model,
    args: { perDeviceEvalBatchSize: batchSize, saveStrategy: "no" },
    processingClass: tokenizer,
    dataCollator: plan.collator,
    computeMetrics: plan.metricsOf(split),
  });
  const metrics = await trainer.evaluate(plan.rows[split]);
  return { ...metrics, ...plan.derived?.(metrics), ...(await plan.measure?.(split)) };
}

/** The task of a trained model, by the head that its config.json names. @throws ConfigError where that tells none */
export async function taskOf(model: string, revision: string | undefined): Promise<TaskName> {
  const { architectures = [] } = await AutoConfig.fromPretrained(model, { revision });
  const task = taskOfArchitecture(architectures[0]);
  if (task !== undefined) return task === "feature-extraction" ? "sentence-similarity" : task;
  throw new ConfigError(
    `${model} does not say what it is for (architectures ${JSON.stringify(architectures)}): say it with --task`,
  );
}
