// Data of one's own: files of any format that datasets read, or a folder with a folder of texts for each label. Labels
// become classes, and where there is nothing to evaluate on a part is set aside. What was assumed is said.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ClassLabel, Dataset, DatasetDict, loadDataset } from "../datasets/index.js";
import { DataError } from "../support/errors.js";
import { info } from "../support/log.js";
import { type ColumnChoices, findLabelColumn, findTextColumns, isFraction, isWhole } from "./columns.js";

/** The part of the rows that is set aside for evaluation where there is no split for it. */
const SHARE_SET_ASIDE = 0.1;

export interface OwnDataOptions extends ColumnChoices {
  /** Whether numbers are classes or values; found where it is not said. */
  readonly problem?: "classification" | "regression";
  /** Of the rows that are set aside. */
  readonly seed: number;
}

/** Loads files or a folder, and makes splits of them that a model can be trained on. @throws as loadDataset; DataError */
export async function loadOwnData(path: string, options: OwnDataOptions): Promise<DatasetDict> {
  const raw = (await loadLabelFolders(path)) ?? (await loadDataset(path));
  const first = raw.has("train") ? raw.train : raw.split(raw.splitNames[0]);
  const label = findLabelColumn(first, options);
  const texts = findTextColumns(first, label, options);
  const complete = await withoutGaps(raw, [...texts, label]);
  const typed = await typeLabels(complete, label, options.problem);
  return withEvaluation(typed, texts, label, options.seed);
}

/** Rows of `folder/LABEL/*.txt` or `folder/SPLIT/LABEL/*.txt`; undefined where the folder is not made so. */
async function loadLabelFolders(path: string): Promise<DatasetDict | undefined> {
  const { folders, files } = await list(path);
  if (folders.length < 2 || files.some((name) => !/^(readme|\.)/i.test(name))) {
    const splits = folders.filter((name) => /^(train|validation|valid|dev|test)$/.test(name));
    if (splits.length === 0 || splits.length !== folders.length) return undefined;
  }
  if (folders.every((name) => /^(train|validation|valid|dev|test)$/.test(name))) {
    const parts: [string, string[]][] = [];
    for (const name of folders) {
      const { folders: labels } = await list(join(path, name));
      if (labels.length < 2 || !(await holdTexts(join(path, name), labels))) return undefined;
      parts.push([name, labels]);
    }
    const names = [...new Set(parts.flatMap(([, labels]) => labels))].sort();
    const splits: Record<string, Dataset> = {};
    for (const [name, labels] of parts) {
      splits[/^(valid|dev)$/.test(name) ? "validation" : name] = await readLabels(join(path, name), labels, names);
    }
    return new DatasetDict(splits);
  }
  if (!(await holdTexts(path, folders))) return undefined;
  return new DatasetDict({ train: await readLabels(path, folders, folders) });
}

async function list(path: string): Promise<{ folders: string[]; files: string[] }> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const visible = entries.filter(({ name }) => !name.startsWith("."));
  const names = (folders: boolean) =>
    visible
      .filter((entry) => entry.isDirectory() === folders)
      .map(({ name }) => name)
      .sort();
  return { folders: names(true), files: names(false) };
}

/** True where each folder holds files of text, and nothing else. */
async function holdTexts(path: string, folders: readonly string[]): Promise<boolean> {
  for (const folder of folders) {
    const inside = await list(join(path, folder));
    if (
      inside.folders.length > 0 ||
      inside.files.length === 0 ||
      !inside.files.every((name) => name.endsWith(".txt"))
    ) {
      return false;
    }
  }
  return true;
}

async function readLabels(path: string, labels: readonly string[], names: readonly string[]): Promise<Dataset> {
  const rows: { text: string; label: number }[] = [];
  for (const label of labels) {
    for (const file of (await list(join(path, label))).files) {
      rows.push({ text: (await readFile(join(path, label, file), "utf8")).trim(), label: names.indexOf(label) });
    }
  }
  return Dataset.fromRows(rows, { features: { label: new ClassLabel({ names }) } });
}

/** Without rows that lack a text or a label. */
async function withoutGaps(raw: DatasetDict, columns: readonly string[]): Promise<DatasetDict> {
  const splits: Record<string, Dataset> = {};
  for (const [name, dataset] of raw) {
    const values = columns.map((column) => dataset.column(column));
    const isThere = (value: unknown) =>
      value !== null && value !== undefined && !(typeof value === "string" && value.trim() === "");
    const whole = Array.from({ length: dataset.length }, (_, i) => i).filter((i) =>
      values.every((column) => isThere(column[i])),
    );
    const left = dataset.length - whole.length;
    if (left > 0)
      info(`${name}: ${left} of ${dataset.length} rows have no ${columns.join(" or no ")}, and are left out`);
    if (whole.length === 0) throw new DataError(`${name}: no row has ${columns.join(" and ")}`);
    splits[name] = left > 0 ? dataset.select(whole) : dataset;
  }
  return new DatasetDict(splits);
}

const MANY = 20; // whole numbers of more values than this are more likely a measure than classes

async function typeLabels(raw: DatasetDict, label: string, problem: OwnDataOptions["problem"]): Promise<DatasetDict> {
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
  return raw.classEncodeColumn(label);
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

/** With a split to evaluate on: where there is none, a part of the training rows, without texts that are trained on. */
function withEvaluation(raw: DatasetDict, texts: readonly string[], label: string, seed: number): DatasetDict {
  const splits = Object.fromEntries(raw);
  if (!raw.has("train")) {
    const [only, ...more] = raw.splitNames;
    if (more.length > 0) throw new DataError(`there is no split train among ${raw.splitNames.join(", ")}`);
    splits.train = splits[only];
    delete splits[only];
  }
  if (["validation", "dev", "test"].some((name) => raw.has(name))) return new DatasetDict(splits);
  const { train } = splits;
  if (train.length < 2) throw new DataError("there is one row only: nothing could be set aside for evaluation");
  const stratifies = train.features[label] instanceof ClassLabel && smallestClass(train, label) >= 2;
  const size = Math.max(1, Math.round(train.length * SHARE_SET_ASIDE));
  const classes = train.features[label] instanceof ClassLabel ? new Set(train.column(label)).size : 0;
  const parts = train.trainTestSplit({
    seed,
    testSize: size,
    ...(stratifies && size >= classes && train.length - size >= classes ? { stratifyByColumn: label } : {}),
  });
  const seen = new Set(keysOf(parts.train, texts));
  const fresh = keysOf(parts.test, texts).flatMap((key, i) => (seen.has(key) ? [] : [i]));
  const repeated = parts.test.length - fresh.length;
  const validation = repeated > 0 && fresh.length > 0 ? parts.test.select(fresh) : parts.test;
  info(
    `there is no split to evaluate on: ${validation.length} of ${train.length} rows are set aside (seed ${seed})` +
      (repeated > 0 ? `, without ${repeated} whose text is trained on, too` : ""),
  );
  return new DatasetDict({ ...splits, train: parts.train, validation });
}

function smallestClass(dataset: Dataset, label: string): number {
  const counts = new Map<unknown, number>();
  for (const value of dataset.column(label)) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Math.min(...counts.values());
}

/** The texts of each row as one string, to compare rows by. */
export function keysOf(dataset: Dataset, texts: readonly string[]): string[] {
  const columns = texts.map((name) => dataset.column(name) as readonly string[]);
  return Array.from({ length: dataset.length }, (_, i) => columns.map((column) => column[i].trim()).join("\n"));
}
