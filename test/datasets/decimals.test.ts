// Decimals: exact or refused, in columns, lists and structs, held against pyarrow.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimalText, numberOfDecimal, unscaledOf } from "../../src/datasets/arrow/decimals.js";
import { storedReader } from "../../src/datasets/arrow/values.js";
import { Dataset, type Feature, List, loadDataset, loadFromDisk, Value } from "../../src/datasets/index.js";
import { recordBatches, schemaOfTable } from "../../src/datasets/record-batches.js";
import { DataError, FileFormatError } from "../../src/support/errors.js";
import { runs } from "../runs.js";
import { folderOf } from "./files.js";

const folder = fileURLToPath(new URL("python/", import.meta.url));
const python = JSON.parse(readFileSync(join(folder, "decimals.json"), "utf8")) as {
  casts: { from: string; to: string; cases: [given: string | number, cast: string | null][] }[];
  texts: [value: string, scale: number, text: string][];
  stored: Record<string, unknown[]>;
};
const MONEY = new Value("decimal128(10, 2)");

/** The values of all columns, decimals as the integers that they are stored as, in text. */
function stored(dataset: Dataset): Record<string, unknown[]> {
  const columns: Record<string, unknown[]> = {};
  const table = Dataset.tableOf(dataset);
  for (const batch of recordBatches(table, schemaOfTable(table))) {
    for (const array of batch.columns) {
      const reader = storedReader(array, (reason) => {
        throw new Error(reason);
      });
      const values = Array.from({ length: batch.length }, (_, i) => reader.get(i));
      columns[array.field.name] = [...(columns[array.field.name] ?? []), ...values];
    }
  }
  return JSON.parse(
    JSON.stringify(columns, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
  );
}

describe("decimals of Parquet files that pyarrow wrote", () => {
  it.each(["decimals", "decimals_as_integers"])("come over to the last digit, nested too: %s", async (name) => {
    const { train } = await loadDataset(join(folder, `${name}.parquet`));
    expect(train.features.large).toEqual(new Value("decimal128(30, 3)"));
    expect(stored(train)).toEqual(python.stored);
    expect(train.column("small").slice(0)).toEqual([1.1, null, -0.05, 1234.56, 0.29]);
    expect(train.column("lists").slice(0)).toEqual([
      [[1.1, null, -0.05, 1234.56, 0.29]],
      null,
      [],
      [null, [1.1, null]],
      [[]],
    ]);
    expect(() => train.at(0)).toThrow(/"large".*the decimal 123456789012345678901.234, of too many digits/);
    expect(() => train.selectColumns(["list"]).at(0)).toThrow(DataError);
  });

  it("go on to the last digit through saveToDisk and toParquet", async () => {
    const { train } = await loadDataset(join(folder, "decimals.parquet"));
    const target = await folderOf({});
    await train.saveToDisk(join(target, "saved"));
    expect(stored(loadFromDisk(join(target, "saved")) as Dataset)).toEqual(python.stored);
    await train.toParquet(join(target, "again.parquet"));
    expect(stored((await loadDataset(join(target, "again.parquet"))).train)).toEqual(python.stored);
  });

  it("are refused where they are declared with another scale", async () => {
    const bytes = readFileSync(join(folder, "decimals.parquet"));
    const target = await folderOf({
      "train.parquet": bytes,
      "README.md": `---\ndataset_info:\n  features:\n${Object.keys(python.stored)
        .map((name) => `  - name: ${name}\n    dtype: decimal128(8, 3)\n`)
        .join("")}---\n`,
    });
    const error: unknown = await loadDataset(target).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FileFormatError);
    expect(String(error)).toMatch(/column "small" is .*decimal128\(8, 3\).*but the file holds .*decimal128\(8, 2\)/);
  });
});

describe("decimals that are given", () => {
  const holders: [string, Feature, (value: number) => unknown][] = [
    ["a column", MONEY, (value) => value],
    ["a list", new List(MONEY), (value) => [1.25, value]],
    ["a struct", { price: MONEY }, (price) => ({ price })],
    ["lists in lists", new List(new List(MONEY)), (value) => [[], [value]]],
  ];

  it.each(holders)("are stored exactly, in %s", (_, feature, hold) => {
    const values = [0, -1.5, 99999999.99, 0.1, 1e3];
    const dataset = Dataset.fromRows(
      values.map((value) => ({ x: hold(value) })),
      { features: { x: feature } },
    );
    expect(dataset.column("x").slice(0)).toEqual(values.map(hold));
  });

  it.each(holders)("are refused where the scale or the precision does not hold them, in %s", (_, feature, hold) => {
    for (const value of [1.005, 0.1 + 0.2, 100000000, Number.NaN, Number.POSITIVE_INFINITY, 1e-9]) {
      const make = () => Dataset.fromRows([{ x: hold(1.5) }, { x: hold(value) }], { features: { x: feature } });
      expect(make, String(value)).toThrow(DataError);
      expect(make).toThrow(/column "x".*decimal128\(10, 2\).*row 1/);
    }
  });

  it("become floats where map gives others than its column holds", async () => {
    const prices = Dataset.fromRows([{ x: [1.5] }, { x: [2.25] }], { features: { x: new List(MONEY) } });
    const halved = await prices.map(({ x }) => ({ x: (x as number[]).map((price) => price / 2) }));
    expect(halved.column("x").slice(0)).toEqual([[0.75], [1.125]]);
    expect(halved.features.x).toEqual(new List(new Value("float64")));
    const same = await prices.map(({ x }) => ({ x: (x as number[]).map((price) => price * 2) }));
    expect(same.features.x).toEqual(new List(MONEY));
  });
});

describe("casts of decimals", () => {
  it.each(python.casts)("are pyarrow's: from $from to $to", ({ from, to, cases }) => {
    const target = new Value(to);
    for (const [given, expected] of cases) {
      const value = from.startsWith("decimal") ? Number(given) : given;
      const dataset = Dataset.fromRows([{ x: value }], { features: { x: new Value(from) } });
      const cast = () => dataset.castColumn("x", target).at(0).x;
      if (expected === null) expect(cast, String(given)).toThrow(DataError);
      else expect(cast(), String(given)).toBe(Number(expected));
      const lists = Dataset.fromRows([{ x: [value] }], { features: { x: new List(new Value(from)) } });
      const castLists = () => lists.castColumn("x", new List(target)).at(0).x;
      if (expected === null) expect(castLists, String(given)).toThrow(DataError);
      else expect(castLists(), String(given)).toEqual([Number(expected)]);
    }
  });

  it("to text have the digits of the scale", () => {
    for (const [value, scale, text] of python.texts) {
      const features = { x: new Value(`decimal128(20, ${scale})`) };
      const dataset = Dataset.fromRows([{ x: Number(value) }], { features });
      expect(dataset.castColumn("x", new Value("string")).at(0).x).toBe(text);
    }
  });
});

it("numbers and the decimals that they are printed as are the same, both ways", () => {
  const scales = fc.integer({ min: 0, max: 20 });
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), scales, (unscaled, scale) => {
      const type = { kind: "decimal", bits: 128, precision: 38, scale } as const;
      const number = numberOfDecimal(unscaled, type);
      expect(number).toBe(Number(decimalText(unscaled, scale)));
      expect(unscaledOf(number as number, type)).toBe(unscaled);
    }),
    { numRuns: runs(500) },
  );
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), scales, (value, scale) => {
      const type = { kind: "decimal", bits: 256, precision: 76, scale } as const;
      const unscaled = unscaledOf(value, type);
      if (unscaled !== undefined) expect(Number(`${unscaled}e-${scale}`)).toBe(value === 0 ? 0 : value);
    }),
    { numRuns: runs(500) },
  );
});
