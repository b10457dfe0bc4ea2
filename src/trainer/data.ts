// The Trainer's loaders: rows as the model takes them, in the order that the arguments ask for.
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
import type { TrainingArguments } from "./arguments.js";
import { namedLabels, renumberLabels } from "./columns.js";
import type { EvalDatasets } from "./options.js";

export type TrainerCollator = Collator<AnyRow, Batch>;

/** Batches of the training rows; for a seed in the order that Python's Trainer has. */
export function trainLoader(
  dataset: Dataset<object>,
  args: TrainingArguments,
  collator: TrainerCollator,
  sampler?: Sampler,
): DataLoader<AnyRow, Batch> {
  const common = { batchSize: args.perDeviceTrainBatchSize, dropLast: args.dataloaderDropLast, collator };
  if (sampler) return new DataLoader(dataset as Dataset, { ...common, sampler });
  const seed = args.dataSeed ?? args.seed;
  switch (args.trainSamplingStrategy) {
    case "random":
      return new DataLoader(dataset as Dataset, { ...common, shuffle: true, seed });
    case "group_by_length": {
      const rowsOfStep = args.perDeviceTrainBatchSize * args.gradientAccumulationSteps;
      const grouped = new LengthGroupedSampler(rowLengths(dataset as Dataset), rowsOfStep, seed);
      return new DataLoader(dataset as Dataset, { ...common, sampler: grouped });
    }
    case "sequential":
      return new DataLoader(dataset as Dataset, common);
    default:
      return args.trainSamplingStrategy satisfies never;
  }
}

/** Batches of a dataset in its own order. */
export function evalLoader(
  dataset: Dataset<object>,
  args: TrainingArguments,
  collator: TrainerCollator,
): DataLoader<AnyRow, Batch> {
  return new DataLoader(dataset as Dataset, { batchSize: args.perDeviceEvalBatchSize, collator });
}

/** The collator, for rows whose labels are the dataset's: they become the model's. */
export function renumbering(
  collator: TrainerCollator,
  dataset: Dataset<object>,
  classes: readonly number[] | undefined,
): TrainerCollator {
  const column = namedLabels(dataset)?.column;
  if (!classes || column === undefined) return collator;
  const collate = collateFunction(collator);
  return (rows, context) => collate(rows.map((row) => renumberLabels(row, column, classes)) as AnyRow[], context);
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
