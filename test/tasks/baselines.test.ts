// The baselines beside scikit-learn's naive Bayes and ridge regression; reference.py wrote the numbers.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ClassLabel, Dataset } from "../../src/datasets/index.js";
import { accuracy, mse } from "../../src/metrics/index.js";
import { measureBaselines, type Task } from "../../src/tasks/index.js";

interface Reference {
  train: string[];
  labels: number[];
  values: number[];
  asked: string[];
  references: number[];
  bayes: number[];
  ridge: number[];
}
const reference = JSON.parse(readFileSync(new URL("reference.json", import.meta.url), "utf8")) as Reference;
const names = ["a", "b", "c"];

function dataset(text: readonly string[], label: readonly number[], classes: boolean): Dataset {
  return Dataset.fromColumns(
    { text, label },
    classes ? { features: { label: new ClassLabel({ names }) } } : {},
  ) as unknown as Dataset;
}

const task: Task = {
  textColumns: ["text"],
  labelColumn: "label",
  labelNames: names,
  metric: accuracy(),
  evaluationSplits: [],
};

it("answer as scikit-learn's do", () => {
  const { train, labels, asked, bayes, references } = reference;
  const learnt = dataset(train, labels, true);
  // Measured against its own answers, naive Bayes is always right; against the labels it is as often as scikit-learn's.
  const [, own] = measureBaselines(learnt, dataset(asked, bayes, true), task);
  expect(own).toEqual({ name: "bag of words", metrics: { accuracy: 1 } });
  const [majority, words] = measureBaselines(learnt, dataset(asked, references, true), task);
  const right = bayes.filter((label, i) => label === references[i]).length;
  expect(words.metrics.accuracy).toBe(right / references.length);
  const counts = names.map((_, label) => labels.filter((each) => each === label).length);
  const most = counts.indexOf(Math.max(...counts));
  expect(majority.name).toBe(`always ${names[most]}`);
  expect(majority.metrics.accuracy).toBe(references.filter((label) => label === most).length / references.length);
});

it("predict values as ridge regression does", () => {
  const { train, values, asked, ridge } = reference;
  const regression: Task = { ...task, labelNames: [], metric: mse() };
  const [words] = measureBaselines(dataset(train, values, false), dataset(asked, ridge, false), regression);
  expect(words.metrics.mse).toBeLessThanOrEqual(1e-14); // answers within 1e-7: conjugate gradients stop there
});
