// The labelled sample must need understanding: neither lengths nor overlap may give its labels away.
import { describe, expect, test } from "vitest";
import {
  bigrams,
  documents,
  labelledPairs,
  pairKey,
  sampleSplits,
  shared,
  words,
} from "../../scripts/embedded/corpus.js";
import type { Pair } from "../../scripts/embedded/grammar.js";
import { all } from "../../scripts/embedded/lexicon.js";

const { train, validation } = sampleSplits();

/** What a reader who does not read can measure of two sentences. */
function surface([one, other]: Pair["sentences"]): number[] {
  const lengths = [words(one).length, words(other).length];
  const letters = [one.length, other.length];
  const common = shared(words(one), words(other));
  const commonBigrams = shared(bigrams(one), bigrams(other));
  const union = new Set([...words(one), ...words(other)]).size;
  return [
    ...lengths,
    ...letters,
    Math.abs(lengths[0] - lengths[1]),
    Math.abs(letters[0] - letters[1]),
    common,
    common / union,
    common / Math.max(...lengths),
    common / Math.min(...lengths),
    commonBigrams,
    commonBigrams / Math.max(1, Math.max(...lengths) - 1),
    lengths[0] - common,
    lengths[1] - common,
    Number(words(one)[0] === words(other)[0]),
    Number(words(one).at(-1) === words(other).at(-1)),
  ];
}

/** Logistic regression by gradient descent on standardized features and their squares. */
function logisticRegression(features: readonly number[][], labels: readonly number[]): (row: number[]) => number {
  const columns = features[0].map((_, column) => features.map((row) => row[column]));
  const means = columns.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
  const deviations = columns.map((values, column) =>
    Math.max(1e-9, Math.sqrt(values.reduce((sum, value) => sum + (value - means[column]) ** 2, 0) / values.length)),
  );
  const expand = (row: number[]): number[] => {
    const standard = row.map((value, column) => (value - means[column]) / deviations[column]);
    return [1, ...standard, ...standard.map((value) => value ** 2)];
  };
  const inputs = features.map(expand);
  const weights = inputs[0].map(() => 0);
  const score = (input: number[]): number => 1 / (1 + Math.exp(-input.reduce((sum, x, i) => sum + x * weights[i], 0)));
  for (let step = 0; step < 500; step++) {
    const gradient = weights.map(() => 0);
    for (const [row, input] of inputs.entries()) {
      const error = score(input) - labels[row];
      for (let i = 0; i < input.length; i++) gradient[i] += error * input[i];
    }
    for (let i = 0; i < weights.length; i++) weights[i] -= (0.1 / inputs.length) * gradient[i];
  }
  return (row) => score(expand(row));
}

function accuracy(pairs: readonly Pair[], judge: (pair: Pair) => boolean): number {
  return pairs.filter((pair) => judge(pair) === pair.equivalent).length / pairs.length;
}

test("no word of the lexicon stands in two sets, or twice in one", () => {
  const forms = all.flatMap((meaning) => [...new Set(meaning.forms.flatMap((form) => form.split(":")))]);
  expect(forms.filter((form, index) => forms.indexOf(form) !== index)).toEqual([]);
});

describe("the labelled sample", () => {
  test("is large enough, its labels even, and no pair stands in it twice", () => {
    expect(train.length).toBeGreaterThanOrEqual(2000);
    expect(validation.length).toBeGreaterThanOrEqual(400);
    for (const split of [train, validation]) {
      expect(split.filter((pair) => pair.equivalent).length).toBe(split.length / 2);
    }
    const keys = [...train, ...validation].map((pair) => pairKey(pair.sentences));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("is not solved by lengths and overlap: logistic regression stays under 60 %", () => {
    const judge = logisticRegression(
      train.map((pair) => surface(pair.sentences)),
      train.map((pair) => Number(pair.equivalent)),
    );
    expect(accuracy(validation, (pair) => judge(surface(pair.sentences)) > 0.5)).toBeLessThan(0.6);
  });

  test("is not solved by the words that occur: naive Bayes over them stays under 60 %", () => {
    const count = (equivalent: boolean): Map<string, number> => {
      const counts = new Map<string, number>();
      for (const pair of train) {
        if (pair.equivalent !== equivalent) continue;
        for (const word of new Set(pair.sentences.flatMap(words))) counts.set(word, (counts.get(word) ?? 0) + 1);
      }
      return counts;
    };
    const [equivalent, different] = [count(true), count(false)];
    const evidence = (pair: Pair): number =>
      [...new Set(pair.sentences.flatMap(words))].reduce(
        (sum, word) => sum + Math.log(((equivalent.get(word) ?? 0) + 1) / ((different.get(word) ?? 0) + 1)),
        0,
      );
    expect(accuracy(validation, (pair) => evidence(pair) > 0)).toBeLessThan(0.6);
  });

  test("the regression of this test does find overlap where overlap tells", () => {
    const tells = (pair: Pair): boolean => shared(words(pair.sentences[0]), words(pair.sentences[1])) > 5;
    const told = [...train, ...validation].map((pair) => ({ ...pair, equivalent: tells(pair) }));
    const judge = logisticRegression(
      told.slice(0, 1000).map((pair) => surface(pair.sentences)),
      told.slice(0, 1000).map((pair) => Number(pair.equivalent)),
    );
    expect(accuracy(told.slice(1000), (pair) => judge(surface(pair.sentences)) > 0.5)).toBeGreaterThan(0.9);
  });

  test("the pretraining text holds none of its pairs", () => {
    const held = new Set([...train, ...validation].map((pair) => pairKey(pair.sentences)));
    for (const [one, other] of documents(20_000, 5, [...train, ...validation])) {
      expect(held.has(pairKey([one, other]))).toBe(false);
    }
  });

  test("a seed gives the same pairs again, another seed others", () => {
    expect(labelledPairs(100, 3)).toEqual(labelledPairs(100, 3));
    expect(labelledPairs(100, 3)).not.toEqual(labelledPairs(100, 4));
  });
});
