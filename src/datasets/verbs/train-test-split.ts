// trainTestSplit: two parts of a dataset's rows, for a seed the very rows of Python's datasets.
import { ConfigError } from "../../support/errors.js";
import { type Table, takeRows } from "../table.js";
import { randomOrder } from "./shuffle.js";
import { stratifiedSplit } from "./stratify.js";

/** The sizes of the parts and the order they are drawn from. */
export interface TrainTestSplitOptions {
  /** Rows of the test part: a share between 0 and 1, or a whole number of rows. Default: what trainSize leaves, else 0.25. */
  testSize?: number;
  /** Rows of the train part, likewise. Default: what testSize leaves. */
  trainSize?: number;
  /** Draw the parts from shuffled rows (default), or cut the rows in their order: train first, then test. */
  shuffle?: boolean;
  /** As for shuffle. */
  seed?: number;
  /** A column of labels, each of which is to have its share of both parts. */
  stratifyByColumn?: string;
}

/**
 * The parts that Python's `train_test_split` gives (datasets 5.2, arrow_dataset.py): shares round up for the test part
 * and down for the train part, and the test part is the beginning of the permutation.
 *
 * @throws ConfigError where the sizes do not leave both parts at least one row of the table's, or of each class where they
 * are stratified; DataError where the column to stratify by holds no labels.
 */
export function trainTestSplit(table: Table, options: TrainTestSplitOptions = {}): { train: Table; test: Table } {
  const { length } = table;
  const { trainSize, shuffle = true, seed, stratifyByColumn } = options;
  const testSize = options.testSize ?? (trainSize === undefined ? 0.25 : undefined);
  const wantedTest = rowsOf("testSize", testSize, length, Math.ceil);
  const wantedTrain = rowsOf("trainSize", trainSize, length, Math.floor);
  const testRows = wantedTest ?? length - (wantedTrain ?? 0);
  const trainRows = wantedTrain ?? length - testRows;
  if (trainRows + testRows > length || trainRows === 0) {
    const parts = `trainSize and testSize make ${trainRows} and ${testRows} rows`;
    throw new ConfigError(
      `trainTestSplit: ${parts} of a dataset of ${length}: both need a row, and together at most all`,
    );
  }
  if (stratifyByColumn !== undefined) {
    if (!shuffle) throw new ConfigError("trainTestSplit: stratifyByColumn draws rows, which shuffle: false forbids");
    const { train, test } = stratifiedSplit(table, stratifyByColumn, trainRows, testRows, seed);
    return { train: takeRows(table, train), test: takeRows(table, test) };
  }
  if (shuffle) {
    const order = randomOrder(length, seed);
    return {
      test: takeRows(table, order.slice(0, testRows)),
      train: takeRows(table, order.slice(testRows, testRows + trainRows)),
    };
  }
  const rows = Uint32Array.from({ length }, (_, i) => i);
  return {
    train: takeRows(table, rows.subarray(0, trainRows)),
    test: takeRows(table, rows.subarray(trainRows, trainRows + testRows)),
  };
}

function rowsOf(
  name: string,
  size: number | undefined,
  length: number,
  round: (share: number) => number,
): number | undefined {
  if (size === undefined) return undefined;
  const rows = Number.isInteger(size) ? size : round(size * length);
  if (size > 0 && (Number.isInteger(size) ? size < length : size < 1)) return rows;
  throw new ConfigError(
    `trainTestSplit: ${name} is ${size}: give a share between 0 and 1, or fewer rows than the ${length} there are`,
  );
}
