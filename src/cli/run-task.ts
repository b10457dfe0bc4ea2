// A model trained on a task, as `train` and `glue` do it: tokens, head, Trainer, and what is said before and after.

import type { Dataset, DatasetDict } from "../datasets/index.js";
import { AutoModelForSequenceClassification } from "../models/index.js";
import { getPeftModel, type LoraOptions, PeftModel } from "../peft/index.js";
import { DataError } from "../support/errors.js";
import { info, warn } from "../support/log.js";
import { availableMemory, residentMemory } from "../support/memory.js";
import {
  checkData,
  describeForecast,
  evaluationName,
  forecastRun,
  headOptions,
  lengthLimit,
  type Task,
  tokenizeSplit,
} from "../tasks/index.js";
import { AutoTokenizer } from "../tokenizers/index.js";
import { type CardInfo, Trainer, type TrainingArguments, type TrainOutput } from "../trainer/index.js";
import { sayAdapter } from "./report.js";

export interface TaskRun {
  readonly checkpoint: string;
  /** Of the checkpoint; the main branch's where it is not said. */
  readonly revision?: string;
  readonly raw: DatasetDict;
  readonly task: Task;
  readonly args: TrainingArguments;
  readonly maxLength: number | undefined;
  readonly freshOptimizer: boolean;
  /** A head of another number of outputs starts anew. */
  readonly freshHead: boolean;
  /** Train an adapter, and nothing else of the model but its head. */
  readonly lora?: LoraOptions;
  readonly card: CardInfo;
  /** Look for what is wrong with the data, and forecast the run. */
  readonly examine: boolean;
}

/** Trains, and gives back the Trainer with what it reached. */
export async function runTask(run: TaskRun): Promise<{ trainer: Trainer; output: TrainOutput }> {
  const trainer = await trainerOf(run);
  const output = await trainer.train({ freshOptimizer: run.freshOptimizer });
  return { trainer, output };
}

/** The Trainer of a task, ready to train. */
export async function trainerOf(run: TaskRun): Promise<Trainer> {
  const { checkpoint, revision, raw, task, args } = run;
  if (!raw.has("train")) {
    throw new DataError(
      `there is no split train among ${raw.splitNames.join(", ")}: a model is trained elsewhere, and measured here`,
    );
  }
  const evaluations = task.evaluationSplits;
  if (run.examine) {
    const evaluated = evaluations.length > 0 ? raw.split(evaluations[0]) : undefined;
    for (const finding of checkData(raw.train, evaluated, task)) warn(finding);
  }
  const tokenizer = await AutoTokenizer.fromPretrained(checkpoint, { revision });
  const model = await AutoModelForSequenceClassification.fromPretrained(checkpoint, {
    ...(await headOptions(task, checkpoint, { revision })),
    revision,
    seed: args.seed,
    ignoreMismatchedSizes: run.freshHead,
  });
  const trained = run.lora ? getPeftModel(model, run.lora) : model;
  if (trained instanceof PeftModel) sayAdapter(trained);
  const limit = lengthLimit(run.maxLength, tokenizer, model.config);
  const tokenize = (split: string) => tokenizeSplit(raw, split, task, tokenizer, limit);
  const train = await tokenize("train");
  const evaluated: [string, Dataset][] = [];
  for (const split of evaluations) evaluated.push([evaluationName(split), await tokenize(split)]);
  const trainer = new Trainer({
    model: trained,
    args,
    trainDataset: train,
    evalDataset: evaluated.length > 1 ? Object.fromEntries(evaluated) : evaluated[0]?.[1],
    processingClass: tokenizer,
    computeMetrics: task.metric,
    card: run.card,
  });
  if (run.examine) {
    const forecast = await forecastRun({
      model: trained,
      args,
      tokenizer,
      train,
      loader: trainer.getTrainDataLoader(),
      evaluated: evaluated.map(([, dataset]) => dataset),
    });
    info(`forecast: ${describeForecast(forecast)}`);
    const there = availableMemory() + (residentMemory() ?? 0);
    if (forecast.bytes > there) {
      warn(
        `${(there / 1e9).toFixed(1)} GB of memory are free: a smaller --per-device-train-batch-size or --max-length needs less`,
      );
    }
  }
  return trainer;
}
