// README.md of a trained model: the model card that the Hub and people read, in the form of Python's Trainer
// (transformers: modelcard.py).
import { stringify } from "yaml";
import { version } from "../support/version.js";
import type { TrainingArguments, trainingFields } from "./arguments.js";
import { showNumber, snakeCase } from "./fields.js";
import type { LogRow } from "./state.js";

/** What the Trainer cannot know of itself. */
export interface CardInfo {
  /** The checkpoint that training started from: a name on the Hub, or a folder. */
  readonly baseModel?: string;
  /** The dataset, as given to loadDataset. */
  readonly dataset?: string;
  readonly datasetConfig?: string;
  /** The split that evaluations are on: "validation". */
  readonly datasetSplit?: string;
  /** The Hub's name of the task: "text-classification". With it and the dataset, results are listed on the Hub. */
  readonly task?: string;
  readonly license?: string;
  /** ISO codes: "en". */
  readonly language?: string | readonly string[];
}

interface CardContent extends CardInfo {
  readonly name: string;
  /** Default "transformers". */
  readonly library?: string;
  readonly args: TrainingArguments;
  readonly log: readonly LogRow[];
}

const HYPERPARAMETERS = [
  "learningRate",
  "perDeviceTrainBatchSize",
  "perDeviceEvalBatchSize",
  "maxTokensPerBatch",
  "gradientAccumulationSteps",
  "seed",
  "adamBeta1",
  "adamBeta2",
  "adamEpsilon",
  "weightDecay",
  "maxGradNorm",
  "lrSchedulerType",
  "warmupSteps",
  "numTrainEpochs",
] as const satisfies readonly (keyof typeof trainingFields)[];

/** The text of the card. */
export function modelCard(content: CardContent): string {
  const { name, args, log, baseModel, dataset, datasetConfig } = content;
  const last = log.findLast(isEvaluation);
  const metrics = Object.keys(last ?? {}).filter((key) => isMetric(key) && key !== "eval_loss");
  const data = [dataset, datasetConfig].filter((part) => part !== undefined).join(", ");
  const base = isHubId(baseModel) ? `[${baseModel}](https://huggingface.co/${baseModel})` : baseModel;
  const from = `This model is a fine-tuned version of ${base ?? "a pretrained model"}${data && ` on ${data}`}.`;
  const sections = [
    `---\n${stringify(metadata(content, last, metrics))}---`,
    `# ${name}`,
    last ? `${from} On the evaluation set it reached:\n\n${listResults(last, metrics)}` : from,
    "## Training procedure",
    `### Training hyperparameters\n\n${listArguments(args)}`,
    ...(last ? [`### Training results\n\n${resultsTable(log)}`] : []),
    `### Framework versions\n\n- Attune ${version}\n- Node.js ${process.versions.node}`,
  ];
  return `${sections.join("\n\n")}\n`;
}

/** The YAML that the Hub reads. Fields that it would not accept, such as a folder's path for a model, are left out. */
function metadata(content: CardContent, last: LogRow | undefined, metrics: readonly string[]): Record<string, unknown> {
  const { name, baseModel, dataset, license, language } = content;
  return {
    library_name: content.library ?? "transformers",
    ...(language === undefined ? {} : { language }),
    ...(license === undefined ? {} : { license }),
    ...(isHubId(baseModel) ? { base_model: baseModel } : {}),
    tags: ["generated_from_trainer", "attune"],
    ...(isHubId(dataset) ? { datasets: [dataset] } : {}),
    ...(metrics.length > 0 ? { metrics: metrics.map(shorten) } : {}),
    "model-index": [{ name, results: results(content, last, metrics) }],
  };
}

/** The entry of model-index; none where task, dataset or metrics are not known, since the Hub refuses parts of one. */
function results(
  { task, dataset, datasetConfig, datasetSplit }: CardContent,
  last: LogRow | undefined,
  metrics: readonly string[],
): object[] {
  if (task === undefined || !isHubId(dataset) || last === undefined || metrics.length === 0) return [];
  const taskName = title(task.replaceAll("-", "_"));
  const config = datasetConfig === undefined ? {} : { config: datasetConfig, args: datasetConfig };
  const split = datasetSplit === undefined ? {} : { split: datasetSplit };
  return [
    {
      task: { name: taskName, type: task },
      dataset: { name: dataset, type: dataset, ...config, ...split },
      metrics: metrics.map((key) => ({ name: title(key), type: shorten(key), value: last[key] })),
    },
  ];
}

/** What the run was made with; batches of tokens have no number of rows. */
function listArguments(args: TrainingArguments): string {
  const left = args.maxTokensPerBatch === undefined ? "maxTokensPerBatch" : "perDeviceTrainBatchSize";
  return HYPERPARAMETERS.filter((key) => key !== left)
    .map((key) => `- ${snakeCase(key)}: ${show(args[key] ?? "")}`)
    .join("\n");
}

function show(value: string | number): string {
  return typeof value === "number" ? showNumber(value) : value;
}

function listResults(row: LogRow, metrics: readonly string[]): string {
  return ["eval_loss", ...metrics]
    .flatMap((key) => (row[key] === undefined ? [] : [key]))
    .map((key) => `- ${title(key)}: ${row[key].toFixed(4)}`)
    .join("\n");
}

/** A row for each evaluation, with the training loss logged last before it. */
export function resultsTable(log: readonly LogRow[]): string {
  const keys = Object.keys(log.findLast(isEvaluation) ?? {}).filter(isMetric);
  const head = [
    "Training Loss",
    "Epoch",
    "Step",
    ...keys.map((key) => (key === "eval_loss" ? "Validation Loss" : title(key))),
  ];
  let trainingLoss = "No log";
  const rows: string[][] = [];
  for (const row of log) {
    if (row.loss !== undefined) trainingLoss = row.loss.toFixed(4);
    if (!isEvaluation(row)) continue;
    const figures = keys.map((key) => row[key]?.toFixed(4) ?? "");
    rows.push([trainingLoss, row.epoch.toFixed(2), String(row.step), ...figures]);
  }
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** True for a row of the log that an evaluation made, on one dataset or on several with names. */
export function isEvaluation(row: LogRow): boolean {
  return Object.keys(row).some((key) => /^eval_(.+_)?loss$/.test(key));
}

const TIMINGS = /_(runtime|samples_per_second|steps_per_second)$/;

/** True for what an evaluation measured, beside how long it took. */
export function isMetric(key: string): boolean {
  return key.startsWith("eval_") && !TIMINGS.test(key);
}

function shorten(key: string): string {
  return key.replace(/^eval_/, "");
}

/** eval_matthews_correlation -> Matthews Correlation. */
function title(key: string): string {
  return shorten(key)
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
}

/** A folder's path would mean nothing on the Hub, which checks these fields. */
function isHubId(name: string | undefined): name is string {
  return name !== undefined && /^[\w][\w.-]*(\/[\w][\w.-]*)?$/.test(name);
}
