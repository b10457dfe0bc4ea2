// Which columns of a dataset hold texts and labels: by their names and types, or as somebody says.
import { ClassLabel, type Dataset, type Feature, Value } from "../datasets/index.js";
import { DataError, nearest } from "../support/errors.js";

/** What somebody says; the rest is found. */
export interface ColumnChoices {
  readonly textColumn?: string;
  readonly pairColumn?: string;
  readonly labelColumn?: string;
}

const LABELS = ["label", "labels", "class", "category", "target", "sentiment", "stars", "rating", "score"];
const TEXTS = ["text", "sentence", "review", "content", "body", "message", "comment"];
const PAIRS = [
  ["sentence1", "sentence2"],
  ["premise", "hypothesis"],
  ["question1", "question2"],
  ["question", "sentence"],
  ["text", "text_pair"],
] as const;

function existing(name: string | undefined, names: readonly string[], flag: string): string | undefined {
  if (name === undefined || names.includes(name)) return name;
  const near = nearest(name, names);
  const meant = near === undefined ? "" : ` (did you mean ${near}?)`;
  throw new DataError(`${flag} ${name}: the dataset has no such column${meant}; its columns are ${names.join(", ")}`);
}

/** Case does not matter in names that are guessed: a spreadsheet's columns are Text and Label. */
function named(names: readonly string[], wanted: readonly string[]): string | undefined {
  for (const name of wanted) {
    const found = names.find((each) => each.toLowerCase() === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** @throws DataError where no column or several hold texts, listing them */
export function findTextColumns(
  dataset: Dataset,
  labelColumn: string,
  { textColumn, pairColumn }: ColumnChoices,
): readonly [string] | readonly [string, string] {
  const names: readonly string[] = dataset.columnNames;
  const first = existing(textColumn, names, "--text-column");
  const second = existing(pairColumn, names, "--pair-column");
  for (const [flag, name] of [
    ["--text-column", first],
    ["--pair-column", second],
  ] as const) {
    if (name === undefined) continue;
    if (name === labelColumn) throw new DataError(`${flag} ${name}: that is the column of labels, too`);
    if (!isText(dataset.features[name]))
      throw new DataError(`${flag} ${name}: it holds no text (${dataset.features[name]})`);
  }
  if (first !== undefined) return second === undefined ? [first] : [first, second];
  const texts = names.filter((name) => name !== labelColumn && isText(dataset.features[name]));
  const pair = PAIRS.map((columns) => columns.map((column) => named(texts, [column]))).find((columns) =>
    columns.every((column) => column !== undefined),
  );
  if (pair) return pair as [string, string];
  const usual = named(texts, TEXTS);
  if (usual !== undefined) return [usual];
  if (texts.length === 1) return [texts[0]];
  throw new DataError(
    texts.length === 0
      ? `the dataset has no column of text; its columns are ${names.join(", ")}`
      : `several columns hold text: ${texts.join(", ")}. Say which with --text-column, and --pair-column for a second one`,
  );
}

/** @throws DataError where no column looks like labels, listing all */
export function findLabelColumn(dataset: Dataset, { labelColumn }: ColumnChoices): string {
  const names: readonly string[] = dataset.columnNames;
  const given = existing(labelColumn, names, "--label-column");
  if (given !== undefined) return given;
  const usual = named(names, LABELS.slice(0, 2));
  const classes = names.filter((name) => dataset.features[name] instanceof ClassLabel);
  const found = usual ?? (classes.length === 1 ? classes[0] : named(names, LABELS));
  if (found !== undefined) return found;
  throw new DataError(
    `no column is called label; say with --label-column which of ${names.join(", ")} holds the labels`,
  );
}

/** Names of a column's classes: those of its ClassLabel, LABEL_0 ... for integers; none for numbers with fractions. */
export function namesOfLabels(dataset: Dataset, column: string): string[] {
  const feature = dataset.features[column];
  if (feature instanceof ClassLabel) return [...feature.names];
  if (isFraction(feature)) return [];
  if (!isWhole(feature)) {
    throw new DataError(
      `the label column ${column} is ${String(feature)}; integers (classes), a ClassLabel, or floats (a regression) are needed; --data makes classes of words`,
    );
  }
  const labels = dataset.column(column) as readonly number[];
  const classes = labels.reduce((most, label) => Math.max(most, Number(label)), 0) + 1;
  return Array.from({ length: Math.max(2, classes) }, (_, i) => `LABEL_${i}`);
}

export function isText(feature: Feature | undefined): boolean {
  return feature instanceof Value && /string/.test(feature.dtype);
}

export function isFraction(feature: Feature | undefined): boolean {
  return feature instanceof Value && /^(float|double)/.test(feature.dtype);
}

export function isWhole(feature: Feature | undefined): boolean {
  return feature instanceof Value && /^u?int/.test(feature.dtype);
}
