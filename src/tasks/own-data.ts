// Data of one's own: files of any format that datasets read, or a folder with a folder of texts for each label. Labels
// become classes, and where there is nothing to evaluate on a part is set aside. What was assumed is said.
import { type Dataset, DatasetDict, loadDataset } from "../datasets/index.js";
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
}

const EVALUATED = ["validation", "dev", "test"];

/** Loads files or a folder, and makes splits of them that a model can be trained on. @throws as loadDataset; DataError */
export async function loadOwnData(path: string, options: OwnDataOptions): Promise<DatasetDict> {
  const { problem, classes, seed } = options;
  const raw = (await loadLabelFolders(path)) ?? (await loadDataset(path));
  const first = raw.has("train") ? raw.train : raw.split(raw.splitNames[0]);
  const label = findLabelColumn(first, options);
  const texts = findTextColumns(first, label, options);
  const complete = await withoutGaps(raw, [...texts, label]);
  const typed = classes ? labelsAs(classes, complete, label) : await typeLabels(complete, label, problem);
  const split = withTrain(typed);
  return seed === undefined || EVALUATED.some((name) => split.has(name)) ? split : setAside(split, texts, label, seed);
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
