// What a model has to beat: always the same answer, and a look at the words alone. Both take seconds.
import type { Dataset } from "../datasets/index.js";
import type { Task } from "./task.js";

/** The figures of a simple method, by the names of the task's metric. */
export interface Baseline {
  readonly name: string;
  readonly metrics: Readonly<Record<string, number>>;
}

/** The baselines of a task, measured on `evaluation` after learning from `train`. None where the task has no metric. */
export function measureBaselines(train: Dataset, evaluation: Dataset, task: Task): Baseline[] {
  const { metric } = task;
  if (!metric || train.length === 0 || evaluation.length === 0) return [];
  const references = evaluation.column(task.labelColumn).map(Number);
  const labels = train.column(task.labelColumn).map(Number);
  const measure = (predictions: number[]) => metric.compute({ predictions, references });
  const [seen, asked] = [train, evaluation].map((dataset) => wordsOf(dataset, task.textColumns));
  if (task.labelNames.length === 0) {
    return [{ name: "bag of words", metrics: measure(ridge(seen, labels, asked)) }]; // of a constant no correlation is defined
  }
  const counts = task.labelNames.map((_, label) => labels.reduce((sum, each) => sum + Number(each === label), 0));
  const majority = counts.indexOf(Math.max(...counts));
  return [
    { name: `always ${task.labelNames[majority]}`, metrics: measure(references.map(() => majority)) },
    { name: "bag of words", metrics: measure(naiveBayes(seen, labels, counts, asked)) },
  ];
}

/** The different words of each row, in lower case; those of a second text are other words. */
function wordsOf(dataset: Dataset, texts: readonly string[]): string[][] {
  const columns = texts.map((name) => dataset.column(name) as readonly string[]);
  return Array.from({ length: dataset.length }, (_, i) => [
    ...new Set(
      columns.flatMap((column, c) =>
        (column[i].toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map((word) => `${c} ${word}`),
      ),
    ),
  ]);
}

/** Multinomial naive Bayes over the presence of words, with one added to every count. */
function naiveBayes(
  rows: readonly string[][],
  labels: readonly number[],
  counts: readonly number[],
  asked: readonly string[][],
): number[] {
  const words = new Map<string, Float64Array>();
  const totals = new Float64Array(counts.length);
  rows.forEach((row, i) => {
    for (const word of row) {
      const of = words.get(word) ?? new Float64Array(counts.length);
      words.set(word, of);
      of[labels[i]]++;
      totals[labels[i]]++;
    }
  });
  return asked.map((row) => {
    const scores = Float64Array.from(counts, (count) => Math.log(count / rows.length)); // a class never met is never the answer
    for (const word of row) {
      const of = words.get(word);
      if (of) for (let c = 0; c < scores.length; c++) scores[c] += Math.log((of[c] + 1) / (totals[c] + words.size));
    }
    return scores.indexOf(scores.reduce((most, score) => Math.max(most, score), -Infinity));
  });
}

const PENALTY = 1;
const ROUNDS = 30;

/** Ridge regression on the presence of words, solved by conjugate gradients; words that were not learned count nothing. */
function ridge(rows: readonly string[][], labels: readonly number[], asked: readonly string[][]): number[] {
  const index = new Map<string, number>();
  for (const row of rows) for (const word of row) if (!index.has(word)) index.set(word, index.size);
  const coded = (some: readonly string[][]) =>
    some.map((row) => Int32Array.from(row.flatMap((word) => index.get(word) ?? [])));
  const known = coded(rows);
  const mean = labels.reduce((sum, label) => sum + label, 0) / labels.length;
  const product = (weights: Float64Array) => known.map((row) => row.reduce((sum, word) => sum + weights[word], 0));
  const transposed = (values: readonly number[]) => {
    const result = new Float64Array(index.size);
    known.forEach((row, i) => {
      for (const word of row) result[word] += values[i];
    });
    return result;
  };
  const weights = new Float64Array(index.size);
  const residual = transposed(labels.map((label) => label - mean)); // of (X'X + penalty) w = X'y
  const direction = residual.slice();
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  let size = dot(residual, residual);
  for (let round = 0; round < ROUNDS && size > 1e-12; round++) {
    const moved = transposed(product(direction)).map((value, i) => value + PENALTY * direction[i]);
    const step = size / dot(direction, moved);
    for (let i = 0; i < weights.length; i++) {
      weights[i] += step * direction[i];
      residual[i] -= step * moved[i];
    }
    const next = dot(residual, residual);
    for (let i = 0; i < weights.length; i++) direction[i] = residual[i] + (next / size) * direction[i];
    size = next;
  }
  return coded(asked).map((row) => mean + row.reduce((sum, word) => sum + weights[word], 0));
}
