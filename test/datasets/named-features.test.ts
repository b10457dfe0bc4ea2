// Features with names of their own, as Python's datasets wrote them (python/named.py): read, changed, written and read again.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { declarationOf } from "../../src/datasets/declaration.js";
import {
  Array2D,
  Array3D,
  Audio,
  Dataset,
  type Feature,
  Image,
  Json,
  List,
  loadDataset,
  loadFromDisk,
  Translation,
  TranslationVariableLanguages,
  Value,
} from "../../src/datasets/index.js";
import { unifyFeatures } from "../../src/datasets/infer.js";
import { featuresToYaml } from "../../src/datasets/publish/card.js";
import { featureFromJson, featuresFromYaml } from "../../src/datasets/read-features.js";
import type { Tensor } from "../../src/tensor/index.js";
import { folderOf, parquet } from "./files.js";

const fixture = (name: string) => fileURLToPath(new URL(`python/named/${name}`, import.meta.url));

interface Held {
  readonly features: unknown;
  readonly card: unknown;
  readonly rows: unknown[];
}

const heldIn = (kind: string) => JSON.parse(readFileSync(fixture(`${kind}.json`), "utf8")) as Held;
const plainJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

/** Bytes as lists, as python/named.py wrote them. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}

function expectHeld(dataset: Dataset, { features, rows }: Held): void {
  expect(plainJson(dataset.features)).toEqual(features);
  expect(dataset.slice().map(plain)).toEqual(rows);
}

describe.each(["arrays", "files", "translations"])("%s", (kind) => {
  const held = heldIn(kind);

  it("are read from what save_to_disk and to_parquet wrote, streamed too", async () => {
    expectHeld(loadFromDisk(fixture(kind)) as Dataset, held);
    const { train } = await loadDataset(fixture(`${kind}.parquet`));
    expectHeld(train, held);
    const rows: unknown[] = [];
    for await (const row of await loadDataset(fixture(`${kind}.parquet`), { split: "train", streaming: true })) {
      rows.push(plain(row));
    }
    expect(rows).toEqual(held.rows);
  });

  it("stay what they are through map, select and concatenation, saved and as Parquet", async () => {
    const folder = await folderOf({});
    const saved = loadFromDisk(fixture(kind)) as Dataset;
    const mapped = await saved.map((row) => row, { cache: false });
    expectHeld(mapped, held);
    const rows = saved.length;
    const both = saved
      .select(Array.from({ length: rows }, (_, i) => rows - 1 - i))
      .select([...Array(rows).keys()].reverse());
    for (const [name, dataset] of Object.entries({ saved, mapped, both })) {
      await dataset.saveToDisk(join(folder, name));
      expectHeld(loadFromDisk(join(folder, name)) as Dataset, held);
      await dataset.toParquet(join(folder, `${name}.parquet`));
      expectHeld((await loadDataset(join(folder, `${name}.parquet`))).train, held);
    }
  });

  it("are spelt in a dataset card as Python spells them", () => {
    const { features } = loadFromDisk(fixture(kind)) as Dataset;
    expect(featuresToYaml(features)).toEqual(held.card);
    expect(plainJson(featuresFromYaml(held.card))).toEqual(held.features);
  });
});

it.each(["arrays", "files", "translations"])("%s of several worker threads are one", (kind) => {
  const json = heldIn(kind).features;
  const [one, other] = [featureFromJson(json), featureFromJson(json)];
  expect(plainJson(unifyFeatures(one, other))).toEqual(json);
});

it("are printed with their names and options", () => {
  const features: Record<string, Feature> = {
    matrix: new Array2D({ shape: [2, 3], dtype: "int32" }),
    image: Image({ mode: "RGB" }),
    sound: Audio({ samplingRate: 16_000 }),
    any: new Json(),
    pair: Translation({ languages: ["de", "fr"] }),
    several: TranslationVariableLanguages(),
  };
  expect(Object.values(features).map(String)).toEqual([
    'Array2D(2 x 3, "int32")',
    'Image(mode: "RGB")',
    "Audio(sampling_rate: 16000)",
    "Json()",
    'Translation(languages: ["de","fr"])',
    "TranslationVariableLanguages()",
  ]);
  expect(inspect(features.matrix)).toBe("Array2D { shape: [ 2, 3 ], dtype: 'int32' }");
  expect(inspect(features.image)).toBe("Image { mode: 'RGB' }");
});

it("are declared by the types of their values", () => {
  const { features } = loadFromDisk(fixture("arrays")) as Dataset;
  const files = (loadFromDisk(fixture("files")) as Dataset).features;
  const text = declarationOf({
    path: "some",
    config: undefined,
    features: { ...features, image: files.image },
    nullable: new Set(["json"]),
  });
  expect(text).toContain("  matrix: number[][];\n");
  expect(text).toContain("  json: unknown;\n");
  expect(text).toContain("  image: {\n    bytes: Uint8Array;\n    path: string;\n  };\n");
});

describe("Json", () => {
  const values = ["2", 2, null, { a: [1, null] }, "text", [[], "x"]];
  const column = { notes: values };

  it("takes values of several types, and gives strings back as strings", async () => {
    const dataset = Dataset.fromColumns(column, { features: { notes: new Json() } });
    expect(dataset.column("notes")).toEqual(values);
    const kinds = await dataset.map(({ notes }) => ({ notes: [notes] }), { features: { notes: new List(new Json()) } });
    expect(kinds.column("notes")).toEqual(values.map((value) => [value]));
    expect(dataset.addItem({ notes: "last" }).at(-1)).toEqual({ notes: "last" });
  });

  it("refuses what JSON does not have, and what was stored and is none", () => {
    const make = (value: unknown) => () =>
      Dataset.fromColumns({ notes: [1, value] }, { features: { notes: new Json() } });
    expect(make(new Date(0))).toThrow(/column "notes" should be Json\(\), but holds .* at row 1/);
    expect(make(Number.NaN)).toThrow(/should be Json\(\)/);
    const texts = Dataset.fromColumns({ notes: ['{"a":1}', "no JSON"] });
    expect(() => texts.castColumn("notes", new Json())).toThrow(/the string "no JSON", which is no JSON/);
  });

  it("is cast from and to text, and to what its values are", () => {
    const texts = Dataset.fromColumns({ notes: ['{"a": 1}', "[2]"] });
    const parsed = texts.castColumn("notes", new Json());
    expect(parsed.column("notes")).toEqual([{ a: 1 }, [2]]);
    expect(parsed.castColumn("notes", new Value("string")).column("notes")).toEqual(['{"a":1}', "[2]"]);
    const numbers = Dataset.fromColumns({ n: [1, 2] }).castColumn("n", new Json());
    expect(numbers.castColumn("n", new Value("int64")).column("n")).toEqual([1, 2]);
    expect(() => parsed.castColumn("notes", new Value("int64"))).toThrow('{"a":1}, which is no Value("int64")');
  });

  it("names file, column and reason where a file holds none", async () => {
    const notes = { name: "notes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" } as const;
    const schema = [
      { name: "root", num_children: 1 },
      { ...notes, logical_type: { type: "JSON" } as const },
    ];
    const read = async (text: string) => {
      const data = ["{}", text].map((each) => new TextEncoder().encode(each));
      const folder = await folderOf({ "notes.parquet": parquet([{ name: "notes", data }], { schema }) });
      return (await loadDataset(join(folder, "notes.parquet"))).train;
    };
    const broken = await read("{oops");
    expect(broken.at(0)).toEqual({ notes: {} });
    expect(() => broken.at(1)).toThrow(/column "notes" holds "{oops", which is no JSON .*in rows 0 to 1/);
    const large = await read("[12345678901234567890]");
    expect(() => large.column("notes")).toThrow("JSON with the integer 12345678901234567890, too large to be exact");
  });

  it("refuses integers that would lose digits", () => {
    const texts = Dataset.fromColumns({ notes: ['{"id": 12345678901234567890}'] });
    expect(() => texts.castColumn("notes", new Json()).column("notes")).toThrow("12345678901234567890");
  });
});

it("files are cast from paths and from bytes", () => {
  const paths = Dataset.fromColumns({ image: ["a.png", null] }).castColumn("image", Image());
  expect(paths.column("image")).toEqual([{ bytes: null, path: "a.png" }, null]);
  const features = { sound: new Value("binary") };
  const bytes = Dataset.fromColumns({ sound: [Uint8Array.of(1)] }, { features }).castColumn("sound", Audio());
  expect(bytes.column("sound")).toEqual([{ bytes: Uint8Array.of(1), path: null }]);
  expect(() => Dataset.fromColumns({ n: [1] }).castColumn("n", Image())).toThrow(
    'Value("int64") cannot become Image()',
  );
});

describe("arrays", () => {
  it("are tensors of their shape in the format of tensors", async () => {
    const features = {
      x: new Array2D({ shape: [2, 1], dtype: "float32" }),
      y: new Array3D({ shape: [null, 1, 2], dtype: "int64" }),
    };
    const columns = { x: [[[1], [0.5]], null], y: [[[[1, 2]], [[3, 4]], [[5, 6]]], []] };
    const rows = Dataset.fromColumns(columns, { features }).withFormat("tensor");
    const [[x, none], [y, empty]] = [rows.column("x"), rows.column("y")] as unknown as Tensor[][];
    expect([x.dtype, await x.toArray(), none]).toEqual(["float32", [[1], [0.5]], null]);
    expect([y.dtype, await y.toArray(), empty.shape]).toEqual(["int32", columns.y[0], [0, 1, 2]]);
  });

  it("hold values of their shape alone", () => {
    const feature = new Array2D({ shape: [1, 2], dtype: "float32" });
    expect(Dataset.fromColumns({ x: [[[1, 2]]] }, { features: { x: feature } }).at(0)).toEqual({ x: [[1, 2]] });
    expect(() => Dataset.fromColumns({ x: [[[1, 2, 3]]] }, { features: { x: feature } })).toThrow(
      'column "x" should be Array2D(1 x 2, "float32"), but holds [[1,2,3]] at row 0',
    );
    const lists = Dataset.fromColumns({ x: [[[1, 2]], [[3, 4]]] }).castColumn("x", feature);
    expect(JSON.stringify(lists.features.x)).toBe('{"shape":[1,2],"dtype":"float32","_type":"Array2D"}');
    expect(lists.column("x")).toEqual([[[1, 2]], [[3, 4]]]);
  });

  it("have as many lengths as dimensions, of which the first may be open", () => {
    expect(() => new Array2D({ shape: [2], dtype: "int8" })).toThrow("the shape of an Array2D is 2 lengths");
    expect(() => new Array3D({ shape: [2, null, 2], dtype: "int8" })).toThrow("first may be null, not [2,null,2]");
    expect(new Array3D({ shape: [null, 1, 2], dtype: "int8" }).shape).toEqual([null, 1, 2]);
  });
});
