// Arrow files that pyarrow wrote (fixtures/make.py), read by position.
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { openArrowTable } from "../../../src/datasets/arrow-table.js";
import { Dataset, List, loadDataset, Value } from "../../../src/datasets/index.js";
import { AttuneError, FileFormatError } from "../../../src/support/errors.js";
import { folderOf } from "../files.js";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const expected = JSON.parse(readFileSync(fixture("types.json"), "utf8")) as Record<string, unknown[]>;

/** Dates as ISO strings, bytes as lists: as fixtures/make.py wrote the values. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Array.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

describe.each(["types.stream.arrow", "types.file.arrow"])("%s", (name) => {
  const dataset = new Dataset(openArrowTable([fixture(name)]));

  it("has the columns in their order, and five rows", () => {
    expect(dataset.columnNames).toEqual(Object.keys(expected));
    expect(dataset.length).toBe(5);
  });

  it.each(Object.keys(expected))("%s: the values, by range, by row and gathered", (column) => {
    const values = expected[column];
    expect(plain(dataset.column(column))).toEqual(values);
    expect([4, 0, 2].map((row) => plain(dataset.at(row)[column]))).toEqual([4, 0, 2].map((row) => values[row]));
    expect(plain(dataset.select([3, 3, 0]).column(column))).toEqual([values[3], values[3], values[0]]);
  });

  it("rows one by one, of which no neighbour is read", () => {
    for (const row of [4, 0, 3, 2, 1]) {
      const alone = new Dataset(openArrowTable([fixture(name)])); // nothing of it in memory yet
      expect(plain(alone.at(row))).toEqual(
        Object.fromEntries(Object.entries(expected).map(([column, values]) => [column, values[row]])),
      );
    }
    const twice = new Dataset(openArrowTable([fixture(name)]));
    for (const row of [3, 2, 3, 0, 1]) expect(plain(twice.at(row).struct)).toEqual(plain(dataset.at(row).struct));
  });

  it("has the features of the fields where no metadata names others", () => {
    const { features } = dataset;
    expect(features.timestamp_us).toEqual(new Value("timestamp[us, tz=UTC]"));
    expect(features.decimal128).toEqual(new Value("decimal128(12, 2)"));
    expect(features.string_view).toEqual(new Value("string_view"));
    expect(features.fixed_size_list).toEqual(new List(new Value("float32"), { length: 2 }));
    expect(features.list_of_structs).toEqual(
      new List({ text: new Value("string"), start: new List(new Value("int32")) }),
    );
  });
});

describe("other files", () => {
  it("dictionaries are looked up", () => {
    const dataset = new Dataset(openArrowTable([fixture("dictionary.arrow")]));
    expect(dataset.columns()).toEqual({ word: ["b", "a", null, "b"], n: [1, 2, 3, 4] });
    expect(dataset.features.word).toEqual(new Value("string"));
  });

  it("several make one table, and one may stand twice", () => {
    const dataset = new Dataset(openArrowTable([fixture("types.stream.arrow"), fixture("types.stream.arrow")]));
    expect(dataset.length).toBe(10);
    expect(dataset.column("int8")).toEqual([...expected.int8, ...expected.int8]);
    expect(dataset.select([9, 0, 5]).column("int8")).toEqual([1, -128, -128]);
  });

  it("those that differ are refused, with the column", () => {
    const paths = [fixture("types.stream.arrow"), fixture("dictionary.arrow")];
    expect(() => openArrowTable(paths)).toThrow(FileFormatError);
    expect(() => openArrowTable(paths)).toThrow(`the files of a split differ: column "null" is none in ${paths[1]}`);
  });

  it("compression is refused by name", () => {
    const open = () => openArrowTable([fixture("lz4.arrow")]);
    expect(open).toThrow("lz4.arrow");
    expect(open).toThrow("compressed with LZ4, which is not supported: write it without compression");
  });
});

describe("loadDataset of Arrow files", () => {
  it("reads both formats where they are, by path, pattern and format, streamed too", async () => {
    const folder = dirname(fixture("types.stream.arrow"));
    const cache = join(await folderOf({}), "cache");
    vi.stubEnv("HF_DATASETS_CACHE", cache);
    const stored = new Dataset(openArrowTable([fixture("types.stream.arrow")]));
    for (const name of ["types.stream.arrow", "types.file.arrow"]) {
      const { train } = await loadDataset(join(folder, name));
      expect(train.columns()).toEqual(stored.columns());
      expect(train.features).toEqual(stored.features);
      const stream = await loadDataset(join(folder, name), { split: "train[1:4]", streaming: true });
      expect(await stream.toArray()).toEqual(stored.slice(1, 4));
    }
    expect((await loadDataset(join(folder, "types.*.arrow"))).train.length).toBe(10);
    const byFormat = await loadDataset("arrow", { dataFiles: { test: join(folder, "types.file.arrow") } });
    expect(byFormat.test.length).toBe(5);
    expect(existsSync(cache)).toBe(false);
    vi.unstubAllEnvs();
    const bytes = readFileSync(fixture("types.file.arrow"));
    const cut = join(await folderOf({ "cut.arrow": bytes.subarray(0, bytes.length - 100) }), "cut.arrow");
    await expect(loadDataset(cut)).rejects.toThrow(/cut\.arrow/);
    await expect(loadDataset(cut)).rejects.toThrow(FileFormatError);
  });
});

describe("damage", () => {
  it("within a batch is a named error, wherever a byte is wrong, or other values", async () => {
    const bytes = readFileSync(fixture("types.stream.arrow"));
    const folder = await folderOf({});
    const path = join(folder, "damaged.arrow");
    for (let at = 0; at < bytes.length; at += 37) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] ^= 1 << (at % 8);
      writeFileSync(path, damaged);
      for (const read of [(dataset: Dataset) => dataset.columns(), (dataset: Dataset) => dataset.at(3)]) {
        try {
          read(new Dataset(openArrowTable([path])));
        } catch (error) {
          expect(error).toBeInstanceOf(AttuneError);
        }
      }
    }
  });

  it.each(["types.stream.arrow", "types.file.arrow"])(
    "%s cut off anywhere is a named error, or the batches before",
    async (name) => {
      const bytes = readFileSync(fixture(name));
      const folder = await folderOf({});
      const path = join(folder, "cut.arrow");
      await copyFile(fixture(name), path);
      for (let length = bytes.length - 1; length >= 0; length -= 1 + Math.floor(length / 60)) {
        truncateSync(path, length);
        try {
          const table = openArrowTable([path]);
          expect(name === "types.stream.arrow" && [0, 2, 4, 5]).toContain(table.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FileFormatError);
          expect(String(error)).toContain(path);
        }
      }
    },
  );

  it("a file of another kind is a named error", async () => {
    const folder = await folderOf({ "text.arrow": "hello, this is not Arrow at all", "empty.arrow": "" });
    expect(() => openArrowTable([join(folder, "text.arrow")])).toThrow(/cannot read .*text\.arrow as Arrow/);
    expect(() => openArrowTable([join(folder, "empty.arrow")])).toThrow("it does not begin with a schema");
    expect(() => openArrowTable([join(folder, "none.arrow")])).toThrow(
      `there is no file ${join(folder, "none.arrow")}`,
    );
  });
});
