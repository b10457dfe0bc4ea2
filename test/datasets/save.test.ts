// Datasets on disk: folders as Python's save_to_disk writes them, Parquet, Arrow tables; and the tables that are built there.
import { copyFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Type, tableFromIPC } from "@uwdata/flechette";
import fc from "fast-check";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { openArrowTable } from "../../src/datasets/arrow-table.js";
import {
  ClassLabel,
  Dataset,
  DatasetDict,
  type GlueRow,
  List,
  loadDataset,
  loadFromDisk,
  Value,
} from "../../src/datasets/index.js";
import { TableBuilder } from "../../src/datasets/table-builder.js";
import { AttuneError, ConfigError, FileFormatError } from "../../src/support/errors.js";
import { runs } from "../runs.js";
import { describeShared, sharedPath } from "../shared.js";
import { folderOf } from "./files.js";
import { kinds } from "./kinds.js";

const types = fileURLToPath(new URL("arrow/fixtures/types.stream.arrow", import.meta.url));
const label = new ClassLabel({ names: ["no", "yes"] });

/** Rows of several types, one of them a list of typed arrays. */
function mixed(rows: number): Dataset {
  return Dataset.fromColumns(
    {
      text: Array.from({ length: rows }, (_, i) => (i % 7 === 3 ? null : `row ${i}`)),
      label: Array.from({ length: rows }, (_, i) => (i % 3) - 1),
      input_ids: Array.from({ length: rows }, (_, i) => Int32Array.from({ length: i % 5 }, (_, k) => i + k)),
      answers: Array.from({ length: rows }, (_, i) => ({ text: [`a${i}`], start: i % 2 === 0 ? [i] : [] })),
    },
    { features: { label } as object },
  ) as Dataset;
}

describeShared("what Python saved", () => {
  const folder = sharedPath("fixtures/save_to_disk_mrpc");

  it("opens with the rows and features of the Parquet files that it came from", async () => {
    const saved = await loadDataset<GlueRow<"mrpc">>(folder);
    const original = await loadDataset<GlueRow<"mrpc">>(sharedPath("hub/datasets/nyu-mll/glue"), "mrpc");
    expect(saved.numRows).toEqual({ train: 3668, validation: 408, test: 1725 });
    for (const [split, dataset] of saved) {
      expect(dataset.features).toEqual(original.split(split).features);
      expect(dataset.columns()).toEqual(original.split(split).columns());
    }
    expect(saved.train.features.label.int2str(saved.train.at(0).label)).toBe("equivalent");
    expect(`${saved.train}`).toBe(`${original.train}`);
  });

  it("opens split by split, and through loadFromDisk", async () => {
    const test = await loadDataset(folder, undefined, { split: "test" });
    expect(test.length).toBe(1725);
    await expect(loadDataset(folder, undefined, { split: "tset" })).rejects.toThrow('did you mean "test"?');
    await expect(loadDataset(folder, "mrpc")).rejects.toThrow(ConfigError);
    expect(loadFromDisk(folder)).toBeInstanceOf(DatasetDict);
    const train = loadFromDisk<GlueRow<"mrpc">>(join(folder, "train"));
    expect(train).toBeInstanceOf(Dataset);
    expect((await loadDataset(join(folder, "train"))).train.length).toBe(3668);
  });

  it("is written again as Python wrote it", async () => {
    const out = join(await folderOf({}), "mrpc");
    const saved = await loadDataset(folder);
    await saved.saveToDisk(out);
    for (const file of ["dataset_dict.json", "train/dataset_info.json"]) {
      expect(readFileSync(join(out, file), "utf8")).toBe(readFileSync(join(folder, file), "utf8"));
    }
    const state = (at: string) => JSON.parse(readFileSync(join(at, "train/state.json"), "utf8")) as object;
    expect(state(out)).toEqual({
      ...state(folder),
      _fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      _split: "train",
    });
    expect(readdirSync(join(out, "train")).sort()).toEqual(readdirSync(join(folder, "train")).sort());
    expect((await loadDataset(out)).validation.columns()).toEqual(saved.validation.columns());
  });

  it("stays on disk: forty times the same file is a dataset at once", async () => {
    const many = openArrowTable(Array.from({ length: 40 }, () => join(folder, "train/data-00000-of-00001.arrow")));
    const dataset = new Dataset<GlueRow<"mrpc">>(many);
    expect(dataset.length).toBe(40 * 3668);
    const saved = await loadDataset<GlueRow<"mrpc">>(folder, undefined, { split: "train" });
    expect(dataset.at(39 * 3668 + 17)).toEqual(saved.at(17));
    expect(dataset.shuffle({ seed: 1 }).slice(0, 50)).toHaveLength(50);
  });
});

describe("saveToDisk and back", () => {
  it("keeps rows, features and typed arrays, of any choice of rows", async () => {
    const folder = await folderOf({});
    const dataset = mixed(2500);
    const chosen = dataset.shuffle({ seed: 3 }).select(Array.from({ length: 1700 }, (_, i) => 1699 - i));
    for (const [name, each] of Object.entries({ dataset, chosen })) {
      await each.saveToDisk(join(folder, name));
      const back = loadFromDisk(join(folder, name)) as Dataset;
      expect(back.features).toEqual(dataset.features);
      expect(back.columns()).toEqual(each.columns());
      expect(back.at(9).input_ids).toBeInstanceOf(Int32Array);
    }
  });

  it("copies what JavaScript has no values for: nanoseconds, integers of 64 bits, every type", async () => {
    const out = join(await folderOf({}), "types");
    const table = openArrowTable([types]);
    const dataset = new Dataset(table);
    await dataset.saveToDisk(out);
    const again = openArrowTable([join(out, "data-00000-of-00001.arrow")]);
    expect(new Dataset(again).columns()).toEqual(dataset.columns());
    expect(new Dataset(again).features).toEqual(dataset.features);
  });

  it("divides rows into files by size, or by number", async () => {
    const folder = await folderOf({});
    const dataset = mixed(5000);
    const files = (name: string) =>
      readdirSync(join(folder, name))
        .filter((file) => file.endsWith(".arrow"))
        .sort();
    await dataset.saveToDisk(join(folder, "size"), { maxShardSize: "100KB" });
    expect(files("size").length).toBeGreaterThan(2);
    expect(files("size")[0]).toBe(`data-00000-of-0000${files("size").length}.arrow`);
    await dataset.saveToDisk(join(folder, "number"), { numShards: 3 });
    expect(files("number")).toEqual([0, 1, 2].map((i) => `data-0000${i}-of-00003.arrow`));
    for (const name of ["size", "number"]) {
      expect((loadFromDisk(join(folder, name)) as Dataset).columns()).toEqual(dataset.columns());
    }
    await dataset.select([]).saveToDisk(join(folder, "empty"));
    expect((loadFromDisk(join(folder, "empty")) as Dataset).features).toEqual(dataset.features);
    await expect(dataset.saveToDisk(join(folder, "x"), { maxShardSize: "big" })).rejects.toThrow(ConfigError);
    await expect(dataset.saveToDisk(join(folder, "x"), { numShards: 0 })).rejects.toThrow(ConfigError);
  });

  it("replaces a saved dataset, even the one that it reads, and nothing else", async () => {
    const folder = await folderOf({ "work/thesis.tex": "years of work" });
    await mixed(10).saveToDisk(join(folder, "saved"));
    const opened = loadFromDisk(join(folder, "saved")) as Dataset;
    await opened.select([9, 0]).saveToDisk(join(folder, "saved"));
    expect((loadFromDisk(join(folder, "saved")) as Dataset).column("text")).toEqual(["row 9", "row 0"]);
    expect(opened.length).toBe(10);
    expect(opened.at(5).text).toBe("row 5");
    await expect(mixed(1).saveToDisk(join(folder, "work"))).rejects.toThrow(
      "holds something else than a saved dataset",
    );
    expect(readFileSync(join(folder, "work/thesis.tex"), "utf8")).toBe("years of work");
  });

  it("names what is missing or damaged", async () => {
    const folder = await folderOf({});
    await mixed(1500).saveToDisk(join(folder, "good"));
    const broken = async (change: (at: string) => void): Promise<string> => {
      rmSync(join(folder, "bad"), { recursive: true, force: true });
      await cp(join(folder, "good"), join(folder, "bad"), { recursive: true });
      change(join(folder, "bad"));
      return join(folder, "bad");
    };
    const arrow = "data-00000-of-00001.arrow";
    const gone = await broken((at) => rmSync(join(at, arrow)));
    expect(() => loadFromDisk(gone)).toThrow(`there is no file ${join(gone, arrow)}`);
    const cut = await broken((at) => truncateSync(join(at, arrow), 20_000));
    expect(() => loadFromDisk(cut)).toThrow(FileFormatError);
    expect(() => loadFromDisk(cut)).toThrow("it is cut off: it ends after 20000 bytes");
    const garbled = await broken((at) => writeFileSync(join(at, "dataset_info.json"), "{"));
    expect(() => loadFromDisk(garbled)).toThrow("dataset_info.json is damaged: it is no JSON");
    const other = await broken((at) => copyFileSync(types, join(at, arrow)));
    expect(() => loadFromDisk(other)).toThrow(/has no column "text", which .*dataset_info.json names/);
    const plain = await folderOf({ "a.txt": "" });
    expect(() => loadFromDisk(plain)).toThrow("was not written by saveToDisk");
    expect(() => loadFromDisk(join(plain, "none"))).toThrow("there is no folder");
  });

  it("refuses labels outside of the classes, with their row", async () => {
    const out = join(await folderOf({}), "labels");
    await Dataset.fromColumns({ label: [0, 1, 2] }).saveToDisk(out);
    const info = join(out, "dataset_info.json");
    writeFileSync(info, JSON.stringify({ features: { label } }));
    const read = [(dataset: Dataset) => dataset.at(2), (dataset: Dataset) => dataset.column("label")];
    for (const each of read) {
      expect(() => each(loadFromDisk(out) as Dataset)).toThrow("the label 2 at row 2, outside its 2 classes");
    }
  });
});

describe("toParquet", () => {
  it("is read back with features and rows", async () => {
    const path = join(await folderOf({}), "x.parquet");
    const dataset = mixed(1200);
    await dataset.toParquet(path, { batchSize: 500 });
    const { train } = await loadDataset(path);
    expect(train.features).toEqual(dataset.features);
    expect(train.removeColumns(["input_ids"]).columns()).toEqual(dataset.removeColumns(["input_ids"]).columns());
    expect(train.column("input_ids").map((ids) => Array.from(ids as number[]))).toEqual(
      dataset.column("input_ids").map((ids) => Array.from(ids as number[])),
    );
  });

  it("keeps what a Date and a number round, within lists too, and again from a file of Parquet", async () => {
    const folder = await folderOf({});
    const moments = new Value("timestamp[us]");
    const features = { at: moments, all: new List(moments), price: new Value("decimal128(15, 2)") };
    const columns = { at: [-1, 1_234_567], all: [[1], [2, -3]], price: [0.57, -1.1] }; // numbers count microseconds
    let dataset: Dataset = Dataset.fromColumns(columns, { features });
    for (const name of ["first.parquet", "second.parquet"]) {
      await dataset.toParquet(join(folder, name));
      const file = await asyncBufferFromFile(join(folder, name));
      const ticks = (value: unknown) => value as Date;
      const rows = await parquetReadObjects({ file, parsers: { timestampFromMicroseconds: ticks } });
      expect(rows.map(({ at, all }) => [at, all])).toEqual([
        [-1n, [1n]],
        [1_234_567n, [2n, -3n]],
      ]);
      dataset = (await loadDataset(join(folder, name))).train;
      expect(dataset.column("price")).toEqual([0.57, -1.1]);
      expect(dataset.at(1).at).toEqual(new Date(1234));
    }
  });

  it("holds every type that Parquet has", async () => {
    const path = join(await folderOf({}), "types.parquet");
    const dataset = new Dataset(openArrowTable([types])).removeColumns([
      "null",
      "duration",
      "timestamp_ns",
      "date64",
      "decimal256",
    ]);
    await dataset.toParquet(path, { compression: "none" });
    const { train } = await loadDataset(path);
    expect(train.columns()).toEqual(dataset.columns());
  });

  it.each(Object.keys(kinds))("property: any values come back from it and from saveToDisk: %s", async (kind) => {
    const [feature, value] = kinds[kind];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(value), { minLength: 1, maxLength: 20 }), async (values) => {
        const dataset = Dataset.fromRows(
          values.map((x) => ({ x })),
          { features: { x: feature } },
        );
        const folder = await folderOf({});
        await dataset.saveToDisk(join(folder, "saved"));
        const saved = loadFromDisk(join(folder, "saved")) as Dataset;
        expect(saved.column("x").slice(0)).toEqual(values);
        expect(saved.features).toEqual({ x: feature });
        await dataset.toParquet(join(folder, "x.parquet"), { batchSize: 7 });
        const { train } = await loadDataset(join(folder, "x.parquet"));
        expect(train.column("x").slice(0)).toEqual(values);
        expect(train.features).toEqual({ x: feature });
      }),
      { numRuns: runs(3) },
    );
  });

  it("says what Parquet's types do not, in the form that Arrow's readers take", async () => {
    const path = join(await folderOf({}), "x.parquet");
    const features = { small: new Value("int8"), large: new Value("large_string") };
    await Dataset.fromColumns({ small: [1], large: ["a"] }, { features }).toParquet(path);
    const { schema, key_value_metadata: pairs } = await parquetMetadataAsync(await asyncBufferFromFile(path));
    expect(schema.find(({ name }) => name === "small")).toMatchObject({ type: "INT32", converted_type: "INT_8" });
    // pyarrow refuses the file where this is written as hyparquet-writer 0.17 writes it; see bench/interchange.ts
    expect(schema.map((element) => element.logical_type?.type)).not.toContain("INTEGER");
    const layout = pairs?.find(({ key }) => key === "ARROW:schema")?.value ?? "";
    const { fields } = tableFromIPC(new Uint8Array(Buffer.from(layout, "base64"))).schema;
    expect(fields.map(({ name, type }) => [name, type.typeId])).toEqual([
      ["small", Type.Int],
      ["large", Type.LargeUtf8],
    ]);
  });

  it("refuses wrong options, and leaves nothing where it cannot write", async () => {
    const folder = await folderOf({});
    await expect(mixed(1).toParquet(join(folder, "x"), { batchSize: 0 })).rejects.toThrow(ConfigError);
    await expect(mixed(1).toParquet(join(folder, "none/x.parquet"))).rejects.toThrow(AttuneError);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("toTable", () => {
  it("gives the rows, in their order, as an Arrow table", () => {
    const table = mixed(2100).select([2099, 3, 0]).toTable();
    expect(table.numRows).toBe(3);
    expect(table.schema.fields.map(({ name }) => name)).toEqual(["text", "label", "input_ids", "answers"]);
    expect(table.getChild("text")?.toArray()).toEqual(["row 2099", null, "row 0"]);
    expect(Array.from(table.getChild("label")?.toArray() ?? [], Number)).toEqual([1, -1, -1]);
    expect(table.get(0)?.answers).toEqual({ text: ["a2099"], start: [] });
  });
});

describe("TableBuilder", () => {
  const append = (builder: TableBuilder, columns: Record<string, unknown[]>) => {
    const [values] = Object.values(columns);
    builder.append(new Map(Object.entries(columns)), values.length, (i) => `row ${i}`);
  };

  it("gives one layout to rows whose type widens late or whose columns come late, in memory and on disk", async () => {
    for (const folder of [undefined, await folderOf({})]) {
      const builder = new TableBuilder({ folder, batchRows: 2, names: ["w"] });
      append(builder, { x: [null, null], y: [1, 2] });
      append(builder, { x: ["a", "b"], y: [3, 0.5] });
      append(builder, { x: [null], y: [4] });
      append(builder, { z: [[1]] });
      append(builder, { z: [[2, 3]] });
      const dataset = new Dataset(builder.finish());
      expect(dataset.columns()).toEqual({
        w: Array(7).fill(null),
        x: [null, null, "a", "b", null, null, null],
        y: [1, 2, 3, 0.5, 4, null, null],
        z: [null, null, null, null, null, [1], [2, 3]],
      });
      expect(dataset.features).toEqual({
        w: new Value("null"),
        x: new Value("string"),
        y: new Value("float64"),
        z: new List(new Value("int64")),
      });
      if (folder !== undefined) {
        expect(readdirSync(folder).sort()).toEqual([0, 1, 2].map((i) => `part-0000${i}.arrow`));
      }
    }
  });

  it("takes the feature that is wished for while values fit it, and with strict refuses others", () => {
    const wished = { x: new Value("int8"), ids: new List(new Value("int64")) };
    const build = (values: unknown[], strict = false) => {
      const builder = new TableBuilder({ wished, strict, batchRows: 2 });
      append(builder, { x: values, ids: values.map(() => Int32Array.of(1)) });
      return new Dataset(builder.finish());
    };
    expect(build([1, 2, 3]).features).toEqual(wished);
    expect(build([1, 2, 300]).features.x).toEqual(new Value("int64"));
    expect(build([1, 2, 300]).column("x")).toEqual([1, 2, 300]);
    expect(() => build([1, 2, 300], true)).toThrow('column "x" should be Value("int8"), but holds 300 at row 2');
  });

  it("goes to disk where it grows large, and leaves no file behind", () => {
    const scratch = () => readdirSync(tmpdir()).filter((name) => /^attune-[A-Za-z0-9]{6}$/.test(name));
    const before = scratch();
    const builder = new TableBuilder();
    const text = "x".repeat(100_000);
    for (let i = 0; i < 12; i++) append(builder, { text: Array.from({ length: 100 }, (_, k) => text + (100 * i + k)) });
    const table = builder.finish();
    expect(table.length).toBe(1200);
    expect(table.columns.get("text")?.get(1199)).toBe(`${text}1199`);
    expect(scratch().filter((name) => !before.includes(name))).toEqual([]);
  });
});
