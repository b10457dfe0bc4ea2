// DuckDB asks what toTable gives. Its door for Arrow is an extension that it would download, so that the rows go by Parquet.
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type AnyRow, ClassLabel, Dataset, List, loadDataset, Value } from "../../src/datasets/index.js";
import { describeShared, sharedPath } from "../shared.js";
import { folderOf } from "./files.js";

/** DuckDB, as far as it is asked. */
interface DuckDb {
  readonly DuckDBInstance: {
    create(path: string): Promise<{ connect(): Promise<Connection>; closeSync(): void }>;
  };
}
interface Connection {
  run(sql: string): Promise<unknown>;
  runAndReadAll(sql: string): Promise<{ getRowObjectsJS(): Record<string, unknown>[] }>;
  closeSync(): void;
}

/** The rows of a query over the dataset, as the table `data`. */
async function ask<Row extends object>(dataset: Dataset<Row>, query: string): Promise<unknown[]> {
  const { DuckDBInstance } = createRequire(import.meta.url)("@duckdb/node-api") as DuckDb;
  const file = join(await folderOf({}), "data.parquet");
  await dataset.toParquet(file);
  const database = await DuckDBInstance.create(":memory:");
  const connection = await database.connect();
  try {
    await connection.run(`CREATE VIEW data AS SELECT * FROM '${file}'`);
    return (await connection.runAndReadAll(query)).getRowObjectsJS().map(plain);
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}

/** Values as both say them: numbers for bigints and times, plain arrays. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date) return value.getTime();
  if (ArrayBuffer.isView(value) || Array.isArray(value)) return Array.from(value as ArrayLike<unknown>, plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}

it("DuckDB sees the rows that toTable gives, of every kind of value", async () => {
  const features = {
    text: new Value("string"),
    label: new ClassLabel({ names: ["no", "yes"] }),
    small: new Value("int8"),
    real: new Value("float64"),
    single: new Value("float32"),
    flag: new Value("bool"),
    at: new Value("timestamp[ms]"),
    price: new Value("decimal128(10, 2)"),
    ids: new List(new Value("int32")),
    answers: { text: new List(new Value("string")), start: new Value("int64") },
  };
  const rows: AnyRow[] = Array.from({ length: 2500 }, (_, i) => ({
    text: i % 7 === 0 ? null : `row ${i} \u{1F600}`,
    label: i % 2,
    small: (i % 200) - 100,
    real: i / 3,
    single: i / 4,
    flag: i % 3 === 0,
    at: new Date(i * 1e9),
    price: i / 4,
    ids: Array.from({ length: i % 4 }, (_, j) => i + j),
    answers: i % 5 === 0 ? null : { text: ["a", null], start: i },
  }));
  const dataset = Dataset.fromRows(rows, { features });
  const table = dataset.toTable();
  const expected = Array.from({ length: table.numRows }, (_, i) => plain(table.get(i)));
  expect(expected.slice(0, 3)).toEqual(dataset.slice(0, 3).map(plain));
  expect(await ask(dataset, "SELECT * FROM data")).toEqual(expected);
});

describeShared("MRPC in DuckDB", () => {
  it("gives the counts that the rows give", async () => {
    const { train } = await loadDataset(sharedPath("hub/datasets/nyu-mll/glue"), "mrpc");
    const labels = train.column("label").slice(0) as number[];
    const lengths = (train.column("sentence1").slice(0) as string[]).map((text) => [...text].length);
    const mean = (label: number): number => {
      const chosen = lengths.filter((_, i) => labels[i] === label);
      return chosen.reduce((sum, length) => sum + length, 0) / chosen.length;
    };
    const count = (label: number): number => labels.filter((each) => each === label).length;
    const answer = await ask(
      train,
      "SELECT label, count(*) AS rows, avg(length(sentence1)) AS mean FROM data GROUP BY label ORDER BY label",
    );
    expect(answer).toEqual([0, 1].map((label) => ({ label, rows: count(label), mean: mean(label) })));
  });
});
