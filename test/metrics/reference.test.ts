// The metrics beside scikit-learn's, scipy's and seqeval's on random and degenerate rows; reference.py wrote the numbers.
import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import {
  f1,
  type Metric,
  mae,
  mse,
  precision,
  recall,
  rocAuc,
  seqeval,
  spearmanr,
  squad,
} from "../../src/metrics/index.js";
import { AttuneError } from "../../src/support/errors.js";
import { terminal } from "../../src/support/terminal.js";

vi.spyOn(terminal, "writeLine").mockImplementation(() => undefined);

type Expected = number | "error" | "nan";
interface Case {
  references: number[];
  predictions: number[];
}
interface Reference {
  averaged: (Case & Record<string, Expected>)[];
  roc_auc: { two: (Case & { roc_auc: Expected })[]; many: (Case & Record<string, Expected>)[] };
  errors: (Case & { mse: number; mae: number; rmse: number })[];
  ties: (Case & { spearmanr: Expected })[];
  seqeval: { suffix: boolean; references: string[][]; predictions: string[][]; result: Record<string, number> }[];
  squad: { questions: [prediction: string, answers: string[]][]; exact_match: number; f1: number };
}

const reference = JSON.parse(readFileSync(new URL("reference.json", import.meta.url), "utf8")) as Reference;

/** scikit-learn sums in other orders: a few roundings of float64 apart. */
const TOLERANCE = 1e-14;

function compare(metric: Metric, rows: Case, expected: Expected, what: string): void {
  if (expected === "error") {
    expect(() => metric.compute(rows), what).toThrow(AttuneError);
    return;
  }
  const [value] = Object.values(metric.compute(rows));
  if (expected === "nan") expect(value, what).toBeNaN();
  else if (!(Math.abs(value - expected) <= TOLERANCE * Math.max(1, Math.abs(expected)))) {
    throw new Error(`${what}: ${value} is not ${expected}`);
  }
}

describe("scikit-learn's and scipy's numbers", () => {
  const named = { precision, recall, f1 } as const;
  const averages = ["binary", "micro", "macro", "weighted"] as const;

  it.each(Object.keys(named) as (keyof typeof named)[])("%s, for every average", (name) => {
    for (const rows of reference.averaged) {
      for (const average of averages) {
        compare(
          named[name]({ average }),
          rows,
          rows[`${name} ${average}`],
          `${name} ${average} ${JSON.stringify(rows)}`,
        );
      }
    }
  });

  it("the area under the curve: ties, one class, three classes and four", () => {
    for (const rows of reference.roc_auc.two) compare(rocAuc(), rows, rows.roc_auc, JSON.stringify(rows));
    for (const rows of reference.roc_auc.many) {
      for (const multiClass of ["ovr", "ovo"] as const) {
        for (const average of ["macro", "weighted"] as const) {
          compare(rocAuc({ multiClass, average }), rows, rows[`${multiClass} ${average}`], `${multiClass} ${average}`);
        }
      }
    }
  });

  it("logits of two classes are scores", async () => {
    for (const { references, predictions, roc_auc: expected } of reference.roc_auc.two.slice(-2)) {
      const metric = rocAuc();
      for (let i = 0; i < references.length; i += 9) {
        const scores = predictions.slice(i, i + 9).map((score) => [1 - score, 1 + score]);
        await metric.addBatch({ predictions: scores, references: references.slice(i, i + 9) });
      }
      expect(Math.abs(metric.compute().roc_auc - Number(expected))).toBeLessThanOrEqual(TOLERANCE);
    }
  });

  it("mean errors, of single values and of several a row", () => {
    for (const rows of reference.errors) {
      compare(mse(), rows, rows.mse, "mse");
      compare(mse({ squared: false }), rows, rows.rmse, "rmse");
      compare(mae(), rows, rows.mae, "mae");
    }
  });

  it("Spearman's correlation with ties, constants and one row", () => {
    for (const rows of reference.ties) compare(spearmanr(), rows, rows.spearmanr, JSON.stringify(rows));
  });

  it("nothing at all is an error, as it is there", () => {
    for (const metric of [f1(), precision(), recall(), rocAuc(), mse(), mae(), seqeval()]) {
      expect(() => metric.compute({ predictions: [], references: [] })).toThrow(/nothing to compute/);
    }
    expect(() => squad().compute()).toThrow(/nothing to compute/);
  });
});

describe("seqeval's numbers", () => {
  it("of tags as text, in one batch or many", async () => {
    for (const { suffix, references, predictions, result } of reference.seqeval) {
      const whole = seqeval({ suffix }).compute({ references, predictions });
      expect(Object.keys(whole)).toEqual(Object.keys(result));
      for (const [key, value] of Object.entries(result)) {
        expect(Math.abs(whole[key] - value), `${key} of ${JSON.stringify(predictions)}`).toBeLessThanOrEqual(TOLERANCE);
      }
      const parts = seqeval({ suffix });
      for (let i = 0; i < references.length; i++) {
        await parts.addBatch({ references: [references[i]], predictions: [predictions[i]] });
      }
      expect(parts.compute()).toEqual(whole);
    }
  });

  it("of logits, without the places that have no tag", async () => {
    const labels = ["O", "B-PER", "I-PER"];
    const metric = seqeval({ labels });
    const logits = { shape: [1, 4, 3], data: async () => Float32Array.from([0, 9, 0, 0, 9, 0, 0, 0, 9, 9, 0, 0]) };
    await metric.addBatch({ predictions: logits, references: { shape: [1, 4], data: [-100, 1, 2, 0] } });
    expect(metric.compute()).toMatchObject({ overall_f1: 1, overall_accuracy: 1, PER_number: 1 });
  });

  it("says what does not fit", () => {
    const metric = seqeval({ labels: ["O"] });
    const numbers = { predictions: { shape: [1, 1], data: [3] }, references: { shape: [1, 1], data: [0] } };
    expect(() => metric.compute(numbers)).toThrow(/class 3 has no tag/);
    expect(() => metric.compute({ predictions: [["O"]], references: [["O", "O"]] })).toThrow(
      /sequence 0 has 2 references and 1 predictions/,
    );
    expect(() => metric.compute({ predictions: [1], references: [1] })).toThrow(/takes predictions \[rows, length\]/);
  });
});

describe("SQuAD's numbers", () => {
  const { questions, ...expected } = reference.squad;
  const predictions = questions.map(([prediction_text], i) => ({ id: String(i), prediction_text }));
  const references = questions.map(([, text], i) => ({
    id: String(i),
    answers: { text, answer_start: text.map(() => 0) },
  }));

  it("of single questions and of all", () => {
    const metric = squad();
    for (let i = 0; i < questions.length; i++) {
      metric.addBatch({ predictions: [predictions[i]], references: [references[i]] });
    }
    for (const result of [metric.compute(), squad().compute({ predictions, references })]) {
      expect(Math.abs(result.exact_match - expected.exact_match)).toBeLessThanOrEqual(1e-12);
      expect(Math.abs(result.f1 - expected.f1)).toBeLessThanOrEqual(1e-12);
    }
  });

  it("says which question has no prediction or no answer", () => {
    expect(() => squad().compute({ predictions: [], references: [references[3]] })).toThrow(
      /question 3 has no prediction/,
    );
    const none = { id: "0", answers: { text: [] } };
    expect(() => squad().compute({ predictions, references: [none] })).toThrow(/question 0 has no answer/);
  });
});
