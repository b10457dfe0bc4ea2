// Functions over several datasets: concatenateDatasets and interleaveDatasets.
import { Dataset } from "./dataset.js";
import { type ConcatenateOptions, concatenate } from "./verbs/concatenate.js";
import { type InterleaveOptions, interleave } from "./verbs/interleave.js";

/**
 * The rows of datasets one after another, or with `{ axis: 1 }` their columns side by side.
 *
 * @throws ConfigError where the list is empty; DataError where columns of one name differ in type or in the order of label
 * names, or lengths or names do not go together.
 */
export function concatenateDatasets<Row extends object>(
  datasets: readonly Dataset<Row>[],
  options?: ConcatenateOptions,
): Dataset<Row> {
  return new Dataset(concatenate(datasets.map(Dataset.tableOf), options));
}

/**
 * The rows of datasets by turns, in a circle or by chance: for a seed, those of Python's `interleave_datasets`.
 *
 * @throws as concatenateDatasets does, and ConfigError where options are wrong or would never end.
 */
export function interleaveDatasets<Row extends object>(
  datasets: readonly Dataset<Row>[],
  options?: InterleaveOptions,
): Dataset<Row> {
  return new Dataset(interleave(datasets.map(Dataset.tableOf), options));
}
