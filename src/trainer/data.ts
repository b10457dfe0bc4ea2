// The Trainer's data: rows as the model takes them, with labels in the model's numbers, in the order that the arguments
// ask for.
import {
  type Batch,
  type Collator,
  collateFunction,
  DataLoader,
  LengthGroupedSampler,
  rowLengths,
  type Sampler,
} from "../batches/index.js";
import { type AnyRow, Dataset } from "../datasets/index.js";
import { DataError } from "../support/errors.js";
import { info } from "../support/log.js";
import type { TrainingArguments } from "./arguments.js";
import {
  hasLabels,
  hasUnknownLabels,
  type LabelConfig,
  matchLabelNames,
  namedLabels,
  renumberLabels,
  usableColumns,
} from "./columns.js";
import type { TrainableModel } from "./model.js";
import type { EvalDatasets } from "./options.js";

export type TrainerCollator = Collator<AnyRow, Batch>;

const PREFETCH_FACTOR = 2; // torch's prefetch_factor: batches that each worker has ready

/** Makes the loaders of a model's datasets. */
export class TrainerData {
  readonly #model: TrainableModel;
  readonly #args: TrainingArguments;
  readonly #collator: TrainerCollator;

  constructor(model: TrainableModel, args: TrainingArguments, collator: TrainerCollator) {
    this.#model = model;
    this.#args = args;
    this.#collator = collator;
  }

  /**
   * Batches of the training rows; for a seed in the order that Python's Trainer has, which knows no `maxTokensPerBatch`.
   * @throws DataError where a column is missing, there are no rows, or one has more tokens than a batch may
   */
  trainLoader(dataset: Dataset<object>, sampler?: Sampler): DataLoader<AnyRow, Batch> {
    const rows = this.#usable(dataset, "trainDataset", true);
    if (rows.length === 0) throw new DataError("Trainer.train: trainDataset has no rows");
    const args = this.#args;
    const collator = this.#collatorFor(rows, "trainDataset");
    const common = {
      batchSize: args.perDeviceTrainBatchSize,
      dropLast: args.dataloaderDropLast,
      prefetch: this.#prefetch,
      collator,
    };
    if (sampler) return new DataLoader(rows, { ...common, sampler });
    const seed = args.dataSeed ?? args.seed;
    if (args.maxTokensPerBatch !== undefined) {
      const { maxTokensPerBatch, trainSamplingStrategy } = args;
      const shuffle = trainSamplingStrategy === "random";
      return new DataLoader(rows, { prefetch: this.#prefetch, collator, maxTokensPerBatch, shuffle, seed });
    }
    switch (args.trainSamplingStrategy) {
      case "random":
        return new DataLoader(rows, { ...common, shuffle: true, seed });
      case "group_by_length": {
        const rowsOfStep = args.perDeviceTrainBatchSize * args.gradientAccumulationSteps;
        const grouped = new LengthGroupedSampler(rowLengths(rows), rowsOfStep, seed);
        return new DataLoader(rows, { ...common, sampler: grouped });
      }
      case "sequential":
        return new DataLoader(rows, common);
      default:
        return args.trainSamplingStrategy satisfies never;
    }
  }

  /** Batches of a dataset in its own order. */
  evalLoader(dataset: Dataset<object>, labelsNeeded: boolean): DataLoader<AnyRow, Batch> {
    const role = "the evaluation dataset";
    const rows = this.#usable(dataset, role, labelsNeeded);
    const collator = this.#collatorFor(rows, role);
    return new DataLoader(rows, { batchSize: this.#args.perDeviceEvalBatchSize, prefetch: this.#prefetch, collator });
  }

  /** Whether the labels of a dataset can be used. @throws DataError where they are needed and unknown */
  checkLabels(dataset: Dataset<object>, needed: boolean): boolean {
    if (!hasLabels(dataset, this.#model)) return false;
    this.matchLabelNames(dataset, "the evaluation dataset");
    if (!hasUnknownLabels(dataset)) return true;
    if (needed)
      throw new DataError(
        "the labels of the evaluation dataset are kept back (-1, as in GLUE's test splits): evaluate on a split that has them",
      );
    info("the labels of the dataset are kept back (-1): predicting without loss and metrics");
    return false;
  }

  /** As the function of that name, for a model that has label names. */
  matchLabelNames(dataset: Dataset<object>, role: string): readonly number[] | undefined {
    const { config } = this.#model;
    return config?.id2label && config.label2id ? matchLabelNames(config as LabelConfig, dataset, role) : undefined;
  }

  /** Batches made ahead: as many as Python's workers would hold, without the workers. */
  get #prefetch(): number {
    return Math.max(1, PREFETCH_FACTOR * this.#args.dataloaderNumWorkers);
  }

  #usable(dataset: Dataset<object>, role: string, labelsNeeded: boolean): Dataset {
    return usableColumns(dataset, this.#model, { role, labelsNeeded, removeUnused: this.#args.removeUnusedColumns });
  }

  /** The collator, for rows whose labels are the dataset's: they become the model's. */
  #collatorFor(dataset: Dataset, role: string): TrainerCollator {
    const classes = this.matchLabelNames(dataset, role);
    const column = namedLabels(dataset)?.column;
    if (!classes || column === undefined) return this.#collator;
    const collate = collateFunction(this.#collator);
    return (rows, context) => collate(rows.map((row) => renumberLabels(row, column, classes)) as AnyRow[], context);
  }
}

/** Datasets with their names; one alone has none. */
export function namedDatasets(
  datasets: EvalDatasets | undefined,
): readonly (readonly [string | undefined, Dataset<object>])[] {
  if (datasets === undefined) return [];
  return datasets instanceof Dataset
    ? [[undefined, datasets]]
    : Object.entries(datasets as Record<string, Dataset<object>>);
}
