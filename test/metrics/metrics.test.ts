import { describe, expect, it, vi } from "vitest";
import {
  accuracy,
  combine,
  f1,
  type GlueTask,
  glue,
  type Metric,
  matthewsCorrelation,
  pearsonr,
  spearmanr,
} from "../../src/metrics/index.js";
import { ConfigError, DataError, ShapeError } from "../../src/support/errors.js";
import { describeShared, sharedJson } from "../shared.js";

/** A tensor as metrics see one. */
const tensor = (shape: number[], values: number[]) => ({ shape, data: async () => Float32Array.from(values) });

function expectNear(actual: number, expected: number, tolerance: number): void {
  if (!(Math.abs(actual - expected) <= tolerance)) throw new Error(`${actual} is not ${expected} within ${tolerance}`);
}

interface Fixtures {
  classification: Record<"accuracy" | "f1" | "matthews_correlation", number>[] & Pairs[];
  regression: Record<"pearson" | "spearmanr", number>[] & Pairs[];
}
interface Pairs {
  references: number[];
  predictions: number[];
}

describeShared("scikit-learn's and scipy's numbers", () => {
  const { classification, regression } = sharedJson<Fixtures>("fixtures/metrics.json");

  it("agrees exactly on classes, degenerate ones too", () => {
    expect(classification.length).toBe(16);
    const both = glue("mrpc");
    const matthews = glue("cola");
    for (const { references, predictions, ...expected } of classification) {
      expect({
        ...both.compute({ predictions, references }),
        ...matthews.compute({ predictions, references }),
      }).toEqual(expected);
    }
  });

  it("agrees on values to rounding", () => {
    expect(regression.length).toBe(6);
    const metric = glue("stsb");
    for (const { references, predictions, pearson, spearmanr } of regression) {
      const result = metric.compute({ predictions, references });
      expect(Object.keys(result)).toEqual(["pearson", "spearmanr"]);
      expectNear(result.pearson, pearson, 2e-15);
      expectNear(result.spearmanr, spearmanr, 2e-15);
    }
  });

  it("does not depend on how rows come in batches", async () => {
    const split = async (metric: Metric, { predictions, references }: Pairs, size: number) => {
      for (let i = 0; i < references.length; i += size) {
        const end = Math.min(i + size, references.length);
        const logits = predictions.slice(i, end).flatMap((label) => [-label, label]);
        await metric.addBatch({
          predictions: tensor([end - i, 2], logits),
          references: tensor([end - i], references.slice(i, end)),
        });
      }
      return metric.compute();
    };
    const { accuracy, f1, ...pairs } = classification[12];
    for (const size of [1, 7, 408]) expect(await split(glue("qqp"), pairs, size)).toEqual({ accuracy, f1 });
    const values = glue("stsb");
    const { predictions, references, pearson } = regression[4];
    predictions.forEach((prediction, i) => {
      values.add({ prediction, reference: references[i] });
    });
    expectNear(values.compute().pearson, pearson, 2e-15);
  });
});

// Expected numbers of this block: scikit-learn 1.x and scipy on the same lists.
describe("several classes", () => {
  const references = [0, 0, 3, 1, 2, 2, 2, 0, 1, 0, 1, 3, 2, 0, 2, 0, 3, 3, 3, 2, 3, 1, 0, 2, 1];
  const predictions = [0, 0, 3, 3, 0, 2, 0, 0, 1, 1, 1, 3, 1, 0, 3, 2, 3, 3, 3, 2, 0, 1, 0, 0, 1];

  it.each([
    ["micro", 0.64, 1 / 3],
    ["macro", 0.6303758741258741, 2 / 9],
    ["weighted", 0.6170699300699302, 4 / 9],
  ] as const)("averages F1 %s", (average, many, unmet) => {
    const metric = f1({ average });
    expectNear(metric.compute({ predictions, references }).f1, many, 1e-15);
    // Class 1 is never predicted, class 2 never right.
    expectNear(metric.compute({ predictions: [0, 2, 2], references: [0, 0, 1] }).f1, unmet, 1e-15);
  });

  it("gives Matthews' coefficient", () => {
    const metric = matthewsCorrelation();
    expectNear(metric.compute({ predictions, references }).matthews_correlation, 0.5328323827587402, 1e-15);
    expect(metric.compute({ predictions: [2, 2], references: [1, 1] })).toEqual({ matthews_correlation: 0 });
  });

  it("gives F1 of one class only where the rest is one other", () => {
    const pairs = { predictions: [0, 2, 0, 0], references: [0, 2, 2, 0] };
    expectNear(f1({ posLabel: 2 }).compute(pairs).f1, 2 / 3, 1e-15);
    expect(() => f1().compute(pairs)).toThrow(/classes met are 0, 2; use f1\(\{ average: "macro" \}\)/);
    expect(() => f1().compute({ predictions, references })).toThrow(DataError);
    expect(() => f1({ average: "makro" as "macro" })).toThrow(/Unknown average makro for f1; did you mean macro/);
  });
});

describe("values", () => {
  it("keeps its digits where the mean is large", () => {
    const predictions = Array.from({ length: 6 }, (_, i) => 1e8 + i * 0.25);
    const references = [3, 1, 4, 1, 5, 9];
    expectNear(pearsonr().compute({ predictions, references }).pearsonr, 0.6961696279091429, 1e-14);
    expectNear(spearmanr().compute({ predictions, references }).spearmanr, 0.6667366910003157, 1e-14);
  });

  it("takes a model's [rows, 1]", async () => {
    const metric = pearsonr();
    await metric.addBatch({ predictions: tensor([3, 1], [1, 2, 3]), references: tensor([3], [-2, -4, -6]) });
    expectNear(metric.compute().pearsonr, -1, 1e-15);
  });

  it("is not defined for constants, and says so", () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(pearsonr().compute({ predictions: [0.1, 0.1, 0.1], references: [1, 2, 3] }).pearsonr).toBeNaN();
    expect(spearmanr().compute({ predictions: [1, 2, 3], references: [7, 7, 7] }).spearmanr).toBeNaN();
    expect(write.mock.calls.flat().join("")).toMatch(
      /pearsonr .*all predictions are equal.*\n.*spearmanr .*all references/,
    );
    write.mockRestore();
  });

  it("needs two rows and finite numbers", () => {
    expect(() => pearsonr().compute({ predictions: [1], references: [1] })).toThrow(
      /needs two rows or more, and has 1/,
    );
    expect(() => pearsonr().compute({ predictions: [1, Number.NaN], references: [1, 2] })).toThrow(
      /Row 1 of the predictions is NaN/,
    );
    expect(() => spearmanr().compute({ predictions: [[1, 2]], references: [1] })).toThrow(
      /shape \[1, 2\]; values have/,
    );
  });
});

describe("what a metric takes", () => {
  it("logits, in tensors, lists and arrays with a shape, the first of equals winning", async () => {
    const references = [1, 0, 2];
    const logits = [0, 1, -1, 2, 2, 0, -3, -2, -1];
    const metric = accuracy();
    await metric.addBatch({ predictions: tensor([3, 3], logits), references: tensor([3], references) });
    await metric.addBatch({
      predictions: [logits.slice(0, 3), new Float32Array(logits.slice(3, 6)), logits.slice(6)],
      references: new Int32Array(references),
    });
    await metric.addBatch({
      predictions: { shape: [3, 3], data: new Float32Array(logits) },
      references: new Set(references),
    });
    metric.add({ prediction: [0.1, 0.9], reference: 1 });
    metric.add({ prediction: 0, reference: 1 });
    expect(metric.compute()).toEqual({ accuracy: 10 / 11 });
  });

  it("-Infinity as a logit, as masked classes have", () => {
    const inf = Number.NEGATIVE_INFINITY;
    expect(
      accuracy().compute({
        predictions: [
          [inf, -5],
          [inf, inf],
        ],
        references: [1, 0],
      }),
    ).toEqual({ accuracy: 1 });
  });

  it("nothing left over from the last compute", () => {
    const metric = glue("mrpc");
    expect(metric.compute({ predictions: [1, 1], references: [1, 0] })).toEqual({ accuracy: 0.5, f1: 2 / 3 });
    expect(metric.compute({ predictions: [0], references: [0] })).toEqual({ accuracy: 1, f1: 0 });
    expect(() => metric.compute()).toThrow(/glue\/mrpc: nothing to compute; call add or addBatch first/);
    metric.add({ prediction: 0, reference: 1 });
    metric.reset();
    metric.add({ prediction: 1, reference: 1 });
    expect(metric.compute()).toEqual({ accuracy: 1, f1: 1 });
  });

  it("nothing that does not fit, by name", async () => {
    const metric = accuracy();
    const cases: [predictions: unknown, references: unknown, kind: unknown, message: RegExp][] = [
      [[1, 0], [1], ShapeError, /accuracy: 2 predictions and 1 references/],
      [[0.3], [1], DataError, /Row 0 of the predictions is 0.3, not a class; logits have the shape/],
      [[1, Number.NaN], [1, 1], DataError, /Row 1 of the predictions is NaN/],
      [[[0, Number.NaN]], [1], DataError, /Row 0 of the predictions has the logit NaN for class 1/],
      [[[0, 1], [0]], [1, 1], ShapeError, /Row 1 of the predictions has 1 numbers, and row 0 has 2/],
      [[[0, 1], 1], [1, 1], ShapeError, /Row 1 of the predictions is 1, where others are lists/],
      [[[0.5]], [1], ShapeError, /predictions have the shape \[1, 1\]/],
      [tensor([1, 2, 2], [1, 2, 3, 4]), [1], ShapeError, /predictions have the shape \[1, 2, 2\]/],
      [["1"], [1], DataError, /predictions hold "1" \(string\), not a number/],
      [[1], [1n], DataError, /references hold "1" \(bigint\)/],
      [[1], [undefined], DataError, /references hold "undefined"/],
      [1, [1], DataError, /The predictions are 1; give an array/],
      [[1], undefined, DataError, /The references are undefined/],
      [[1], null, DataError, /The references are null/],
    ];
    for (const [predictions, references, kind, message] of cases) {
      const error = await metric.addBatch({ predictions, references } as never).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(kind);
      expect((error as Error).message).toMatch(message);
    }
    expect(() => metric.compute({ predictions: tensor([1], [1]) as never, references: [1] })).toThrow(
      /await metric.addBatch/,
    );
    expect(() => metric.compute()).toThrow(/nothing to compute/);
  });
});

describe("glue", () => {
  // evaluate 0.4.6, metrics/glue/glue.py
  const keys: Record<GlueTask, string[]> = {
    cola: ["matthews_correlation"],
    sst2: ["accuracy"],
    mrpc: ["accuracy", "f1"],
    qqp: ["accuracy", "f1"],
    stsb: ["pearson", "spearmanr"],
    mnli: ["accuracy"],
    mnli_matched: ["accuracy"],
    mnli_mismatched: ["accuracy"],
    qnli: ["accuracy"],
    rte: ["accuracy"],
    wnli: ["accuracy"],
    hans: ["accuracy"],
  };
  it.each(Object.entries(keys))("measures %s", (task, expected) => {
    const metric = glue(task as GlueTask);
    expect(metric.keys).toEqual(expected);
    expect(Object.keys(metric.compute({ predictions: [0, 1], references: [0, 1] }))).toEqual(expected);
  });

  it("names a task it does not know", () => {
    expect(() => glue("mprc" as GlueTask)).toThrow(ConfigError);
    expect(() => glue("mprc" as GlueTask)).toThrow(/no metric for mprc; did you mean mrpc\? Known are cola, sst2/);
    expect(() => glue("toString" as GlueTask)).toThrow(ConfigError);
  });

  it("refuses rows without a label", () => {
    expect(() => glue("sst2").compute({ predictions: [0, 1], references: [0, -1] })).toThrow(/row 1 has no label/);
    expect(accuracy().compute({ predictions: [-1, 1], references: [-1, 1] })).toEqual({ accuracy: 1 });
  });
});

describe("combine", () => {
  it("gives what its parts give", () => {
    const metric = combine([accuracy(), f1(), matthewsCorrelation()]);
    expect(metric.name).toBe("accuracy+f1+matthews_correlation");
    expect(metric.compute({ predictions: [1, 0], references: [1, 0] })).toEqual({
      accuracy: 1,
      f1: 1,
      matthews_correlation: 1,
    });
    expect(() => combine([f1(), f1({ average: "macro" })])).toThrow(/both give f1/);
  });
});
