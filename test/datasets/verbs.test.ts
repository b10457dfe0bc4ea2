// The verbs against Python's datasets: what python/verbs.py wrote of the same small datasets.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  ClassLabel,
  concatenateDatasets,
  Dataset,
  DatasetDict,
  interleaveDatasets,
  List,
  type StoppingStrategy,
  Value,
} from "../../src/datasets/index.js";
import { ConfigError, DataError } from "../../src/support/errors.js";

interface Python {
  sort: { columns: string | string[]; reverse?: boolean | boolean[]; null_placement?: "at_start"; ids: number[] }[];
  shard: { num_shards: number; index: number; contiguous: boolean; ids: number[] }[];
  repeat: number[];
  skip: number[];
  batch: { all: number[][]; whole: number[][] };
  unique: (string | null)[];
  stratify: {
    labels: number[];
    cases: { test_size?: number; train_size?: number; seed: number; train: number[]; test: number[] }[];
  };
  interleave: { strategy: StoppingStrategy; probabilities: number[] | null; seed: number | null; ids: number[] }[];
  concatenate: Record<string, unknown[]>;
  beside: Record<string, unknown[]>;
  class_encode: { values: unknown[]; include_nulls?: boolean; names: string[]; classes: (number | null)[] }[];
  align: { names: string[]; classes: (number | null)[] };
  flatten: { all: Record<string, unknown[]>; once: Record<string, unknown[]> };
  cast: { values: unknown[]; from: string; to: string | string[]; result: unknown[] | "error" }[];
  cast_struct: unknown[];
  cast_list: unknown[];
}

const python = JSON.parse(readFileSync(new URL("python/verbs.json", import.meta.url), "utf8")) as Python;

const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
const ids = (dataset: Dataset<{ id: number }>) => dataset.column("id");
const eleven = Dataset.fromColumns({ id: range(0, 11) });

describe("sort", () => {
  const table = Dataset.fromColumns({
    text: ["b", "a", null, "\uffee", "\u{1f600}", "a", "B", ""],
    number: [3, Number.NaN, 1, 2, null, -1, 3, 2],
    group: [1, 2, 1, 2, 1, 2, 1, 2],
    flag: [true, false, null, true, false, true, false, true],
    id: range(0, 8),
  });

  it.each(python.sort)("orders by $columns, reverse $reverse, as Python does", (expected) => {
    const sorted = table.sort(expected.columns as "text", {
      reverse: expected.reverse,
      nullPlacement: expected.null_placement,
    });
    expect(sorted.column("id")).toEqual(expected.ids);
  });

  it("says what cannot be sorted", () => {
    expect(() => table.sort("txt" as "text")).toThrow('did you mean "text"?');
    expect(() => table.sort(["text", "id"], { reverse: [true] })).toThrow("reverse has 1 directions for 2 columns");
    expect(() => table.sort("id", { nullPlacement: "middle" as "at_end" })).toThrow(ConfigError);
    const lists = Dataset.fromColumns({ a: [[1], [2]] });
    expect(() => lists.sort("a")).toThrow('column "a" is List(Value("int64")): only single values have an order');
  });
});

describe("verbs that choose rows", () => {
  it.each(python.shard)("shard $index of $num_shards, contiguous $contiguous", (expected) => {
    const shard = eleven.shard({ ...expected, numShards: expected.num_shards });
    expect(ids(shard)).toEqual(expected.ids);
  });

  it("shards cover every row once, also where there are more shards than rows", () => {
    for (const contiguous of [true, false]) {
      const all = range(0, 15).flatMap((index) => ids(eleven.shard({ numShards: 15, index, contiguous })));
      expect(all.sort((a, b) => a - b)).toEqual(range(0, 11));
    }
  });

  it("skip, take, repeat", () => {
    expect(ids(eleven.skip(8))).toEqual(python.skip);
    expect(ids(eleven.skip(100))).toEqual([]);
    expect(ids(eleven.take(2))).toEqual([0, 1]);
    expect(ids(eleven.take(100))).toEqual(range(0, 11));
    expect(ids(eleven.take(3).repeat(3))).toEqual(python.repeat);
    expect(eleven.repeat(0).length).toBe(0);
  });

  it("refuse what is no count", () => {
    expect(() => eleven.take(-1)).toThrow("take: a number of rows is asked for, from 0 up, not -1");
    expect(() => eleven.skip(1.5)).toThrow(ConfigError);
    expect(() => eleven.repeat(Number.NaN)).toThrow(ConfigError);
    expect(() => eleven.shard({ numShards: 3, index: 3 })).toThrow("of 3 parts, give a whole number from 0 to 2");
    expect(() => eleven.batch({ batchSize: 0 })).toThrow(ConfigError);
  });

  it("batch gathers rows into lists", () => {
    const batches = eleven.batch({ batchSize: 4 });
    expect(batches.column("id")).toEqual(python.batch.all);
    expect(batches.features.id).toEqual(new List(new Value("int64")));
    expect(eleven.batch({ batchSize: 4, dropLastBatch: true }).column("id")).toEqual(python.batch.whole);
    expect(eleven.select([9, 1, 5]).batch({ batchSize: 2 }).slice()).toEqual([{ id: [9, 1] }, { id: [5] }]);
  });

  it("unique gives each value once, null and nested ones too", () => {
    expect(Dataset.fromColumns({ x: ["b", "a", null, "b", "", "a"] }).unique("x")).toEqual(python.unique);
    expect(Dataset.fromColumns({ x: [[1, 2], [1], [1, 2]] }).unique("x")).toEqual([[1, 2], [1]]);
    expect(Dataset.fromColumns({ x: [new Date(5), new Date(5)] }).unique("x")).toEqual([new Date(5)]);
  });
});

describe("trainTestSplit, stratified", () => {
  const { labels, cases } = python.stratify;
  const label = new ClassLabel({ names: ["a", "b", "c"] });
  const table = Dataset.fromColumns(
    { id: range(0, labels.length), label: labels },
    { features: { id: new Value("int64"), label } },
  );

  it.each(cases)("gives Python's rows for %o", ({ test_size: testSize, train_size: trainSize, seed, train, test }) => {
    const parts = table.trainTestSplit({ testSize, trainSize, seed, stratifyByColumn: "label" });
    expect(parts.train.column("id")).toEqual(train);
    expect(parts.test.column("id")).toEqual(test);
  });

  it("says what it cannot do", () => {
    const options = { stratifyByColumn: "label", seed: 1 };
    expect(() => table.trainTestSplit({ ...options, testSize: 2 })).toThrow("a test part of 2 rows has no place for 3");
    expect(() => table.trainTestSplit({ ...options, shuffle: false })).toThrow(ConfigError);
    expect(() => table.trainTestSplit({ ...options, stratifyByColumn: "id" })).toThrow("classEncodeColumn makes them");
    const lonely = table.take(4).addColumn("one", [0, 0, 1, 0], { feature: label });
    expect(() => lonely.trainTestSplit({ testSize: 0.5, stratifyByColumn: "one" })).toThrow("has one row, 2");
    const unlabelled = table.take(4).addColumn("one", [0, 0, null, 0], { feature: label });
    expect(() => unlabelled.trainTestSplit({ stratifyByColumn: "one" })).toThrow("row 2 has no label");
  });
});

describe("interleaveDatasets", () => {
  const parts = [range(0, 3), range(100, 4), range(200, 6)].map((id) => Dataset.fromColumns({ id }));

  it.each(python.interleave)("$strategy with probabilities $probabilities gives Python's rows", (expected) => {
    const interleaved = interleaveDatasets(parts, {
      stoppingStrategy: expected.strategy,
      probabilities: expected.probabilities ?? undefined,
      seed: expected.seed ?? undefined,
    });
    expect(ids(interleaved)).toEqual(expected.ids);
  });

  it("refuses what would never end", () => {
    const empty = [...parts, Dataset.fromColumns({ id: [] as number[] })];
    const never = { probabilities: [0.5, 0.5, 0], stoppingStrategy: "all_exhausted" as const };
    expect(() => interleaveDatasets(parts, never)).toThrow("dataset 2 has probability 0, so it is never exhausted");
    expect(() => interleaveDatasets(empty, { stoppingStrategy: "all_exhausted" })).toThrow("dataset 3 has no rows");
    expect(interleaveDatasets(empty).length).toBe(0);
    expect(() => interleaveDatasets(parts, { probabilities: [1] })).toThrow("1 probabilities for 3 datasets");
    expect(() => interleaveDatasets(parts, { stoppingStrategy: "x" as StoppingStrategy })).toThrow(ConfigError);
    expect(() => interleaveDatasets([])).toThrow(ConfigError);
  });
});

describe("concatenateDatasets", () => {
  const left = Dataset.fromColumns({ a: [1, 2], b: ["x", "y"] }) as Dataset;
  const right = Dataset.fromColumns({ b: ["z"], c: [0.5] }) as Dataset;

  it("puts rows below rows, null where a column lacks", () => {
    const both = concatenateDatasets([left, right]);
    expect(both.columns()).toEqual(python.concatenate);
    expect(both.select([2, 0, 1, 0]).slice()).toEqual([2, 0, 1, 0].map((row) => both.at(row)));
    expect(concatenateDatasets([left.select([1, 0]), left.take(0), left]).column("a")).toEqual([2, 1, 1, 2]);
  });

  it("puts columns beside columns", () => {
    const side = Dataset.fromColumns({ d: [true, false] }) as Dataset;
    expect(concatenateDatasets([left, side], { axis: 1 }).columns()).toEqual(python.beside);
    expect(() => concatenateDatasets([left, right], { axis: 1 })).toThrow("dataset 1 has 1 rows, the first 2");
    expect(() => concatenateDatasets([left, left], { axis: 1 })).toThrow('more than one dataset has a column "a"');
  });

  it("refuses columns of two types, and labels in two orders", () => {
    const other = Dataset.fromColumns({ a: ["1"] }) as Dataset;
    expect(() => concatenateDatasets([left, other])).toThrow(
      'column "a" is Value("string") in dataset 1, Value("int64") before it: castColumn makes them one type',
    );
    const labelled = (...names: string[]) => left.castColumn("a", new ClassLabel({ names })) as Dataset;
    expect(() => concatenateDatasets([labelled("no", "yes", "maybe"), labelled("yes", "no", "maybe")])).toThrow(
      "alignLabelsWithMapping gives them one order",
    );
    const nothing = Dataset.fromColumns({ a: [null, null] }) as Dataset;
    expect(concatenateDatasets([nothing, left]).features.a).toEqual(new Value("int64"));
    expect(() => concatenateDatasets([])).toThrow(ConfigError);
  });
});

describe("labels", () => {
  it.each(python.class_encode)("classEncodeColumn makes classes of $values", (expected) => {
    const encoded = Dataset.fromColumns({ x: expected.values }).classEncodeColumn("x", {
      includeNulls: expected.include_nulls,
    });
    expect(encoded.features.x).toEqual(new ClassLabel({ names: expected.names }));
    expect(encoded.column("x")).toEqual(expected.classes);
  });

  it("classEncodeColumn gives a class one number in all splits", () => {
    const splits = new DatasetDict({
      train: Dataset.fromColumns({ x: ["b", "a"] }),
      test: Dataset.fromColumns({ x: ["b", "c"] }),
    }).classEncodeColumn("x");
    expect(splits.test.features.x).toEqual(new ClassLabel({ names: ["a", "b", "c"] }));
    expect([splits.train.column("x"), splits.test.column("x")]).toEqual([
      [1, 0],
      [1, 2],
    ]);
    expect(() => Dataset.fromColumns({ x: [0.5] }).classEncodeColumn("x")).toThrow(DataError);
  });

  it("alignLabelsWithMapping renumbers labels by their names", () => {
    const label = new ClassLabel({ names: ["Entailment", "neutral", "contradiction"] });
    const mapping = { CONTRADICTION: 0, neutral: 1, entailment: 2 };
    const given = Dataset.fromColumns({ x: [0, 1, 2, 2, null] }, { features: { x: label } });
    const aligned = given.alignLabelsWithMapping(mapping, "x");
    expect(aligned.features.x).toEqual(new ClassLabel({ names: python.align.names }));
    expect(aligned.column("x")).toEqual(python.align.classes);
    const unknown = Dataset.fromColumns({ x: [-1, 0] }, { features: { x: label } });
    expect(unknown.alignLabelsWithMapping(mapping, "x").column("x")).toEqual([-1, 2]);
    const lists = Dataset.fromColumns({ x: [[0, 2], []] }, { features: { x: new List(label) } });
    expect(lists.alignLabelsWithMapping(mapping, "x").column("x")).toEqual([[2, 0], []]);
    expect(() => given.alignLabelsWithMapping({ neutral: 0, entailment: 1 }, "x")).toThrow(
      'has a class "contradiction", of which the mapping knows nothing: it has "neutral", "entailment"',
    );
    expect(() => given.alignLabelsWithMapping({ neutral: 0, entailment: 2, contradiction: 3 }, "x")).toThrow(
      ConfigError,
    );
  });
});

describe("verbs that change columns", () => {
  const nested = Dataset.fromRows([
    { id: 0, a: { b: { c: 1, d: "x" as string | null }, e: [1, 2] } },
    { id: 1, a: { b: { c: 2, d: null }, e: [] } },
  ]);

  it("flatten makes columns of fields", () => {
    expect(nested.flatten().columns()).toEqual(python.flatten.all);
    expect(nested.flatten({ maxDepth: 2 }).columns()).toEqual(python.flatten.once);
    expect(nested.flatten().features["a.b.d"]).toEqual(new Value("string"));
  });

  it("addColumn adds one behind the others", () => {
    const chosen = eleven.select([3, 1]);
    expect(chosen.addColumn("text", ["three", "one"]).slice()).toEqual([
      { id: 3, text: "three" },
      { id: 1, text: "one" },
    ]);
    expect(() => chosen.addColumn("id", [1, 2])).toThrow('the dataset has a column "id"');
    expect(() => chosen.addColumn("x", [1])).toThrow('there are 1 values for "x", but 2 rows');
    expect(() => chosen.addColumn("x", [1, "a"])).toThrow(DataError);
    expect(() => chosen.addColumn("x", [1, 300], { feature: new Value("int8") })).toThrow("holds 300 at row 1");
  });
});

describe("cast", () => {
  const NUMBERS: Readonly<Record<string, number>> = { NaN: Number.NaN, inf: Infinity, "-inf": -Infinity };

  it.each(python.cast)("$from $values to $to", ({ values, from, to, result }) => {
    const feature = Array.isArray(to) ? new ClassLabel({ names: to }) : new Value(to);
    const stored = from === "float32" ? values.map((value) => Math.fround(value as number)) : values;
    const given = Dataset.fromColumns({ x: stored }, { features: { x: new Value(from) } });
    const cast = () => given.castColumn("x", feature).column("x");
    if (result === "error") expect(cast).toThrow(DataError);
    else expect(cast()).toEqual(to === "string" ? result : result.map((value) => NUMBERS[String(value)] ?? value));
  });

  it("goes into structs and lists", () => {
    const struct = Dataset.fromColumns({ x: [{ a: 1 }, null] });
    expect(struct.cast({ x: { a: new Value("string"), b: new Value("int8") } }).column("x")).toEqual(
      python.cast_struct,
    );
    const lists = Dataset.fromColumns({ x: [[1, null], [], null] });
    expect(lists.cast({ x: new List(new Value("string")) }).column("x")).toEqual(python.cast_list);
    expect(() => lists.cast({ x: new List(new Value("string"), { length: 2 }) })).toThrow(
      'column "x" holds a list of 0, where lists of 2 are asked for, at row 1',
    );
    expect(() => struct.cast({ x: { b: new Value("int8") } })).toThrow('its field "a" would be lost');
  });

  it("names column and row of what cannot be cast, and the columns that features forget", () => {
    const table = Dataset.fromColumns({ n: [1, 2, 300], t: ["1", "two", "3"] });
    expect(() => table.castColumn("n", new Value("int8"))).toThrow(
      'column "n" holds 300, outside the range -128 to 127 of int8, at row 2',
    );
    expect(() => table.castColumn("t", new Value("int64"))).toThrow(
      'the string "two", which is no whole number, at row 1',
    );
    expect(() => table.castColumn("n", new List(new Value("int64")))).toThrow("cannot become List");
    expect(() => table.cast({ n: new Value("int64") })).toThrow('do not name the column "t"');
    expect(() => table.cast({ m: new Value("int64") })).toThrow('no column "m"');
    expect(() => table.castColumn("n", new ClassLabel({ names: ["a", "b"] }))).toThrow(
      'the label 2, outside the 2 classes of ClassLabel("a", "b"), at row 1',
    );
  });

  it("refuses labels whose names stand in another order, and takes other names", () => {
    const label = (...names: string[]) => new ClassLabel({ names });
    const given = Dataset.fromColumns({ x: [0, 1] }, { features: { x: label("no", "yes") } });
    expect(() => given.castColumn("x", label("yes", "no"))).toThrow(
      '"no" is class 0 in one and 1 in the other. alignLabelsWithMapping changes the labels with their names',
    );
    expect(given.castColumn("x", label("bad", "good")).features.x).toEqual(label("bad", "good"));
    expect(given.castColumn("x", label("no", "yes", "maybe")).column("x")).toEqual([0, 1]);
  });

  it("reads dates as ISO 8601 and writes them so", () => {
    const given = Dataset.fromColumns({ x: ["2020-01-02 03:04:05.678", "2020-01-02", null] });
    const dates = given.castColumn("x", new Value("timestamp[ms]"));
    expect(dates.column("x")).toEqual([new Date("2020-01-02T03:04:05.678Z"), new Date("2020-01-02"), null]);
    expect(dates.castColumn("x", new Value("string")).at(0)).toEqual({ x: "2020-01-02 03:04:05.678" });
    expect(() => dates.castColumn("x", new Value("timestamp[s]"))).toThrow("would lose a part, at row 0");
    expect(() => given.castColumn("x", new Value("date32"))).toThrow("which is no date as ISO 8601 spells it");
    const wrong = Dataset.fromColumns({ x: ["2020-13-01"] });
    expect(() => wrong.castColumn("x", new Value("date32"))).toThrow(DataError);
  });

  it("casts every split of a DatasetDict, and names the split that fails", () => {
    const splits = new DatasetDict({ train: Dataset.fromColumns({ x: [1] }), test: Dataset.fromColumns({ x: [300] }) });
    expect(splits.castColumn("x", new Value("string")).test.column("x")).toEqual(["300"]);
    expect(() => splits.castColumn("x", new Value("int8"))).toThrow('split "test": cast: column "x" holds 300');
  });
});
