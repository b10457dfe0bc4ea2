// Data of one's own: files of any format that datasets read, or a folder with a folder of texts for each label. Labels
// become classes, and where there is nothing to evaluate on a part is set aside. What was assumed is said.
import { open } from "node:fs/promises";
import { type Dataset, DatasetDict, type FileOptions, loadDataset } from "../datasets/index.js";
import { DataError } from "../support/errors.js";
import { info } from "../support/log.js";
import { type ColumnChoices, findLabelColumn, findTextColumns } from "./columns.js";
import { loadLabelFolders } from "./label-folders.js";
import { labelsAs, type Problem, typeLabels } from "./own-labels.js";
import { setAside } from "./set-aside.js";

export interface OwnDataOptions extends ColumnChoices {
  /** Whether numbers are classes or values; found where it is not said. */
  readonly problem?: Problem;
  /** The classes of a model that is there already: labels have to be their names. Default: those that the data has. */
  readonly classes?: readonly string[];
  /** Of the rows that are set aside; undefined sets none aside. */
  readonly seed?: number;
  /** How files are read. The delimiter of a CSV file is found where it is not said. */
  readonly files?: FileOptions;
}

const EVALUATED = ["validation", "dev", "test"];

/** Loads files or a folder, and makes splits of them that a model can be trained on. @throws as loadDataset; DataError */
export async function loadOwnData(path: string, options: OwnDataOptions): Promise<DatasetDict> {
  const { problem, classes, seed } = options;
  const raw = (await loadLabelFolders(path)) ?? (await loadFiles(path, options.files));
  const first = raw.has("train") ? raw.train : raw.split(raw.splitNames[0]);
  if (first.length === 0) throw new DataError(`${path} has no rows: its columns are ${first.columnNames.join(", ")}`);
  const label = findLabelColumn(first, options);
  const texts = findTextColumns(first, label, options);
  const complete = await withoutGaps(raw, [...texts, label]);
  const typed = classes ? labelsAs(classes, complete, label) : await typeLabels(complete, label, problem);
  const split = withTrain(typed);
  return seed === undefined || EVALUATED.some((name) => split.has(name)) ? split : setAside(split, texts, label, seed);
}

/** Loads files, or a folder of them; of a CSV file the delimiter is what its first line tells, which is said. */
export async function loadFiles(path: string, options: FileOptions = {}): Promise<DatasetDict> {
  const found = options.delimiter === undefined ? await foundDelimiter(path) : undefined;
  if (found !== undefined) {
    info(`${path}: fields are told apart by ${found === "\t" ? "tabs" : `"${found}"`}, as its first line has no comma`);
  }
  return loadDataset(path, found === undefined ? options : { ...options, delimiter: found });
}

const BEGINNING = 65_536;

/** What stands between the fields of a CSV file that is named .csv and uses no commas, as spreadsheets write it in Europe. */
async function foundDelimiter(path: string): Promise<string | undefined> {
  if (!/\.csv$/i.test(path)) return undefined;
  const file = await open(path).catch(() => undefined);
  if (!file) return undefined; // whoever loads it says why
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BEGINNING), 0, BEGINNING, 0);
    const [line] = buffer.toString("latin1", 0, bytesRead).split(/[\r\n]/, 1);
    return line.includes(",") ? undefined : [";", "\t", "|"].find((character) => line.includes(character));
  } finally {
    await file.close();
  }
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

/** The only split is the one to train on, whatever it is called. */
function withTrain(raw: DatasetDict): DatasetDict {
  if (raw.has("train")) return raw;
  const [only, ...more] = raw.splitNames;
  if (more.length > 0) throw new DataError(`there is no split train among ${raw.splitNames.join(", ")}`);
  return new DatasetDict({ train: raw.split(only) });
}
