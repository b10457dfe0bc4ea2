// The columns of a dataset that a model takes, and its labels: what is left out is named, what is missing is an error.
import { ClassLabel, type Dataset, type Feature, List, Value } from "../datasets/index.js";
import { ConfigError, DataError, nearest } from "../support/errors.js";
import { infoOnce } from "../support/log.js";

function featureOf(dataset: Dataset<object>, column: string): Feature | undefined {
  return (dataset.features as Readonly<Record<string, Feature>>)[column];
}

/** Where labels may stand for a model that takes `labels`: collators rename the other two. */
const LABEL_COLUMNS = ["label", "label_ids", "labels"] as const;

/** What a text model takes, where it does not say itself. */
const TEXT_INPUTS = ["input_ids", "attention_mask", "token_type_ids", "position_ids", "inputs_embeds"];

/** What a model takes: see TrainableModel. */
export interface TakenColumns {
  readonly inputNames?: readonly string[];
  readonly labelNames?: readonly string[];
}

/** The columns in which a model's labels may stand. */
function labelColumnsOf({ labelNames = ["labels"] }: TakenColumns): readonly string[] {
  return labelNames.flatMap((name) => (name === "labels" ? LABEL_COLUMNS : [name]));
}

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
  model: TakenColumns,
  options: { role: string; labelsNeeded: boolean; removeUnused: boolean },
): Dataset {
  const { role, labelsNeeded, removeUnused } = options;
  const names: readonly string[] = dataset.columnNames;
  const taken = [...(model.inputNames ?? TEXT_INPUTS), ...labelColumnsOf(model)];
  const textColumns = names.filter((name) => isText(featureOf(dataset, name)));
  if (!names.includes("input_ids") && taken.includes("input_ids")) {
    throw new DataError(
      `${role} has no column input_ids: its columns are ${list(names)}. Tokenize it first` +
        (textColumns.length > 0
          ? `: dataset.map((rows, { tokenizer }) => tokenizer(rows.${textColumns[0]}, { truncation: true }), { batched: true, with: { tokenizer } })`
          : ""),
    );
  }
  if (labelsNeeded && !hasLabels(dataset, model)) throw noLabels(role, names, taken, textColumns, model);
  const unused = names.filter((name) => !taken.includes(name));
  if (!removeUnused || unused.length === 0) return dataset as Dataset;
  const line = `${role}: the model does not take ${list(unused)}; left out`;
  infoOnce(line, line);
  return (dataset as Dataset).removeColumns(unused);
}

/** True where the dataset has all of a model's labels. */
export function hasLabels(dataset: Dataset<object>, { labelNames = ["labels"] }: TakenColumns): boolean {
  const names: readonly string[] = dataset.columnNames;
  return labelNames.every(
    (name) => names.includes(name) || (name === "labels" && labelColumnOf(dataset) !== undefined),
  );
}

function isText(feature: Feature | undefined): boolean {
  return feature instanceof Value && /string/.test(feature.dtype);
}

function noLabels(
  role: string,
  names: readonly string[],
  taken: readonly string[],
  texts: readonly string[],
  { labelNames = ["labels"] }: TakenColumns,
): DataError {
  const candidates = names.filter((name) => !taken.includes(name) && !texts.includes(name));
  const likely = candidates.find((name) => nearest(name, LABEL_COLUMNS) !== undefined) ?? candidates[0];
  const wanted = labelNames.join() === "labels" ? '"labels", "label" or "label_ids"' : list(labelNames);
  return new DataError(
    `${role} has no column of labels: the Trainer looks for ${wanted}, and the columns are ${list(names)}. ` +
      (candidates.length > 0
        ? `Candidates are ${list(candidates)}: dataset.renameColumn(${JSON.stringify(likely)}, "${labelNames[0]}")`
        : "Add the labels to it"),
  );
}

/** The name of the column that holds labels, where a model takes them as `labels`. */
function labelColumnOf(dataset: Dataset<object>): string | undefined {
  const names: readonly string[] = dataset.columnNames;
  return LABEL_COLUMNS.find((name) => names.includes(name));
}

/** The dataset without its columns of labels, if it has some. */
export function withoutLabels(dataset: Dataset<object>, model: TakenColumns): Dataset<object> {
  const names: readonly string[] = dataset.columnNames;
  const columns = labelColumnsOf(model).filter((name) => names.includes(name));
  return columns.length === 0 ? dataset : (dataset as Dataset).removeColumns(columns);
}

/** True where a label is -1: how GLUE's test splits and others say that they keep the answer. */
export function hasUnknownLabels(dataset: Dataset<object>): boolean {
  const column = labelColumnOf(dataset);
  if (column === undefined || !(featureOf(dataset, column) instanceof ClassLabel)) return false;
  return (dataset as Dataset).column(column).includes(-1);
}

/** The classes of a dataset's labels, with their column; undefined where it does not name them. */
export interface NamedLabels {
  readonly column: string;
  readonly names: readonly string[];
}

/** The names of the classes, of a row's label or of the labels of its tokens. */
export function namedLabels(dataset: Dataset<object>): NamedLabels | undefined {
  const column = labelColumnOf(dataset);
  let feature = column === undefined ? undefined : featureOf(dataset, column);
  if (feature instanceof List) feature = feature.feature;
  return column !== undefined && feature instanceof ClassLabel ? { column, names: feature.names } : undefined;
}

/**
 * Brings a model's label names and a dataset's together. A model that has none yet (LABEL_0, LABEL_1) takes the
 * dataset's. One that has the same names in another order keeps them, and the dataset's labels are to be renumbered.
 * @returns The model's class for each of the dataset's, where they differ.
 * @throws ConfigError where the numbers of classes or the names differ: the model would be wrong in silence.
 */
export function matchLabelNames(
  config: LabelConfig,
  dataset: Dataset<object>,
  role: string,
): readonly number[] | undefined {
  const theirs = namedLabels(dataset)?.names;
  if (theirs === undefined || config.problem_type === "regression") return undefined;
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
    return undefined;
  }
  const classes = ours.map((name) => name.toLowerCase());
  const renumbered = theirs.map((name) =>
    ours.includes(name) ? ours.indexOf(name) : classes.indexOf(name.toLowerCase()),
  );
  if (renumbered.every((id, i) => id === i)) return undefined;
  const unknown = renumbered.findIndex((id, i) => id < 0 || renumbered.indexOf(id) < i);
  if (unknown < 0) {
    const line = `${role}: the model has the classes in the order ${list(ours)}, the dataset in ${list(theirs)}; labels are renumbered to the model's`;
    infoOnce(line, line);
    return renumbered;
  }
  throw new ConfigError(
    `class ${unknown} is "${theirs[unknown]}" in ${role}, and the model's classes are ${list(ours)}: the names differ. ` +
      `Load the model with { id2label: [${list(theirs)}] } to train its head for these`,
  );
}

/** A row with its labels renumbered; those that are no class (-100, -1) stay. */
export function renumberLabels(row: object, column: string, classes: readonly number[]): object {
  const of = (label: number) => classes[label] ?? label;
  const value = (row as Readonly<Record<string, unknown>>)[column];
  return { ...row, [column]: typeof value === "number" ? of(value) : Array.from(value as Iterable<number>, of) };
}

function list(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}
