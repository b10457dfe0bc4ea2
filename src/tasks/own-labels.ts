// The labels of own data: words and few whole numbers become classes, numbers with fractions values. What cannot be told is
// asked for.
import { ClassLabel, type Dataset, DatasetDict } from "../datasets/index.js";
import { DataError } from "../support/errors.js";
import { info } from "../support/log.js";
import { isFraction, isWhole } from "./columns.js";

const MANY = 20; // whole numbers of more values than this are more likely a measure than classes

/** Whether numbers are classes or values. */
export type Problem = "classification" | "regression";

/**
 * The splits with their labels as a ClassLabel, or as floats.
 * @param problem What numbers are; found where it is not said.
 * @throws DataError where labels are not what the problem needs, or nobody can tell what they are
 */
export async function typeLabels(raw: DatasetDict, label: string, problem: Problem | undefined): Promise<DatasetDict> {
  const [name] = raw.splitNames;
  const first = raw.has("train") ? raw.train : raw.split(name);
  const feature = first.features[label];
  if (feature instanceof ClassLabel) {
    if (problem === "regression") throw new DataError(`the labels in ${label} are classes; a regression needs numbers`);
    return raw;
  }
  const whole = isWhole(feature);
  const values = whole ? new Set(first.column(label)).size : 0;
  if (isFraction(feature) || problem === "regression") {
    if (problem === "classification") {
      throw new DataError(`the labels in ${label} have fractions: make whole numbers or words of them to have classes`);
    }
    if (!isFraction(feature) && !whole)
      throw new DataError(`the labels in ${label} are no numbers: a regression needs some`);
    if (problem === undefined) info(`${label} holds numbers with fractions: taken as values, for a regression`);
    return asFloats(raw, label);
  }
  if (whole && problem === undefined) {
    if (values > MANY) {
      throw new DataError(
        `${label} holds ${values} different whole numbers: say with --problem whether they are classes (classification) or ` +
          "values (regression)",
      );
    }
    info(
      `${label} holds ${values} different whole numbers: taken as classes (--problem regression takes them as values)`,
    );
  }
  const encoded = await (whole ? raw : await alikeAsOne(raw, label)).classEncodeColumn(label);
  const { names } = (encoded.has("train") ? encoded.train : encoded.split(name)).features[label] as ClassLabel;
  if (names.length > 1 || first.length < 2) return encoded; // one row alone is refused where a part is set aside
  throw new DataError(
    `all ${first.length} rows have the label ${names[0]} in ${label}: a classifier needs rows of two classes at least`,
  );
}

/** Words that differ in case or in spaces at their ends become one, the most frequent of them; which is said. */
async function alikeAsOne(raw: DatasetDict, label: string): Promise<DatasetDict> {
  const counts = new Map<string, Map<string, number>>(); // of each spelling, by what it is but for case and spaces
  for (const [, dataset] of raw) {
    for (const word of dataset.column(label).map(String)) {
      const key = word.trim().toLowerCase();
      const spellings = counts.get(key) ?? new Map<string, number>();
      counts.set(key, spellings);
      spellings.set(word, (spellings.get(word) ?? 0) + 1);
    }
  }
  if ([...counts.values()].every(({ size }) => size === 1)) return raw;
  const chosen = new Map<string, string>();
  for (const [key, spellings] of counts) {
    const [most] = [...spellings].reduce((best, each) => (each[1] > best[1] ? each : best));
    chosen.set(key, most.trim());
    if (spellings.size > 1) {
      const listed = [...spellings.keys()].map((word) => JSON.stringify(word)).join(", ");
      info(`${label}: ${listed} are taken as one class, ${most.trim()}`);
    }
  }
  const splits: Record<string, Dataset> = {};
  for (const [name, dataset] of raw) {
    const words = dataset.column(label).map((word) => chosen.get(String(word).trim().toLowerCase()) ?? String(word));
    splits[name] = dataset.removeColumns(label).addColumn(label, words);
  }
  return new DatasetDict(splits);
}

async function asFloats(raw: DatasetDict, label: string): Promise<DatasetDict> {
  const splits: Record<string, Dataset> = {};
  for (const [name, dataset] of raw) {
    const values = dataset.column(label).map(Number);
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) throw new DataError(`${name}: the label of row ${wrong} is ${values[wrong]}, not a finite number`);
    splits[name] = dataset.removeColumns(label).addColumn(label, Float32Array.from(values));
  }
  return new DatasetDict(splits);
}

/**
 * The splits with their labels as the classes of a model, by their names, whose case does not matter.
 * @throws DataError naming the split, the row and the label that is none of them
 */
export function labelsAs(classes: readonly string[], raw: DatasetDict, label: string): DatasetDict {
  const ids = new Map(classes.map((name, id) => [name.toLowerCase(), id]));
  const splits: Record<string, Dataset> = {};
  for (const [split, dataset] of raw) {
    const feature = dataset.features[label];
    const names = dataset
      .column(label)
      .map((value) => (feature instanceof ClassLabel ? feature.int2str(Number(value)) : String(value).trim()));
    const column = names.map((name, row) => {
      const id = ids.get(name.toLowerCase());
      if (id !== undefined) return id;
      throw new DataError(
        `${split}: the label of row ${row} is ${JSON.stringify(name)}, and the model's classes are ${classes.join(", ")}`,
      );
    });
    const typed = { feature: new ClassLabel({ names: classes }) };
    splits[split] = dataset.removeColumns(label).addColumn(label, column, typed);
  }
  return new DatasetDict(splits);
}
