import { createHash } from "node:crypto";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type ClassLabel, type GlueRow, glueTask, glueTasks, loadDataset } from "../../src/datasets/index.js";
import { ConfigError } from "../../src/support/errors.js";
import { describeShared, sharedPath } from "../shared.js";

describe("GLUE's tasks", () => {
  it("are ten", () => {
    expect(Object.keys(glueTasks).sort()).toEqual("ax cola mnli mrpc qnli qqp rte sst2 stsb wnli".split(" "));
  });

  it("have as many outputs as labels, one for the regression", () => {
    for (const [name, task] of Object.entries(glueTasks)) {
      expect(task.numLabels, name).toBe(name === "stsb" ? 1 : task.labelNames.length);
    }
  });

  it("are found by name, and the nearest is suggested", () => {
    expect(glueTask("wnli").labelNames).toEqual(["not_entailment", "entailment"]); // the reverse of rte's
    expect(() => glueTask("sst-2")).toThrow(ConfigError);
    expect(() => glueTask("sst-2")).toThrow('did you mean "sst2"?');
  });
});

// pyarrow 26.0.1 over the same files: rows; sha256 of all texts, column after column, joined by newlines (first 16 digits);
// sums of label and of idx
const facts: [
  config: keyof typeof glueTasks,
  split: string,
  rows: number,
  texts: string,
  labels: number,
  idx: number,
][] = [
  ["mrpc", "train", 3668, "92247a369d5da32a", 2474, 7482200],
  ["mrpc", "validation", 408, "1cf04e50e2c190d8", 279, 822650],
  ["mrpc", "test", 1725, "773726568c80b18e", 1147, 1486950],
  ["sst2", "train", 67349, "3a111c3000d08dac", 37569, 2267910226],
  ["sst2", "validation", 872, "152a1d7bcec9660a", 444, 379756],
  ["sst2", "test", 1821, "f19007156c81defb", -1821, 1657110],
  ["cola", "train", 8551, "3bcf2b5e978fcd95", 6023, 36555525],
  ["cola", "validation", 1043, "e39bcba32376e546", 721, 543403],
  ["cola", "test", 1063, "697ddaaf74ca0f58", -1063, 564453],
  ["stsb", "train", 5749, "438a28e3db8e3416", 15528.043389335275, 16522626],
  ["stsb", "validation", 1500, "f07dd27ae0809958", 3545.861331090331, 1124250],
  ["stsb", "test", 1379, "9b3f703f6d1ba73c", -1379, 950131],
];

describeShared("GLUE's files", () => {
  const folder = sharedPath("hub/datasets/nyu-mll/glue");

  it.each(facts)("%s %s holds the rows that pyarrow reads", async (config, split, rows, texts, labels, idx) => {
    const dataset = await loadDataset(folder, config, { split });
    const { textColumns, labelNames } = glueTasks[config];
    expect(dataset.length).toBe(rows);
    expect(dataset.columnNames).toEqual([...textColumns, "label", "idx"]);
    const text = textColumns.flatMap((name) => dataset.column(name)).join("\n");
    expect(createHash("sha256").update(text).digest("hex").slice(0, 16)).toBe(texts);
    expect((dataset.column("label") as number[]).reduce((sum, label) => sum + label, 0)).toBe(labels);
    expect((dataset.column("idx") as number[]).reduce((sum, index) => sum + index, 0)).toBe(idx);
    const names = labelNames.length === 0 ? undefined : labelNames;
    expect((dataset.features.label as Partial<ClassLabel>).names).toEqual(names);
  });

  it("MRPC begins as the course's chapter shows", async () => {
    const raw = await loadDataset<GlueRow<"mrpc">>(folder, "mrpc");
    expect(raw.train.at(0)).toEqual({
      sentence1: expect.stringMatching(/^Amrozi accused his brother , whom he called " the witness " , /),
      sentence2: expect.stringMatching(/^Referring to him as only " the witness " , Amrozi accused/),
      label: 1,
      idx: 0,
    });
    expect(raw.train.features.label.int2str(raw.train.at(0).label)).toBe("equivalent");
    expect(raw.train.column("label").slice(0, 8)).toEqual([1, 0, 1, 0, 1, 1, 0, 1]);
    expect(`${raw}`).toBe(
      `DatasetDict {
  train: Dataset {
    features: [ 'sentence1', 'sentence2', 'label', 'idx' ],
    num_rows: 3668
  },
  validation: Dataset {
    features: [ 'sentence1', 'sentence2', 'label', 'idx' ],
    num_rows: 408
  },
  test: Dataset {
    features: [ 'sentence1', 'sentence2', 'label', 'idx' ],
    num_rows: 1725
  }
}`,
    );
  });

  it("have rows of the types that are declared", async () => {
    const raw = await loadDataset<GlueRow<"stsb">>(folder, "stsb");
    expectTypeOf(raw.train.at(0)).toEqualTypeOf<{ sentence1: string; sentence2: string; label: number; idx: number }>();
    expect(raw.train.at(1).label).toBe(3.799999952316284); // the float32 nearest to 3.8, as Python shows it
  });
});

describe("GLUE by its name on the Hub", () => {
  it("is typed by configuration", () => {
    const load = () => loadDataset("glue", "mrpc");
    type Row = Awaited<ReturnType<typeof load>> extends { train: Iterable<infer R> } ? R : never;
    expectTypeOf<Row>().toHaveProperty("sentence1").toEqualTypeOf<string>();
    expectTypeOf<Row>().toHaveProperty("label").toExtend<number>();
    expectTypeOf<Row>().not.toHaveProperty("sentence");
    const label = async () => (await load()).train.features.label;
    expectTypeOf<Awaited<ReturnType<typeof label>>>().toEqualTypeOf<ClassLabel<"not_equivalent" | "equivalent">>();
    // @ts-expect-error mrcp is no configuration; rows of unknown type have no typed sentence1
    (async () => (await loadDataset("glue", "mrcp")).train.at(0).sentence1.length) satisfies () => Promise<number>;
  });
});
