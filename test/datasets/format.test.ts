import { describe, expect, expectTypeOf, it } from "vitest";
import { DataLoader } from "../../src/batches/index.js";
import { Dataset, DatasetDict } from "../../src/datasets/index.js";
import { ConfigError, DataError } from "../../src/support/errors.js";
import { Tensor } from "../../src/tensor/index.js";

const rows = Dataset.fromRows([
  { text: "a", input_ids: [1, 2, 3], score: 0.5, label: 1 },
  { text: "b", input_ids: [4], score: 1.5, label: 0 },
  { text: "c", input_ids: [], score: 2.5, label: 1 },
]);

describe("withFormat", () => {
  it("typed gives lists of numbers as typed arrays, by their dtype", () => {
    const typed = rows.withFormat("typed", { columns: ["input_ids", "label"] });
    expect(typed.at(0)).toEqual({ input_ids: Float64Array.from([1, 2, 3]), label: 1 }); // int64
    const int32 = Dataset.fromColumns({ ids: [Int32Array.from([1, 2])] }).withFormat("typed");
    expect(int32.at(0).ids).toEqual(Int32Array.from([1, 2]));
    expectTypeOf(int32.at(0).ids).toEqualTypeOf<ArrayLike<number>>();
    const nulls = Dataset.fromColumns({ ids: [[1, null], null] }).withFormat("typed");
    expect(nulls.column("ids")).toEqual([[1, null], null]);
  });

  it("tensor gives numbers and lists of them as tensors", async () => {
    const row = rows.withFormat("tensor").at(0);
    expect(row.text).toBe("a");
    expectTypeOf(row.input_ids).toEqualTypeOf<Tensor>();
    expect(row.input_ids).toBeInstanceOf(Tensor);
    expect([row.input_ids.dtype, row.score.dtype, row.label.dtype]).toEqual(["int32", "float32", "int32"]);
    expect([row.input_ids.shape, row.label.shape]).toEqual([[3], []]);
    expect(await row.score.item()).toBe(0.5);
  });

  it("goes with the rows through other verbs, which see plain values", async () => {
    const typed = rows.withFormat("typed", { columns: ["input_ids"], outputAllColumns: true });
    expect(typed.select([1]).slice()).toEqual([{ text: "b", input_ids: Float64Array.from([4]), score: 1.5, label: 0 }]);
    expect(typed.renameColumn("input_ids", "ids").at(1).ids).toEqual(Float64Array.from([4]));
    const plain: unknown[] = [];
    await typed.filter((row) => plain.push(row.input_ids) > 0);
    expect(plain).toEqual([[1, 2, 3], [4], []]);
    expect(typed.withFormat(null).at(0)).toEqual(rows.at(0));
  });

  it("refuses unknown forms and columns", () => {
    expect(() => rows.withFormat("torch" as "tensor")).toThrow(ConfigError);
    expect(() => rows.withFormat("typed", { columns: ["ids" as "text"] })).toThrow('the format names the column "ids"');
    expect(() => rows.withFormat("typed", { columns: ["label"] }).column("text")).toThrow("it gives label");
  });
});

describe("withTransform", () => {
  it("runs over each batch that is read and gives what the function returns", () => {
    const sizes: number[] = [];
    const upper = rows.withTransform((batch) => {
      sizes.push(batch.text.length);
      return { loud: batch.text.map((text) => text.toUpperCase()) };
    });
    expect(upper.at(-1)).toEqual({ loud: "C" });
    expect(upper.slice(0, 2)).toEqual([{ loud: "A" }, { loud: "B" }]);
    expect(upper.columns(1)).toEqual({ loud: ["B", "C"] });
    expect(upper.column("loud")).toEqual(["A", "B", "C"]);
    expect([...upper.shuffle({ seed: 1 })].length).toBe(3);
    expect(sizes).toEqual([1, 2, 2, 3, 3]);
    expectTypeOf(upper.at(0)).toEqualTypeOf<{ loud: string }>();
  });

  it("is what a DataLoader reads", async () => {
    const doubled = rows.withTransform((batch) => ({ labels: batch.label.map((label) => 2 * label) }));
    const batches = [];
    for await (const batch of new DataLoader(doubled, { batchSize: 2 })) batches.push(await batch.labels.data());
    expect(batches).toEqual([Int32Array.from([2, 0]), Int32Array.from([2])]);
  });

  it("says where a function returns another number of rows", () => {
    const wrong = rows.withTransform(() => ({ x: [1] }));
    expect(wrong.at(0)).toEqual({ x: 1 });
    expect(() => wrong.slice()).toThrow('the transform returned 1 values as column "x" for 3 rows');
    expect(() => rows.withTransform(() => ({ x: 5 as unknown as number[] })).at(0)).toThrow(DataError);
  });
});

describe("setFormat", () => {
  it("changes the dataset itself, and a DatasetDict's splits, until it is reset", () => {
    const splits = new DatasetDict({ train: rows.take(3), test: rows.take(1) });
    splits.setFormat("typed", { columns: ["label"] });
    expect(splits.test.at(0)).toEqual({ label: 1 });
    expect(rows.at(0).text).toBe("a");
    splits.train.setTransform((batch) => ({ text: batch.text }));
    expect(splits.train.at(0)).toEqual({ text: "a" });
    splits.resetFormat();
    expect(splits.train.at(0)).toEqual(rows.at(0));
    expect(splits.withFormat("typed").test.at(0).input_ids).toEqual(Float64Array.from([1, 2, 3]));
    expect(splits.withTransform((batch) => ({ n: batch.label })).train.column("n")).toEqual([1, 0, 1]);
  });
});
