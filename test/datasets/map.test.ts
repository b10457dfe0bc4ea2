import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { ClassLabel, Dataset, List, Value } from "../../src/datasets/index.js";
import { ConfigError, DataError } from "../../src/support/errors.js";

const texts = Dataset.fromColumns({ text: ["one", "two words", "three words here", ""], label: [0, 1, 1, 0] });

/** A dataset of the numbers 0 to n - 1. */
function numbers(n: number): Dataset<{ i: number }> {
  return Dataset.fromColumns({ i: Array.from({ length: n }, (_, i) => i) });
}

describe("map over rows", () => {
  it("adds what the function returns, and replaces columns of the same name", async () => {
    const mapped = await texts.map(({ text, label }) => ({ label: label === 1 ? "yes" : "no", length: text.length }));
    expect(mapped.columnNames).toEqual(["text", "label", "length"]);
    expect(mapped.at(2)).toEqual({ text: "three words here", label: "yes", length: 16 });
    expect(mapped.features).toEqual({
      text: new Value("string"),
      label: new Value("string"),
      length: new Value("int64"),
    });
    expectTypeOf(mapped.at(0)).toEqualTypeOf<{ text: string; label: string; length: number }>();
    expect(texts.at(2)).toEqual({ text: "three words here", label: 1 }); // what was mapped stays as it was
  });

  it("hands over the row's position, and what `with` declares", async () => {
    const mapped = await texts.map((_, { index, rank, offset }) => ({ at: index + rank + offset }), {
      with: { offset: 10 },
    });
    expect(mapped.column("at")).toEqual([10, 11, 12, 13]);
  });

  it("removes columns, but not what the function returns under their names", async () => {
    const mapped = await texts.map(({ text }) => ({ text: text.length }), { removeColumns: ["text", "label"] });
    expect(mapped.columns()).toEqual({ text: [3, 9, 16, 0] });
    expectTypeOf(mapped.at(0)).toEqualTypeOf<{ text: number }>();
  });

  it("waits for promises", async () => {
    expect((await texts.map(async ({ text }) => ({ n: text.length }))).column("n")).toEqual([3, 9, 16, 0]);
  });

  it("maps the rows that were chosen, and keeps the other columns beside them", async () => {
    const mapped = await texts.select([3, 1]).map(({ text }) => ({ n: text.length }));
    expect(mapped.slice()).toEqual([
      { text: "", label: 0, n: 0 },
      { text: "two words", label: 1, n: 9 },
    ]);
    expect(mapped.select([1]).at(0)).toEqual({ text: "two words", label: 1, n: 9 });
    expect((await mapped.select([1, 0]).map(({ n }) => ({ m: n }))).columns()).toEqual({
      text: ["two words", ""],
      label: [1, 0],
      n: [9, 0],
      m: [9, 0],
    });
  });

  it("keeps the type of a replaced column where the values fit it, and else takes theirs", async () => {
    const label = new ClassLabel({ names: ["no", "yes"] });
    const labelled = Dataset.fromColumns({ label: [0, 1] }, { features: { label } });
    const flipped = await labelled.map((row) => ({ label: 1 - row.label }));
    expect(flipped.features.label).toEqual(label);
    const larger = await labelled.map((row) => ({ label: row.label + 5 }));
    expect(larger.features.label).toEqual(new Value("int64"));
  });

  it("lets timers run", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await numbers(20_000).map(({ i }) => ({
      text: "x"
        .repeat(i % 50)
        .split("")
        .join(" "),
    }));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
  });
});

describe("map over batches", () => {
  it("gives columns of at most batchSize rows with their positions", async () => {
    const sizes: number[] = [];
    const mapped = await numbers(2500).map(
      (rows, { indices }) => {
        sizes.push(rows.i.length);
        return { same: rows.i.map((i, k) => i === indices[k]) };
      },
      { batched: true },
    );
    expect(sizes).toEqual([1000, 1000, 500]);
    expect(mapped.column("same").every((same) => same)).toBe(true);
    expectTypeOf(mapped.at(0)).toEqualTypeOf<{ i: number; same: boolean }>();
  });

  it("takes every size of batch, null for all rows", async () => {
    const expected = numbers(7)
      .column("i")
      .map((i) => i * 2);
    await fc.assert(
      fc.asyncProperty(fc.option(fc.integer({ min: 1, max: 9 })), async (batchSize) => {
        const mapped = await numbers(7).map(({ i }) => ({ double: i.map((x) => x * 2) }), { batched: true, batchSize });
        expect(mapped.column("double")).toEqual(expected);
      }),
    );
    await expect(numbers(7).map((rows) => rows, { batched: true, batchSize: 0 })).rejects.toThrow(ConfigError);
  });

  it("takes arrays, typed arrays and arrays of either, as a tokenizer returns them", async () => {
    class BatchEncoding {
      readonly input_ids: Int32Array[];
      readonly attention_mask: number[][];
      constructor(lengths: number[]) {
        this.input_ids = lengths.map((length) => Int32Array.from({ length }, (_, i) => 100 + i));
        this.attention_mask = lengths.map((length) => new Array<number>(length).fill(1));
      }
      wordIds(row: number): number[] {
        return this.attention_mask[row];
      }
      get size(): number {
        return this.input_ids.length;
      }
    }
    const tokenizer = (batch: readonly string[]) => new BatchEncoding(batch.map((text) => text.split(" ").length));
    const mapped = await texts.map((rows, { tokenizer }) => tokenizer(rows.text), {
      batched: true,
      with: { tokenizer },
    });
    expect(mapped.columnNames).toEqual(["text", "label", "input_ids", "attention_mask"]);
    expect(mapped.at(2)).toEqual({
      text: "three words here",
      label: 1,
      input_ids: Int32Array.of(100, 101, 102),
      attention_mask: [1, 1, 1],
    });
    const samples = mapped.removeColumns(["text", "label"]).slice(0, 3);
    expect(samples.map((row) => row.input_ids.length)).toEqual([1, 2, 3]);
    expect(mapped.features.input_ids).toEqual(new List(new Value("int32")));
    expectTypeOf(mapped.at(0).input_ids).toEqualTypeOf<Int32Array>();
    expectTypeOf(mapped.at(0)).not.toHaveProperty("wordIds");
    const scored = await texts.map(({ label }) => ({ score: Float32Array.from(label) }), { batched: true });
    expect(scored.column("score")).toEqual([0, 1, 1, 0]);
  });

  it("may return another number of rows where no column is kept", async () => {
    const words = await texts.map(({ text }) => ({ word: text.flatMap((t) => t.split(" ").filter((w) => w !== "")) }), {
      batched: true,
      batchSize: 2,
      removeColumns: ["text", "label"],
    });
    expect(words.column("word")).toEqual(["one", "two", "words", "three", "words", "here"]);
    expect(words.length).toBe(6);
  });
});

describe("map without rows", () => {
  it("calls nothing, and removes what it should", async () => {
    const empty = texts.select([]);
    const never = () => {
      throw new Error("called");
    };
    expect((await empty.map(never, { removeColumns: ["label"] })).columnNames).toEqual(["text"]);
    expect((await empty.map(never, { batched: true, batchSize: null })).length).toBe(0);
  });
});

describe("what a mapped function does wrong is said, with the row", () => {
  /** A mapped function of any type: what the compiler refuses is tried too. */
  const returning = (value: unknown) => (() => value) as () => object;

  it("it throws", async () => {
    const failing = numbers(2000).map(({ i }) => {
      if (i === 1417) throw new TypeError("x is not a function");
      return { i };
    });
    await expect(failing).rejects.toThrow(DataError);
    await expect(failing).rejects.toThrow("map: the function threw at row 1417: TypeError: x is not a function");
    await expect(failing).rejects.toHaveProperty("cause", expect.any(TypeError));
    const batched = numbers(2000).map(
      ({ i }) => {
        if (i.includes(1417)) throw new Error("no");
        return { i };
      },
      { batched: true },
    );
    await expect(batched).rejects.toThrow(
      "map: the function threw at rows 1000 to 1999: Error: no (to learn at which row, call it with batchSize: 1)",
    );
  });

  it.each([
    [undefined, "undefined"],
    [null, "null"],
    [3, "a number"],
    [[1], "an array"],
    ["text", "a string"],
  ])("it returns %o", async (value, name) => {
    await expect(texts.map(returning(value))).rejects.toThrow(DataError);
    await expect(texts.map(returning(value))).rejects.toThrow(
      `map: the function returned ${name} for row 0: return an object of columns`,
    );
  });

  it.each([
    [{ x: "text" }, "a string"],
    [{ x: 3 }, "a number"],
    [{ x: new Map() }, "a Map"],
    [{ x: undefined }, "undefined"],
  ])("for a batch it returns %o", async (value, name) => {
    const failing = texts.map(returning(value), { batched: true });
    await expect(failing).rejects.toThrow(DataError);
    await expect(failing).rejects.toThrow(`map: the function returned ${name} as column "x" for rows 0 to 3`);
  });

  it("its columns are of unequal length", async () => {
    const failing = texts.map(({ text }) => ({ a: text, b: [1, 2] }), { batched: true });
    await expect(failing).rejects.toThrow(DataError);
    await expect(failing).rejects.toThrow('columns of unequal length for rows 0 to 3: "a" has 4 values, "b" 2');
  });

  it("it removes rows beside columns that stay", async () => {
    const failing = texts.map(({ text }) => ({ text: text.slice(0, 1) }), { batched: true, batchSize: 2 });
    await expect(failing).rejects.toThrow(DataError);
    await expect(failing).rejects.toThrow(
      'map: the function returned 1 rows for rows 0 to 1, beside which "label" cannot be kept: return 2, or name these columns in removeColumns',
    );
  });

  it("its type changes between rows or batches", async () => {
    const rows = numbers(3000).map(({ i }) => ({ x: i === 2500 ? "many" : i }));
    await expect(rows).rejects.toThrow('column "x" is Value("string") at row 2500, but Value("int64") before it');
    const batches = numbers(30).map(({ i }) => ({ x: i[0] === 20 ? i.map(String) : i }), {
      batched: true,
      batchSize: 10,
    });
    await expect(batches).rejects.toThrow('column "x" is Value("string") at row 20, but Value("int64") before it');
  });

  it("its columns change between rows", async () => {
    const lacking = texts.map(({ label }) => (label === 1 ? { a: 1 } : { a: 1, b: 2 }));
    await expect(lacking).rejects.toThrow('map: the function returned no "b" for row 1, but did for the rows before');
    const extra = texts.map(({ label }) => (label === 0 ? { a: 1 } : { a: 1, b: 2 }));
    await expect(extra).rejects.toThrow('map: the function returned "b" for row 1, but not for the rows before');
  });

  it("it is given columns or inputs that cannot be", async () => {
    const wrong = "txet" as "text";
    await expect(texts.map((row) => row, { removeColumns: wrong })).rejects.toThrow('no column "txet"');
    await expect(texts.map((row) => row, { with: { indices: 1 } })).rejects.toThrow(ConfigError);
    await expect(texts.map((row) => row, { with: { indices: 1 } })).rejects.toThrow('`with` declares "indices"');
  });
});
