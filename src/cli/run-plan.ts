// A model trained or measured on a task other than text classification: its plan, the Trainer, and what is said before.
import { checkpointFolder } from "../checkpoint/index.js";
import { DatasetDict, loadDataset } from "../datasets/index.js";
import { fewShotFolder } from "../embeddings/index.js";
import { AutoConfig, taskOfArchitecture } from "../models/index.js";
import { type AdaptableModel, getPeftModel, holdsAdapter, type LoraOptions, readAdapterConfig } from "../peft/index.js";
import { ConfigError, DataError } from "../support/errors.js";
import { info } from "../support/log.js";
import {
  evaluationSplitsOf,
  loadFiles,
  loadOwnData,
  type PlanInputs,
  planTask,
  type TaskChoices,
  type TaskPlan,
  takeShots,
} from "../tasks/index.js";
import { AutoTokenizer } from "../tokenizers/index.js";
import { Trainer, type TrainingArguments } from "../trainer/index.js";
import { advisingFlags, type FileFlags, fileOptions } from "./data-flags.js";
import { attuneCommand } from "./invocation.js";
import { endEarly, printResults, sayAdapter } from "./report.js";
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
export async function loadForPlan(task: PlannedTask, source: PlanSource, choices: TaskChoices): Promise<DatasetDict> {
  const { data, dataset = "", config, seed, ...given } = source;
  const files = fileOptions(given);
  if (task === "few-shot-classification") {
    const own = { ...choices, files, problem: "classification" } as const;
    const raw =
      data === undefined ? await loadDataset(dataset, config) : await advisingFlags(() => loadOwnData(data, own));
    return seed === undefined ? raw : takeShots(raw, choices, seed);
  }
  const raw =
    data === undefined ? await loadDataset(dataset, config) : await advisingFlags(() => loadFiles(data, files));
  if (data === undefined || seed === undefined || evaluationSplitsOf(raw).length > 0) return raw;
  if (raw.train.length < 2) throw new DataError("there is one row only: nothing could be set aside for evaluation");
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
  const { seed } = run.argumentsWith(run.evalStrategy ?? "epoch"); // what is wrong with them is said before anything is loaded
  const raw = await loadForPlan(task, source, choices);
  if (!raw.has("train")) throw new DataError(`there is no split train among ${raw.splitNames.join(", ")}`);
  const [evaluated] = run.evalStrategy === "no" ? [] : evaluationSplitsOf(raw);
  const splits = evaluated === undefined ? ["train"] : ["train", evaluated];
  const tokenizer = await AutoTokenizer.fromPretrained(checkpoint, { revision });
  const inputs = { raw, checkpoint, revision, tokenizer, maxLength, choices, freshHead, seed, splits };
  const plan = await planTask(task, inputs);
  info(`${source.data ?? source.dataset}: ${plan.description}`);
  const evalDataset = evaluated === undefined ? undefined : plan.rows[evaluated];
  const args = run.argumentsWith(run.evalStrategy ?? (evalDataset === undefined ? "no" : "epoch"));
  const trainer = new Trainer({
    model: lora ? adapted(plan, lora) : plan.model,
    args,
    trainDataset: plan.rows.train,
    evalDataset,
    processingClass: tokenizer,
    dataCollator: plan.collator,
    computeMetrics: evalDataset === undefined ? undefined : plan.metricsOf(evaluated),
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
  const saves = args.saveStrategy !== "no";
  await plan.finish?.(saves && trainer.accelerator.isMainProcess ? args.outputDir : undefined);
  const last = trainer.state.logHistory.findLast((row) => row.eval_loss !== undefined);
  const measured = evaluated === undefined ? undefined : await plan.measure?.(evaluated);
  const more: Record<string, number> = { ...(last && plan.derived?.(last)), ...measured };
  for (const [name, value] of Object.entries(more)) console.log(`${name}: ${value.toFixed(4)}`);
  if (saves && Object.keys(more).length > 0) await trainer.saveMetrics("eval", more);
  if (saves)
    console.log(`\nThe model is in ${args.outputDir}. What next:\n  ${attuneCommand()} ${HINTS[task](args.outputDir)}`);
  return 0;
}

/** The plan's model with an adapter, which alone trains. */
function adapted({ model, adaptable }: TaskPlan, lora: LoraOptions): TaskPlan["model"] {
  const peft = getPeftModel(adaptable ?? (model as AdaptableModel), lora);
  sayAdapter(peft);
  return adaptable ? model : (peft as unknown as TaskPlan["model"]);
}

/** A command that tries the model. */
const HINTS: Readonly<Record<PlannedTask, (folder: string) => string>> = {
  "token-classification": (folder) => `predict --model ${folder} --text 'a sentence'`,
  "question-answering": (folder) => `predict --model ${folder} --text 'a question' --pair 'its context'`,
  "multiple-choice": (folder) => `predict --model ${folder} --text 'a text' --choices 'one way to go on|another'`,
  "fill-mask": (folder) => `predict --model ${folder} --text 'a sentence with [MASK] in it'`,
  "sentence-similarity": (folder) => `predict --model ${folder} --text 'a sentence' --pair 'another'`,
  "few-shot-classification": (folder) => `predict --model ${folder} --text 'a text'`,
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
  // what is learned when the Trainer is done is measured by itself
  const metrics: Record<string, number> = plan.finish ? {} : await trainer.evaluate(plan.rows[split]);
  return { ...metrics, ...plan.derived?.(metrics), ...(await plan.measure?.(split)) };
}

/** What adapters say of it, of which Python's peft writes no config.json. */
const ADAPTERS: Readonly<Record<string, TaskName>> = {
  SEQ_CLS: "text-classification",
  TOKEN_CLS: "token-classification",
  QUESTION_ANS: "question-answering",
};

/** The task of a trained model, by the head that its config.json names. @throws ConfigError where that tells none */
export async function taskOf(model: string, revision: string | undefined): Promise<TaskName> {
  const folder = await checkpointFolder(model, { revision });
  if (await holdsAdapter(folder)) {
    const { taskType } = (await readAdapterConfig(folder)).config;
    if (taskType !== undefined && Object.hasOwn(ADAPTERS, taskType)) return ADAPTERS[taskType];
  }
  const { architectures = [] } = await AutoConfig.fromPretrained(model, { revision });
  const task = taskOfArchitecture(architectures[0]);
  if (task === "feature-extraction")
    return (await fewShotFolder(model, { revision })) === undefined ? "sentence-similarity" : "few-shot-classification";
  if (task !== undefined) return task;
  throw new ConfigError(
    `${model} does not say what it is for (architectures ${JSON.stringify(architectures)}): say it with --task`,
  );
}
