// What `train` and `eval` share: a dataset from the flags, the task that it poses, and its tokens.
import {
  ClassLabel,
  type Dataset,
  type DatasetDict,
  type Feature,
  glueTask,
  isGlueConfig,
  loadDataset,
  Value,
} from "../datasets/index.js";
import { accuracy, combine, f1, glue, type Metric, pearsonr, spearmanr } from "../metrics/index.js";
import { DataError } from "../support/errors.js";
import { info } from "../support/log.js";
import type { PreTrainedTokenizer } from "../tokenizers/index.js";
import type { DataFlags } from "./data-flags.js";

/** What is asked of a model: which columns it reads, what it answers, how answers are measured. */
export interface Task {
  readonly textColumns: readonly [string] | readonly [string, string];
  readonly labelColumn: string;
  /** Names of the classes in order; empty for a regression. */
  readonly labelNames: readonly string[];
  readonly metric: Metric | undefined;
  /** The split that models are evaluated on, if the dataset has one. */
  readonly evaluationSplit: string | undefined;
}

/** Loads the dataset and finds its task. @throws as loadDataset; DataError where columns cannot be told */
export async function loadTask(flags: DataFlags): Promise<{ raw: DatasetDict; task: Task }> {
  const raw: DatasetDict = await loadDataset(flags.dataset ?? "", flags.config);
  const [name] = raw.splitNames;
  const task = findTask(raw, raw.has("train") ? raw.train : raw.split(name), flags);
  const kind = task.labelNames.length > 0 ? `classes ${task.labelNames.join(", ")}` : "a number";
  info(
    `${flags.dataset}${flags.config ? ` ${flags.config}` : ""}: text in ${task.textColumns.join(" and ")}, ${kind} in ${task.labelColumn}`,
  );
  return { raw, task };
}

function findTask(raw: DatasetDict, dataset: Dataset, flags: DataFlags): Task {
  const { config, textColumn, pairColumn, labelColumn } = flags;
  const names: readonly string[] = dataset.columnNames;
  if (config !== undefined && isGlueConfig(config) && !textColumn && !pairColumn && !labelColumn) {
    const { textColumns, labelNames, evaluationSplits } = glueTask(config);
    if (names.includes("label") && textColumns.every((column) => names.includes(column))) {
      return {
        textColumns,
        labelColumn: "label",
        labelNames,
        metric: config === "ax" ? undefined : glue(config),
        evaluationSplit: evaluationSplits.find((split) => raw.has(split)),
      };
    }
  }
  const label = existing(labelColumn, names, "--label-column") ?? findLabelColumn(dataset);
  const labelNames = namesOfLabels(dataset, label);
  return {
    textColumns: findTextColumns(dataset, flags),
    labelColumn: label,
    labelNames,
    metric: metricFor(labelNames.length),
    evaluationSplit: ["validation", "dev", "test"].find((split) => raw.has(split)),
  };
}

function metricFor(classes: number): Metric {
  if (classes === 0) return combine([pearsonr({ key: "pearson" }), spearmanr()]);
  return classes === 2 ? combine([accuracy(), f1()]) : accuracy();
}

function existing(name: string | undefined, names: readonly string[], flag: string): string | undefined {
  if (name === undefined || names.includes(name)) return name;
  throw new DataError(`${flag} ${name}: the dataset has no such column; its columns are ${names.join(", ")}`);
}

const PAIRS = [
  ["sentence1", "sentence2"],
  ["premise", "hypothesis"],
  ["question1", "question2"],
  ["question", "sentence"],
] as const;

function findTextColumns(dataset: Dataset, { textColumn, pairColumn }: DataFlags): Task["textColumns"] {
  const names: readonly string[] = dataset.columnNames;
  const first = existing(textColumn, names, "--text-column");
  const second = existing(pairColumn, names, "--pair-column");
  if (first !== undefined) return second === undefined ? [first] : [first, second];
  const texts = names.filter((name) => isText(dataset.features[name]));
  const pair = PAIRS.find((columns) => columns.every((column) => texts.includes(column)));
  if (pair) return pair;
  const usual = ["text", "sentence", "review", "content"].find((name) => texts.includes(name));
  if (usual !== undefined) return [usual];
  if (texts.length === 1) return [texts[0]];
  throw new DataError(
    texts.length === 0
      ? `the dataset has no column of text; its columns are ${names.join(", ")}`
      : `several columns hold text: ${texts.join(", ")}. Say which with --text-column, and --pair-column for a second one`,
  );
}

function isText(feature: Feature | undefined): boolean {
  return feature instanceof Value && /string/.test(feature.dtype);
}

function findLabelColumn(dataset: Dataset): string {
  const names: readonly string[] = dataset.columnNames;
  const usual = ["label", "labels"].find((name) => names.includes(name));
  const classes = names.filter((name) => dataset.features[name] instanceof ClassLabel);
  const found = usual ?? (classes.length === 1 ? classes[0] : undefined);
  if (found !== undefined) return found;
  throw new DataError(
    `no column is called label; say with --label-column which of ${names.join(", ")} holds the labels`,
  );
}

/** Names of a column's classes: those of its ClassLabel, LABEL_0 ... for integers; none for numbers with fractions. */
function namesOfLabels(dataset: Dataset, column: string): string[] {
  const feature = dataset.features[column];
  if (feature instanceof ClassLabel) return [...feature.names];
  const dtype = feature instanceof Value ? feature.dtype : "";
  if (/^(float|double)/.test(dtype)) return [];
  if (!/^u?int/.test(dtype)) {
    throw new DataError(
      `the label column ${column} is ${String(feature)}; integers (classes), a ClassLabel, or floats (a regression) are needed`,
    );
  }
  const labels = dataset.column(column) as readonly number[];
  const classes = labels.reduce((most, label) => Math.max(most, Number(label)), 0) + 1;
  return Array.from({ length: Math.max(2, classes) }, (_, i) => `LABEL_${i}`);
}

/** Choices of fromPretrained that give a model the task's outputs. */
export function headOptions({ labelNames }: Task): Record<string, unknown> {
  return labelNames.length === 0
    ? { numLabels: 1, problemType: "regression" }
    : { id2label: labelNames, problemType: "single_label_classification" };
}

/** A split as the model reads it: tokens, and labels under the name that models take. */
export async function tokenizeSplit(
  dataset: Dataset,
  task: Task,
  tokenizer: PreTrainedTokenizer,
  maxLength: number,
): Promise<Dataset> {
  const texts: readonly string[] = task.textColumns;
  const kept = dataset.selectColumns([...texts, task.labelColumn]);
  const tokenized: Dataset = await kept.map(
    (rows, context) => {
      const [first, second] = context.texts.map((name) => rows[name] as string[]);
      return context.tokenizer(first, second, { truncation: true, maxLength: context.maxLength, returnTensors: false });
    },
    { batched: true, with: { tokenizer, texts, maxLength }, removeColumns: [...texts] },
  );
  const full = tokenized.column("input_ids").filter((ids) => (ids as Int32Array).length >= maxLength).length;
  if (full > 0)
    info(`${full} of ${dataset.length} rows fill the ${maxLength} tokens that are read; what is longer was cut off`);
  return task.labelColumn === "labels" ? tokenized : tokenized.renameColumn(task.labelColumn, "labels");
}

/** The most tokens of a row: what the flags say, within what tokenizer and model take. */
export function lengthLimit(
  asked: number | undefined,
  tokenizer: PreTrainedTokenizer,
  config: { readonly max_position_embeddings?: unknown },
): number {
  const positions = config.max_position_embeddings;
  const limit = Math.min(tokenizer.modelMaxLength, typeof positions === "number" ? positions : Infinity);
  if (asked !== undefined && asked > limit)
    info(`--max-length ${asked} is more than the model takes; cutting texts to ${limit} tokens`);
  return Math.min(asked ?? limit, limit);
}
