// Functions over several datasets, stored or streamed: concatenateDatasets and interleaveDatasets.
import { randomInt } from "node:crypto";
import { ConfigError, DataError } from "../support/errors.js";
import { Dataset } from "./dataset.js";
import { describeFeature, type Feature, type StructFeature } from "./features.js";
import { IterableDataset } from "./streaming/iterable-dataset.js";
import { ChainedStream, InterleavedStream } from "./streaming/several.js";
import { type ConcatenateOptions, concatenate } from "./verbs/concatenate.js";
import { checkInterleave, type InterleaveOptions, interleave } from "./verbs/interleave.js";

/**
 * The rows of datasets one after another, or with `{ axis: 1 }` their columns side by side, for which they are stored.
 *
 * @throws ConfigError where the list is empty, or stored and streamed datasets stand in it; DataError where columns of one
 * name differ in type or in the order of label names, or lengths or names do not go together.
 */
export function concatenateDatasets<Row extends object>(
  datasets: readonly Dataset<Row>[],
  options?: ConcatenateOptions,
): Dataset<Row>;
export function concatenateDatasets<Row extends object>(
  datasets: readonly IterableDataset<Row>[],
): IterableDataset<Row>;
export function concatenateDatasets(
  datasets: readonly (Dataset | IterableDataset)[],
  options: ConcatenateOptions = {},
): Dataset | IterableDataset {
  if (!areStreamed(datasets)) return new Dataset(concatenate(datasets.map(Dataset.tableOf), options));
  if (options.axis === 1)
    throw new ConfigError("concatenateDatasets: streamed datasets cannot stand side by side (axis 1)");
  const parts = datasets.map(IterableDataset.streamOf);
  return new IterableDataset(new ChainedStream(parts.map(({ stream }) => stream)), commonFeatures(parts));
}

/**
 * The rows of datasets by turns, in a circle or by chance: for a seed, those of Python's `interleave_datasets`. A circle
 * of streamed datasets that ends with the first of them ends at once, one of stored datasets with the round, as in Python.
 *
 * @throws as concatenateDatasets does, and ConfigError where options are wrong or would never end.
 */
export function interleaveDatasets<Row extends object>(
  datasets: readonly Dataset<Row>[],
  options?: InterleaveOptions,
): Dataset<Row>;
export function interleaveDatasets<Row extends object>(
  datasets: readonly IterableDataset<Row>[],
  options?: InterleaveOptions,
): IterableDataset<Row>;
export function interleaveDatasets(
  datasets: readonly (Dataset | IterableDataset)[],
  options: InterleaveOptions = {},
): Dataset | IterableDataset {
  if (!areStreamed(datasets)) return new Dataset(interleave(datasets.map(Dataset.tableOf), options));
  checkInterleave(datasets.length, options);
  const { probabilities, seed = randomInt(2 ** 32), stoppingStrategy = "first_exhausted" } = options;
  const never = probabilities?.indexOf(0) ?? -1;
  if (never !== -1 && stoppingStrategy !== "first_exhausted") {
    throw new ConfigError(
      `interleaveDatasets: dataset ${never} has probability 0, so it is never exhausted: leave it out`,
    );
  }
  const parts = datasets.map(IterableDataset.streamOf);
  const streams = parts.map(({ stream }) => stream);
  const turns = { probabilities, seed, stoppingStrategy };
  return new IterableDataset(new InterleavedStream(streams, turns), commonFeatures(parts));
}

function areStreamed(datasets: readonly object[]): datasets is readonly IterableDataset[] {
  const streamed = datasets.filter((dataset) => dataset instanceof IterableDataset).length;
  if (streamed === 0) return false;
  if (streamed === datasets.length) return true;
  throw new ConfigError(
    "stored and streamed datasets stand in one list: dataset.toIterableDataset() makes one of the other",
  );
}

/** The features that streams have in common, null giving way to others; undefined where one does not know its own. */
function commonFeatures(parts: readonly { features: StructFeature | undefined }[]): StructFeature | undefined {
  const common: Record<string, Feature> = {};
  for (const { features } of parts) {
    if (features === undefined) return undefined;
    for (const [name, feature] of Object.entries(features)) {
      const [found, before] = [describeFeature(feature), describeFeature(common[name] ?? feature)];
      if (found !== before && found !== NULL && before !== NULL) {
        throw new DataError(
          `column "${name}" is ${found} in one dataset, ${before} in another: cast or align one of them`,
        );
      }
      if (!Object.hasOwn(common, name) || before === NULL) common[name] = feature;
    }
  }
  return common;
}

const NULL = 'Value("null")';
