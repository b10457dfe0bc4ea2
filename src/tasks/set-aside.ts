// A part of the training rows to evaluate on, where the data has no split for it: by texts, so that none is on both sides.
import { ClassLabel, type Dataset, DatasetDict } from "../datasets/index.js";
import { DataError } from "../support/errors.js";
import { info } from "../support/log.js";

/** The part of the rows that is set aside. */
const SHARE = 0.1;

/**
 * With a split "validation" of a tenth of the different texts, every class with its share where that can be. Rows that
 * repeat a text go where the text is.
 * @throws DataError where there are not two different texts
 */
export function setAside(raw: DatasetDict, texts: readonly string[], label: string, seed: number): DatasetDict {
  const { train, ...others } = Object.fromEntries(raw);
  const keys = keysOf(train, texts);
  const first = new Map<string, number>();
  keys.forEach((key, i) => {
    if (!first.has(key)) first.set(key, i);
  });
  const distinct = train.select([...first.values()]);
  if (distinct.length < 2) {
    throw new DataError(
      train.length < 2
        ? "there is one row only: nothing could be set aside for evaluation"
        : `all ${train.length} rows have one text: nothing could be set aside for evaluation`,
    );
  }
  const size = Math.max(1, Math.round(distinct.length * SHARE));
  const stratifies = canStratify(distinct, label, size);
  const { test } = distinct.trainTestSplit({
    seed,
    testSize: size,
    ...(stratifies ? { stratifyByColumn: label } : {}),
  });
  const aside = new Set(keysOf(test, texts));
  const rows = (wanted: boolean) => keys.flatMap((key, i) => (aside.has(key) === wanted ? [i] : []));
  const validation = train.select(rows(true));
  info(`there is no split to evaluate on: ${validation.length} of ${train.length} rows are set aside (seed ${seed})`);
  return new DatasetDict({ ...others, train: train.select(rows(false)), validation });
}

function canStratify(dataset: Dataset, label: string, size: number): boolean {
  if (!(dataset.features[label] instanceof ClassLabel)) return false;
  const counts = new Map<unknown, number>();
  for (const value of dataset.column(label)) counts.set(value, (counts.get(value) ?? 0) + 1);
  const classes = counts.size;
  return Math.min(...counts.values()) >= 2 && size >= classes && dataset.length - size >= classes;
}

/** The texts of each row as one string, to compare rows by. */
export function keysOf(dataset: Dataset, texts: readonly string[]): string[] {
  const columns = texts.map((name) => dataset.column(name) as readonly string[]);
  return Array.from({ length: dataset.length }, (_, i) => columns.map((column) => column[i].trim()).join("\n"));
}
