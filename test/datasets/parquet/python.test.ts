// Parquet files that pyarrow wrote (fixtures/make.py): every type, with and without nulls, in the encodings that are decoded
// into Arrow's layout directly and in those that hyparquet decodes.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadDataset, Value } from "../../../src/datasets/index.js";
import { planColumns, readColumn } from "../../../src/datasets/parquet/column.js";
import { fileFeatures } from "../../../src/datasets/parquet/features.js";
import { openParquet } from "../../../src/datasets/parquet/file.js";
import { FlatDecoder } from "../../../src/datasets/parquet/flat-column.js";
import { readPages } from "../../../src/datasets/parquet/pages.js";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const expected = JSON.parse(readFileSync(fixture("values.json"), "utf8")) as Record<string, unknown[]>;

/** Dates as ISO strings, bytes as lists: as fixtures/make.py wrote the values. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Array.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

describe.each(["plain", "dictionary", "pages-v2", "delta"])("%s.parquet", (name) => {
  const path = fixture(`${name}.parquet`);

  it("has pyarrow's values, loaded and streamed", async () => {
    const { train } = await loadDataset(path);
    expect(train.columnNames).toEqual(Object.keys(expected));
    const streamed = await loadDataset(path, { split: "train", streaming: true });
    const rows: Record<string, unknown>[] = [];
    for await (const row of streamed) rows.push(row);
    for (const [column, values] of Object.entries(expected)) {
      expect(plain(train.column(column)), column).toEqual(values);
      expect(
        rows.map((row) => plain(row[column])),
        column,
      ).toEqual(values);
    }
    expect(train.features.timestamp_tz).toEqual(new Value("timestamp[us, tz=UTC]"));
  });

  it("is decoded without hyparquet where its columns are flat and its encodings the usual ones", async () => {
    const file = await openParquet(path);
    const [group] = file.metadata.row_groups;
    const left: string[] = [];
    for (const plan of planColumns(file.metadata, fileFeatures(path, file.metadata))) {
      const chunk = group.columns.find(({ meta_data: at }) => at?.path_in_schema[0] === plan.name)?.meta_data;
      if (chunk === undefined) throw new Error(`no column ${plan.name}`);
      const decoder = plan.flat && new FlatDecoder(plan.flat);
      await readPages(file.buffer, file.metadata, group, chunk, { page: (page) => decoder?.add(page) });
      if (decoder?.arrays === undefined) left.push(plan.name);
      const arrays = await readColumn(file, group, plan, 0, (reason) => {
        throw new Error(reason);
      });
      expect(arrays.reduce((sum, { length }) => sum + length, 0)).toBe(Number(group.num_rows));
    }
    const nested = ["fixed", "decimal", "list", "struct", "null"];
    const encoded = name === "delta" ? ["int32", "int64", "float32", "string", "string_full"] : [];
    expect(left.toSorted()).toEqual([...nested, ...encoded].toSorted());
  });
});

/** JSON, which pyarrow gives as text, as the values that it says. */
function parsed(column: string, rows: readonly unknown[]): unknown {
  const parse = (text: unknown) => (typeof text === "string" ? (JSON.parse(text) as unknown) : null);
  if (column === "json") return rows.map((row) => (row === null ? null : (row as unknown[]).map(parse)));
  return column === "struct" ? (rows as { json: string }[]).map((row) => ({ ...row, json: parse(row.json) })) : rows;
}

describe("nested.parquet", () => {
  const held = JSON.parse(readFileSync(fixture("nested.json"), "utf8")) as Record<string, unknown[]>;

  it("has pyarrow's values within lists and structs, loaded and streamed", async () => {
    const { train } = await loadDataset(fixture("nested.parquet"));
    const streamed = await loadDataset(fixture("nested.parquet"), { split: "train", streaming: true });
    const rows: Record<string, unknown>[] = [];
    for await (const row of streamed) rows.push(row);
    for (const [column, texts] of Object.entries(held)) {
      const values = parsed(column, texts);
      expect(plain(train.column(column)), column).toEqual(values);
      expect(
        rows.map((row) => plain(row[column])),
        column,
      ).toEqual(values);
    }
  });
});
