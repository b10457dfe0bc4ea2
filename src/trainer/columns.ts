// The columns of a dataset that a model takes, and its labels: what is left out is named, what is missing is an error.
import { ClassLabel, type Dataset, type Feature, Value } from "../datasets/index.js";
import { ConfigError, DataError, nearest } from "../support/errors.js";
import { infoOnce } from "../support/log.js";

function featureOf(dataset: Dataset<object>, column: string): Feature | undefined {
  return (dataset.features as Readonly<Record<string, Feature>>)[column];
}

/** Where labels may stand; collators rename the first two. */
export const labelColumns = ["label", "label_ids", "labels"] as const;

/** What a text model takes, where it does not say itself. */
const TEXT_INPUTS = ["input_ids", "attention_mask", "token_type_ids", "position_ids", "inputs_embeds"];

/** A model's configuration as far as labels go. */
export interface LabelConfig {
  id2label: Readonly<Record<number, string>>;
  label2id: Readonly<Record<string, number>>;
  problem_type?: string;
}

/**
 * The dataset with the columns that the model takes.
 * @param role What the dataset is, for messages: "trainDataset".
 * @throws DataError where there is no input_ids, or no column of labels though `labelsNeeded`, listing what there is.
 */
export function usableColumns(
  dataset: Dataset<object>,
  options: { role: string; inputNames?: readonly string[]; labelsNeeded: boolean; removeUnused: boolean },
): Dataset {
  const { role, labelsNeeded, removeUnused } = options;
  const names: readonly string[] = dataset.columnNames;
  const taken = [...(options.inputNames ?? TEXT_INPUTS), ...labelColumns];
  const textColumns = names.filter((name) => isText(featureOf(dataset, name)));
  if (!names.includes("input_ids") && taken.includes("input_ids")) {
    throw new DataError(
      `${role} has no column input_ids: its columns are ${list(names)}. Tokenize it first` +
        (textColumns.length > 0
          ? `: dataset.map((rows, { tokenizer }) => tokenizer(rows.${textColumns[0]}, { truncation: true }), { batched: true, with: { tokenizer } })`
          : ""),
    );
  }
  if (labelsNeeded && labelColumnOf(dataset) === undefined) throw noLabels(role, names, taken, textColumns);
  const unused = names.filter((name) => !taken.includes(name));
  if (!removeUnused || unused.length === 0) return dataset as Dataset;
  const line = `${role}: the model does not take ${list(unused)}; left out`;
  infoOnce(line, line);
  return (dataset as Dataset).removeColumns(unused);
}

function isText(feature: Feature | undefined): boolean {
  return feature instanceof Value && /string/.test(feature.dtype);
}

function noLabels(
  role: string,
  names: readonly string[],
  taken: readonly string[],
  texts: readonly string[],
): DataError {
  const candidates = names.filter((name) => !taken.includes(name) && !texts.includes(name));
  const likely = candidates.find((name) => nearest(name, labelColumns) !== undefined) ?? candidates[0];
  return new DataError(
    `${role} has no column of labels: the Trainer looks for "labels", "label" or "label_ids", and the columns are ${list(names)}. ` +
      (candidates.length > 0
        ? `Candidates are ${list(candidates)}: dataset.renameColumn(${JSON.stringify(likely)}, "labels")`
        : "Add the labels to it"),
  );
}

/** The name of the column that holds labels, if there is one. */
export function labelColumnOf(dataset: Dataset<object>): string | undefined {
  const names: readonly string[] = dataset.columnNames;
  return labelColumns.find((name) => names.includes(name));
}

/** The dataset without its column of labels, if it has one. */
export function withoutLabels(dataset: Dataset<object>): Dataset<object> {
  const column = labelColumnOf(dataset);
  return column === undefined ? dataset : (dataset as Dataset).removeColumns(column);
}

/** True where a label is -1: how GLUE's test splits and others say that they keep the answer. */
export function hasUnknownLabels(dataset: Dataset<object>): boolean {
  const column = labelColumnOf(dataset);
  if (column === undefined || !(featureOf(dataset, column) instanceof ClassLabel)) return false;
  return (dataset as Dataset).column(column).includes(-1);
}

/**
 * Gives a model the label names of its training data; names that the model has already must agree with them, since a
 * model that calls its classes otherwise than the data would be wrong in silence.
 * @throws ConfigError where the numbers of classes or the names differ.
 */
export function adoptLabelNames(config: LabelConfig, dataset: Dataset<object>, role: string): void {
  const column = labelColumnOf(dataset);
  const feature = column === undefined ? undefined : featureOf(dataset, column);
  if (!(feature instanceof ClassLabel) || config.problem_type === "regression") return;
  const theirs = feature.names;
  const ours = Object.keys(config.id2label)
    .sort((a, b) => Number(a) - Number(b))
    .map((id) => config.id2label[Number(id)]);
  if (ours.length !== theirs.length) {
    throw new ConfigError(
      `${role} has ${theirs.length} classes (${list(theirs)}), the model ${ours.length} outputs (${list(ours)}); ` +
        `load it with { numLabels: ${theirs.length} }`,
    );
  }
  if (ours.every((name, i) => name === `LABEL_${i}`)) {
    config.id2label = Object.fromEntries(theirs.map((name, i) => [i, name]));
    config.label2id = Object.fromEntries(theirs.map((name, i) => [name, i]));
    return;
  }
  const differs = ours.findIndex((name, i) => name.toLowerCase() !== theirs[i].toLowerCase());
  if (differs < 0) return;
  const known = new Set(ours.map((name) => name.toLowerCase()));
  const reordered = theirs.every((name) => known.has(name.toLowerCase()));
  throw new ConfigError(
    `class ${differs} is "${theirs[differs]}" in ${role} and "${ours[differs]}" in the model: ` +
      (reordered
        ? `the same names in another order. Map the labels to the model's order (${list(ours)})`
        : "the names differ") +
      `, or load the model with { id2label: [${list(theirs)}] } to train its head for these`,
  );
}

function list(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}
