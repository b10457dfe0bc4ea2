// Where each family drops: the probabilities of a training step's forward, in their order, beside those that transformers
// draws with (dropout.py). Parity is tested without dropout, so that nothing else would see a dropout that is amiss.
import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import {
  AutoModelForMaskedLM,
  AutoModelForMultipleChoice,
  AutoModelForQuestionAnswering,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
} from "../../src/models/index.js";
import { tensor } from "../../src/tensor/index.js";

const drawn: number[] = [];
vi.mock("../../src/tensor/random.js", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/tensor/random.js")>();
  return {
    ...original,
    nextDropout: (op: string, probability: number) => {
      if (probability > 0) drawn.push(probability);
      return original.nextDropout(op, probability);
    },
  };
});

const tasks = {
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
  AutoModelForQuestionAnswering,
  AutoModelForMultipleChoice,
  AutoModelForMaskedLM,
};
type AutoName = keyof typeof tasks;

interface Expected {
  readonly families: Readonly<Record<string, { config: Record<string, unknown>; heads: Record<AutoName, number[]> }>>;
}

const expected = JSON.parse(readFileSync(new URL("dropout.json", import.meta.url), "utf8")) as Expected;
const ids = [
  [5, 6, 7],
  [8, 9, 10],
];

describe.each(Object.entries(expected.families))("%s", (model_type, { config, heads }) => {
  it.each(Object.entries(heads) as [AutoName, number[]][])("%s", (name, probabilities) => {
    const model = tasks[name].fromConfig({ model_type, ...config }, { seed: 1 });
    const input_ids = tensor(name === "AutoModelForMultipleChoice" ? [ids] : ids, { dtype: "int32" });
    drawn.length = 0;
    model.train().forward({ input_ids });
    expect(drawn).toEqual(probabilities);
    drawn.length = 0;
    model.eval().forward({ input_ids });
    expect(drawn).toEqual([]);
  });
});
