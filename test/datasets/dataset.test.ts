import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { ClassLabel, Dataset, DatasetDict, type Label, List, Value } from "../../src/datasets/index.js";
import { ConfigError, DataError } from "../../src/support/errors.js";
import { describeShared, sharedJson } from "../shared.js";

const letters = Dataset.fromRows([
  { letter: "a", number: 1 },
  { letter: "b", number: 2 },
  { letter: "c", number: 3 },
  { letter: "d", number: 4 },
]);

/** A dataset of the numbers 0 to n - 1. */
function numbers(n: number): Dataset<{ i: number }> {
  return Dataset.fromColumns({ i: Array.from({ length: n }, (_, i) => i) });
}

describe("reading a Dataset", () => {
  it("by row, also from the end", () => {
    expect(letters.length).toBe(4);
    expect(letters.at(0)).toEqual({ letter: "a", number: 1 });
    expect(letters.at(-1)).toEqual({ letter: "d", number: 4 });
  });

  it.each([4, -5, 0.5, Number.NaN])("refuses row %d", (index) => {
    expect(() => letters.at(index)).toThrow(DataError);
    expect(() => letters.at(index)).toThrow(`there is no row ${index} in the dataset, whose rows are 0 to 3`);
  });

  it("by slice, as an array's slice", () => {
    const rows = [...letters];
    expect(rows).toHaveLength(4);
    const bound = fc.option(fc.oneof(fc.integer({ min: -6, max: 6 }), fc.double()), { nil: undefined });
    fc.assert(
      fc.property(bound, bound, (start, end) => {
        expect(letters.slice(start, end)).toEqual(rows.slice(start, end));
        expect(letters.columns(start, end).letter).toEqual(rows.slice(start, end).map(({ letter }) => letter));
      }),
    );
  });

  it("by column: an array, which nobody's change reaches", () => {
    const column = letters.column("letter");
    expect(column).toEqual(["a", "b", "c", "d"]);
    expect(Array.isArray(column)).toBe(true);
    (column as string[])[0] = "z";
    letters.columns().letter[1] = "z";
    expect(letters.column("letter")).toEqual(["a", "b", "c", "d"]);
  });

  it("by iteration, over more rows than are read at once", () => {
    expect([...numbers(2500)].map(({ i }) => i)).toEqual(Array.from({ length: 2500 }, (_, i) => i));
  });

  it("names the columns where one is missing", () => {
    const missing = "lettre" as "letter"; // a wrong name does not compile
    expect(() => letters.column(missing)).toThrow(DataError);
    expect(() => letters.column(missing)).toThrow(
      'the dataset has no column "lettre": its columns are "letter", "number"; did you mean "letter"?',
    );
  });

  it("prints as the chapter shows", () => {
    const printed = "Dataset { features: [ 'letter', 'number' ], num_rows: 4 }";
    expect(inspect(letters)).toBe(printed);
    expect(`${letters}`).toBe(printed);
    expect(inspect({ deep: { deeper: { deepest: letters } } }, { breakLength: Number.POSITIVE_INFINITY })).toContain(
      printed,
    );
  });
});

describe("making a Dataset", () => {
  it("infers features from values", () => {
    const dataset = Dataset.fromRows([
      { int: 1, float: 1, text: "a", flag: true, list: [1, 2], empty: null, nested: [{ a: 1 }], ids: Int32Array.of(1) },
      {
        int: -2,
        float: 0.5,
        text: null,
        flag: false,
        list: [],
        empty: null,
        nested: [{ a: null, b: "x" }],
        ids: Int32Array.of(2, 3),
      },
    ]);
    expect(dataset.features).toEqual({
      int: new Value("int64"),
      float: new Value("float64"),
      text: new Value("string"),
      flag: new Value("bool"),
      list: new List(new Value("int64")),
      empty: new Value("null"),
      nested: new List({ a: new Value("int64"), b: new Value("string") }),
      ids: new List(new Value("int32")),
    });
  });

  it("takes columns as arrays or typed arrays", () => {
    const dataset = Dataset.fromColumns({
      text: ["a", "b"],
      score: Float32Array.of(0.5, 1),
      label: Int8Array.of(0, 1),
    });
    expect(dataset.slice()).toEqual([
      { text: "a", score: 0.5, label: 0 },
      { text: "b", score: 1, label: 1 },
    ]);
    expect(dataset.features.score).toEqual(new Value("float32"));
    expect(dataset.features.label).toEqual(new Value("int8"));
    expectTypeOf(dataset.at(0)).toEqualTypeOf<{ text: string; score: number; label: number }>();
  });

  it("fills what a row lacks with null", () => {
    expect(Dataset.fromRows<{ a?: number; b?: string }>([{ a: 1 }, { b: "x" }, { a: undefined }]).slice()).toEqual([
      { a: 1, b: null },
      { a: null, b: "x" },
      { a: null, b: null },
    ]);
  });

  it("takes features that are given, and checks them", () => {
    const label = new ClassLabel({ names: ["no", "yes"] });
    const rows: { label: Label<"no" | "yes"> }[] = [{ label: 1 }, { label: -1 }];
    const dataset = Dataset.fromRows(rows, { features: { label } });
    expect(dataset.features.label.int2str(dataset.at(0).label)).toBe("yes");
    expect(() => Dataset.fromRows([{ label: 1 }, { label: 2 }], { features: { label } })).toThrow(
      'column "label" should be ClassLabel("no", "yes"), but holds 2 at row 1',
    );
    expect(() => Dataset.fromRows([{ n: 300 }], { features: { n: new Value("uint8") } })).toThrow(DataError);
    const wrong = { labels: label } as { label?: ClassLabel };
    expect(() => Dataset.fromRows([{ label: 1 }], { features: wrong })).toThrow(ConfigError);
  });

  it("refuses a column of mixed types, with the row", () => {
    expect(() => Dataset.fromRows([{ x: 1 }, { x: 2 }, { x: "three" }])).toThrow(DataError);
    expect(() => Dataset.fromRows([{ x: 1 }, { x: 2 }, { x: "three" }])).toThrow(
      'column "x" is Value("string") at row 2, but Value("int64") before it',
    );
    expect(() => Dataset.fromRows([{ x: [1, "b"] }])).toThrow(
      'holds a list of both Value("int64") and Value("string"), at row 0',
    );
  });

  it("refuses values that no feature describes", () => {
    expect(() => Dataset.fromRows([{ x: 12n }])).toThrow(
      'column "x" holds the bigint 12n, where a number or a string is needed, at row 0',
    );
    expect(() => Dataset.fromRows([{ x: new Map() }])).toThrow(/a Map/);
    expect(() => Dataset.fromRows([{ x: () => 1 }])).toThrow(/a function/);
  });

  it("refuses columns of unequal length", () => {
    expect(() => Dataset.fromColumns({ a: [1, 2], b: [1] })).toThrow(DataError);
    expect(() => Dataset.fromColumns({ a: [1, 2], b: [1] })).toThrow('column "b" has 1 values, column "a" 2');
  });

  it("may have no rows", () => {
    const empty = Dataset.fromRows<{ a: number }>([]);
    expect(empty.length).toBe(0);
    expect(empty.slice()).toEqual([]);
    expect(() => empty.at(0)).toThrow("which is empty");
  });
});

describe("choosing rows", () => {
  it("select takes positions in any order, repeated or from the end", () => {
    expect(letters.select([2, 0, 2, -1]).column("letter")).toEqual(["c", "a", "c", "d"]);
    expect(letters.select(Uint32Array.of(1)).slice()).toEqual([{ letter: "b", number: 2 }]);
    expect(() => letters.select([0, 4])).toThrow("there is no row 4");
  });

  it("what is chosen of a choice is what the same positions choose of an array", () => {
    const position = fc.nat(9);
    fc.assert(
      fc.property(fc.array(position, { minLength: 10, maxLength: 10 }), fc.array(position), (first, second) => {
        const chosen = numbers(10).select(first).select(second);
        expect(chosen.column("i")).toEqual(second.map((i) => first[i]));
        expect(chosen.slice().map(({ i }) => i)).toEqual(second.map((i) => first[i]));
        expect(second.map((_, i) => chosen.at(i).i)).toEqual(second.map((i) => first[i]));
      }),
    );
  });

  it("shuffle keeps every row, and an order for a seed", () => {
    const shuffled = numbers(100).shuffle({ seed: 7 });
    expect(shuffled.column("i")).not.toEqual(numbers(100).column("i"));
    expect([...shuffled.column("i")].sort((a, b) => a - b)).toEqual(numbers(100).column("i"));
    expect(numbers(100).shuffle({ seed: 7 }).column("i")).toEqual(shuffled.column("i"));
    expect(numbers(100).shuffle().column("i")).not.toEqual(numbers(100).shuffle().column("i"));
    expect(() => letters.shuffle({ seed: -1 })).toThrow(ConfigError);
  });

  it("filter keeps the rows for which the function is true", async () => {
    const even = await letters.filter(({ number }) => number % 2 === 0);
    expect(even.column("letter")).toEqual(["b", "d"]);
    expect((await even.filter((_, { index }) => index === 1)).column("letter")).toEqual(["d"]);
    expect((await letters.filter(async (row, { least }) => row.number >= least, { with: { least: 3 } })).length).toBe(
      2,
    );
  });

  it("filter names the row at which the function throws or gives no boolean", async () => {
    const throwing = numbers(1500).filter(({ i }) => {
      if (i === 1203) throw new RangeError("no such thing");
      return true;
    });
    await expect(throwing).rejects.toThrow(DataError);
    await expect(throwing).rejects.toThrow("filter: the function threw at row 1203: RangeError: no such thing");
    const forgetful = letters.filter((() => undefined) as unknown as () => boolean);
    await expect(forgetful).rejects.toThrow("filter: the function returned undefined for row 0: return true or false");
  });
});

describe("trainTestSplit", () => {
  it("parts the rows", () => {
    const { train, test } = numbers(10).trainTestSplit({ testSize: 0.25, seed: 1 });
    expect([test.length, train.length]).toEqual([3, 7]); // the test part is rounded up
    expect([...train.column("i"), ...test.column("i")].sort((a, b) => a - b)).toEqual(numbers(10).column("i"));
  });

  it("takes shares or numbers of rows, and can keep the order", () => {
    const split = numbers(10).trainTestSplit({ testSize: 2, trainSize: 0.55, shuffle: false });
    expect(split.train.column("i")).toEqual([0, 1, 2, 3, 4]); // the train part is rounded down
    expect(split.test.column("i")).toEqual([5, 6]);
    expect(numbers(10).trainTestSplit({ trainSize: 4, seed: 0 }).numRows).toEqual({ train: 4, test: 6 });
    expect(numbers(8).trainTestSplit().numRows).toEqual({ train: 6, test: 2 });
  });

  it.each([
    { testSize: 1.5 },
    { testSize: 10 },
    { testSize: 0 },
    { testSize: -0.1 },
    { testSize: Number.NaN },
    { testSize: 0.6, trainSize: 0.6 },
    { testSize: 9, trainSize: 2 },
  ])("refuses %o of ten rows", (options) => {
    expect(() => numbers(10).trainTestSplit(options)).toThrow(ConfigError);
  });
});

describe("choosing columns", () => {
  const wide = Dataset.fromColumns({ a: [1], b: ["x"], c: [true] });

  it("removes, selects and renames them, in their types too", () => {
    const removed = wide.removeColumns(["a", "c"]);
    expect(removed.slice()).toEqual([{ b: "x" }]);
    expectTypeOf(removed.at(0)).toEqualTypeOf<{ b: string }>();
    expect(wide.removeColumns("a").columnNames).toEqual(["b", "c"]);

    const selected = wide.selectColumns(["c", "a"]);
    expect(selected.columnNames).toEqual(["c", "a"]);
    expectTypeOf(selected.at(0)).toEqualTypeOf<{ a: number; c: boolean }>();

    const renamed = wide.renameColumn("a", "labels");
    expect(renamed.slice()).toEqual([{ labels: 1, b: "x", c: true }]);
    expect(renamed.columnNames).toEqual(["labels", "b", "c"]);
    expectTypeOf(renamed.at(0)).toEqualTypeOf<{ labels: number; b: string; c: boolean }>();

    const swapped = wide.renameColumns({ a: "b", b: "a" });
    expect(swapped.slice()).toEqual([{ b: 1, a: "x", c: true }]);
    expectTypeOf(swapped.at(0)).toEqualTypeOf<{ b: number; a: string; c: boolean }>();
  });

  it("refuses columns that are not there and names that are taken", () => {
    const wrong = "d" as "a";
    expect(() => wide.removeColumns(wrong)).toThrow('no column "d": its columns are "a", "b", "c"');
    expect(() => wide.selectColumns([wrong])).toThrow(DataError);
    expect(() => wide.renameColumn(wrong, "e")).toThrow(DataError);
    expect(() => wide.renameColumn("a", "b")).toThrow(ConfigError);
    expect(() => wide.renameColumns({ a: "e", b: "e" })).toThrow(/cannot be "e"/);
    expect(() => wide.renameColumn("a", "")).toThrow(ConfigError);
  });

  it("leaves rows where none of the columns is left", () => {
    expect(wide.selectColumns([]).length).toBe(1);
  });
});

describe("rows that a generator makes", () => {
  it("are stored as they come, also more than a batch of them, from functions of either kind", async () => {
    function* some() {
      for (let i = 0; i < 2500; i++) yield { i, text: i % 3 === 0 ? null : `text ${i}` };
    }
    const dataset = await Dataset.fromGenerator(some);
    expect(dataset.length).toBe(2500);
    expect(dataset.at(2400)).toEqual({ i: 2400, text: null });
    expect(dataset.at(2498)).toEqual({ i: 2498, text: "text 2498" });
    const label = new ClassLabel({ names: ["no", "yes"] });
    const labelled = await Dataset.fromGenerator(
      async function* () {
        yield { label: 1 };
        yield {} as { label: number };
      },
      { features: { label } },
    );
    expect(labelled.features.label).toEqual(label);
    expect(labelled.column("label")).toEqual([1, null]);
    expect((await Dataset.fromGenerator(function* () {})).length).toBe(0);
  });

  it("are refused with their number, and what the function throws comes through", async () => {
    const mixed = Dataset.fromGenerator<{ a: unknown }>(function* () {
      for (let i = 0; i < 1500; i++) yield { a: i < 1200 ? i : "x" };
    });
    await expect(mixed).rejects.toThrow('column "a" is Value("string") at row 1200, but Value("int64") before it');
    await expect(
      Dataset.fromGenerator(function* () {
        yield { a: 1 };
        throw new Error("no more");
      }),
    ).rejects.toThrow("no more");
    const rows = [{ a: 1 }] as unknown as () => { a: number }[];
    await expect(Dataset.fromGenerator(rows)).rejects.toThrow(ConfigError);
    await expect(Dataset.fromGenerator(() => [7] as unknown as object[])).rejects.toThrow("row 0 is 7");
  });
});

describe("iter and addItem", () => {
  it("gives batches as columns", () => {
    expect([...letters.iter({ batchSize: 3 })]).toEqual([
      { letter: ["a", "b", "c"], number: [1, 2, 3] },
      { letter: ["d"], number: [4] },
    ]);
    expect([...letters.iter({ batchSize: 3, dropLastBatch: true })].length).toBe(1);
    expect(() => [...letters.iter({ batchSize: 0 })]).toThrow(ConfigError);
  });

  it("puts a row behind the others, in their types", () => {
    const more = letters.shuffle({ seed: 1 }).addItem({ letter: "e", number: 5 });
    expect(more.length).toBe(5);
    expect(more.at(-1)).toEqual({ letter: "e", number: 5 });
    expect(more.features).toEqual(letters.features);
    expect(() => letters.addItem({ letter: 1 as unknown as string, number: 5 })).toThrow(DataError);
  });
});

describe("a typed dataset", () => {
  it("is one whose rows are not known, and its columns' features follow from its rows", () => {
    const typed: Dataset<{ letter: string; number: number }> = letters;
    const untyped: Dataset = typed;
    expect(untyped.at(0).letter).toBe("a");
    interface Reading {
      at: Date;
      value: number;
    }
    const some = (rows: Dataset<Reading>): [Dataset<object>, Dataset<{ value: number }>] => [rows, rows];
    expect(some(Dataset.fromRows<Reading>([])).map((dataset) => dataset.length)).toEqual([0, 0]);
    type Row = {
      text: string | null;
      label: Label<"no" | "yes">;
      n: number;
      ids: Int32Array;
      answer: { start: number };
    };
    const features = (dataset: Dataset<Row>) => dataset.features;
    type Features = ReturnType<typeof features>;
    expectTypeOf<Features["text"]>().toEqualTypeOf<Value>();
    expectTypeOf<Features["label"]>().toEqualTypeOf<ClassLabel<"no" | "yes">>();
    expectTypeOf<Features["n"]>().toEqualTypeOf<Value | ClassLabel>();
    expectTypeOf<Features["ids"]>().toEqualTypeOf<List>();
    // @ts-expect-error no such column
    expect(() => letters.column("word")).toThrow(DataError);
    // @ts-expect-error no such column
    expect(() => letters.removeColumns(["word"])).toThrow(DataError);
  });
});

describe("DatasetDict", () => {
  const dict = new DatasetDict({ train: numbers(4), validation_matched: numbers(2) });

  it("gives splits by name", () => {
    expect(dict.train.length).toBe(4);
    expect(dict.split("validation_matched").length).toBe(2);
    expect(dict.has("test")).toBe(false);
    expect(dict.splitNames).toEqual(["train", "validation_matched"]);
    expect(dict.columnNames).toEqual({ train: ["i"], validation_matched: ["i"] });
    expect([...dict].map(([name, dataset]) => [name, dataset.length])).toEqual([
      ["train", 4],
      ["validation_matched", 2],
    ]);
  });

  it("names the splits where one is absent", () => {
    expect(() => dict.test).toThrow(DataError);
    expect(() => dict.test).toThrow('the dataset has no split "test": its splits are "train", "validation_matched"');
    expect(() => dict.validation).toThrow(DataError);
    expect(() => dict.split("validation_machted")).toThrow('did you mean "validation_matched"?');
  });

  it("prints its splits", () => {
    expect(inspect(dict, { breakLength: 120 })).toBe(
      `DatasetDict {
  train: Dataset { features: [ 'i' ], num_rows: 4 },
  validation_matched: Dataset { features: [ 'i' ], num_rows: 2 }
}`,
    );
  });

  it("applies verbs to every split", async () => {
    const mapped = await dict.map(({ i }) => ({ square: i * i }));
    expect(mapped.split("validation_matched").slice()).toEqual([
      { i: 0, square: 0 },
      { i: 1, square: 1 },
    ]);
    expectTypeOf(mapped.train.at(0)).toEqualTypeOf<{ i: number; square: number }>();
    expect((await dict.filter(({ i }) => i > 0)).numRows).toEqual({ train: 3, validation_matched: 1 });
    expect(dict.shuffle({ seed: 3 }).train.column("i")).toEqual(numbers(4).shuffle({ seed: 3 }).column("i"));
    const renamed = mapped.removeColumns("i").renameColumn("square", "labels");
    expect(renamed.columnNames).toEqual({ train: ["labels"], validation_matched: ["labels"] });
    expect(mapped.selectColumns(["square"]).renameColumns({ square: "x" }).train.at(3)).toEqual({ x: 9 });
  });

  it("says in which split a function failed", async () => {
    const failing = dict.map(({ i }, { index }) => {
      if (index === 3) throw new Error("odd one");
      return { i };
    });
    await expect(failing).rejects.toThrow(DataError);
    await expect(failing).rejects.toThrow('split "train": map: the function threw at row 3: Error: odd one');
  });
});

type Orders = {
  dataset_shuffle: Record<string, number[]>;
  "train_test_split_0.1_seed42": { train: number[]; test: number[] };
};

describeShared("orders of Python's datasets", () => {
  const orders = sharedJson<Orders>("fixtures/orders.json");

  it("shuffle", () => {
    for (const [seed, order] of Object.entries(orders.dataset_shuffle)) {
      expect(
        numbers(3668)
          .shuffle({ seed: Number(seed) })
          .column("i"),
      ).toEqual(order);
    }
  });

  it("trainTestSplit", () => {
    const split = numbers(3668).trainTestSplit({ testSize: 0.1, seed: 42 });
    expect(split.train.column("i")).toEqual(orders["train_test_split_0.1_seed42"].train);
    expect(split.test.column("i")).toEqual(orders["train_test_split_0.1_seed42"].test);
  });
});
