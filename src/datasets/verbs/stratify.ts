// The stratified form of trainTestSplit: each class has its share of both parts. For a seed, the rows of Python's datasets,
// whose method is scikit-learn's StratifiedShuffleSplit (datasets 5.2, utils/stratify.py).
import { randomInt } from "node:crypto";
import { ConfigError, DataError } from "../../support/errors.js";
import { NumpyGenerator } from "../../support/numpy-generator.js";
import { ClassLabel, describeFeature } from "../features.js";
import { columnOf, readColumn, type Table } from "../table.js";

/**
 * The rows of both parts, in order.
 *
 * @throws DataError where the column holds no labels, or a row has none; ConfigError where a class has one row only, or a
 * part has fewer rows than there are classes.
 */
export function stratifiedSplit(
  table: Table,
  name: string,
  trainRows: number,
  testRows: number,
  seed: number = randomInt(2 ** 32),
): { train: Uint32Array; test: Uint32Array } {
  const generator = new NumpyGenerator(seed);
  const classes = rowsByClass(table, name);
  for (const [part, rows] of [
    ["train", trainRows],
    ["test", testRows],
  ] as const) {
    if (rows < classes.length) {
      throw new ConfigError(
        `trainTestSplit: a ${part} part of ${rows} rows has no place for ${classes.length} classes`,
      );
    }
  }
  const counts = classes.map((rows) => rows.length);
  const trainCounts = shares(counts, trainRows, generator);
  const left = counts.map((count, i) => count - trainCounts[i]);
  const testCounts = shares(left, testRows, generator);

  const [train, test]: [number[], number[]] = [[], []];
  for (const [i, rows] of classes.entries()) {
    const order = Array.from(generator.permutation(rows.length), (at) => rows[at]);
    train.push(...order.slice(0, trainCounts[i]));
    test.push(...order.slice(trainCounts[i], trainCounts[i] + testCounts[i]));
  }
  const mixed = (rows: readonly number[]) => generator.permutation(rows.length).map((at) => rows[at]);
  return { train: mixed(train), test: mixed(test) };
}

/** The rows of each class that has any, in the order of the classes. */
function rowsByClass(table: Table, name: string): number[][] {
  const column = columnOf(table, name);
  const { feature } = column;
  if (!(feature instanceof ClassLabel)) {
    throw new DataError(
      `trainTestSplit: column "${name}" is ${describeFeature(feature)}, where labels are needed: classEncodeColumn makes them`,
    );
  }
  const byClass = new Map<number, number[]>();
  for (const [row, label] of readColumn(table, column, 0, table.length).entries()) {
    if (typeof label !== "number") throw new DataError(`trainTestSplit: row ${row} has no label in column "${name}"`);
    const rows = byClass.get(label);
    if (rows === undefined) byClass.set(label, [row]);
    else rows.push(row);
  }
  for (const [label, rows] of byClass) {
    if (rows.length > 1) continue;
    throw new ConfigError(
      `trainTestSplit: class ${label} of column "${name}" has one row, ${rows[0]}: each part needs one, so at least two`,
    );
  }
  return [...byClass].sort(([a], [b]) => a - b).map(([, rows]) => rows);
}

/** `draws` divided among classes by their counts: rounded down, then the largest remainders up, ties by chance. */
function shares(counts: readonly number[], draws: number, generator: NumpyGenerator): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const exact = counts.map((count) => (draws * count) / total);
  const rows = exact.map(Math.floor);
  const remainders = exact.map((share, i) => share - rows[i]);
  let missing = draws - rows.reduce((sum, count) => sum + count, 0);
  for (const remainder of [...new Set(remainders)].sort((a, b) => b - a)) {
    if (missing === 0) break;
    const tied = remainders.flatMap((each, i) => (each === remainder ? [i] : []));
    const chosen = generator.choice(tied.length, Math.min(tied.length, missing));
    for (const at of chosen) rows[tied[at]]++;
    missing -= chosen.length;
  }
  return rows;
}
