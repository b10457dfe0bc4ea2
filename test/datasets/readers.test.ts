// The text formats against Python's datasets (python/formats.py), and what is wrong with files.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import type { FileOptions } from "../../src/datasets/file-formats.js";
import { ClassLabel, type Dataset, List, loadDataset, Value } from "../../src/datasets/index.js";
import { ConfigError, DataError, FileFormatError } from "../../src/support/errors.js";
import { terminal } from "../../src/support/terminal.js";
import { folderOf } from "./files.js";

interface Python {
  files: {
    file: string;
    text: string;
    options: FileOptions;
    columns: Record<string, unknown[]>;
    dtypes: Record<string, string>;
  }[];
  asked: Record<string, unknown[]>;
  asked_json: Record<string, unknown[]>;
  slices: { spec: string; rows: number; first: string; last: string }[];
  sizes: Record<string, number>;
}

const python = JSON.parse(readFileSync(new URL("python/formats.json", import.meta.url), "utf8")) as Python;
const NUMBERS: Readonly<Record<string, number>> = { NaN: Number.NaN, inf: Infinity, "-inf": -Infinity };

/** A file of this name and content, loaded. */
async function load(name: string, content: string | Uint8Array, options: object = {}): Promise<Dataset> {
  return loadDataset(join(await folderOf({ [name]: content }), name), { ...options, split: "train" });
}

async function refusal(name: string, content: string | Uint8Array, options: object = {}): Promise<Error> {
  const error: unknown = await load(name, content, options).then(
    () => new Error("it was loaded"),
    (reason) => reason,
  );
  return error as Error;
}

describe("what Python's datasets reads", () => {
  it.each(python.files)("$file with $options", async ({ file, text, options, columns, dtypes }) => {
    const dataset = await load(file, text, options);
    const expected = Object.fromEntries(
      Object.entries(columns).map(([name, values]) => [
        name,
        values.map((value) => (dtypes[name] === "float64" ? (NUMBERS[String(value)] ?? value) : value)),
      ]),
    );
    expect(dataset.columns()).toEqual(expected);
    for (const [name, dtype] of Object.entries(dtypes)) {
      const found = String(dataset.features[name]);
      const isWhole = columns[name].every((value) => value === null || Number.isInteger(value));
      // pandas makes floats of whole numbers among which some are missing, and of columns without a value
      if (dtype === "float64" && columns[name].includes(null) && isWhole) expect(found).toMatch(/int64|null/);
      else expect(found).toBe(`Value("${dtype.replace("large_string", "string")}")`);
    }
  });

  it("the types that are asked for", async () => {
    const label = new ClassLabel({ names: ["neg", "pos"] });
    const features = { text: new Value("string"), label, n: new Value("float32") };
    const csv = await load("asked.csv", "text,label,n\nx,pos,1\ny,neg,2.5\nz,1,3\n", { features });
    expect(csv.columns()).toEqual(python.asked);
    expect(csv.features).toEqual(features);
    const lines = '{"text": "x", "label": 1, "n": 1}\n{"text": "y", "label": 0}\n';
    const json = await load("asked.jsonl", lines, { features });
    expect(json.columns()).toEqual(python.asked_json);
    expect(json.features).toEqual(features);
  });

  it.each(python.slices)("the split $spec", async ({ spec, rows, first, last }) => {
    const lines = (split: string) =>
      Array.from({ length: python.sizes[split] }, (_, i) => `{"id": "${split}${i}"}\n`).join("");
    const folder = await folderOf({ "train.jsonl": lines("train"), "test.jsonl": lines("test") });
    const dataset = await loadDataset<{ id: string }>(folder, { split: spec });
    expect([dataset.length, dataset.at(0).id, dataset.at(-1).id]).toEqual([rows, first, last]);
  });
});

describe("split", () => {
  const folder = () => folderOf({ "train.csv": "n\n0\n1\n2\n3\n", "test.csv": "n\n10\n11\n" });

  it("may be a list, spelled out, or all", async () => {
    const [head, tail] = await loadDataset<{ n: number }>(await folder(), { split: ["train[:25%]", "train[25%:]"] });
    expect([head.column("n"), tail.column("n")]).toEqual([[0], [1, 2, 3]]);
    const spelled = { split: "train", from: -2, to: -1 };
    expect((await loadDataset(await folder(), { split: spelled })).column("n")).toEqual([2]);
    expect((await loadDataset(await folder(), { split: "train[1:3]+all" })).column("n")).toEqual([
      1, 2, 0, 1, 2, 3, 10, 11,
    ]);
    expect((await loadDataset(await folder(), { split: "train[3:1]" })).length).toBe(0);
  });

  it.each([
    ["train[::2]", "a step, as in [::2], is not known"],
    ["train[a:b]", "cannot be read"],
    ["", "cannot be read"],
    ["train[:101%]", "has the bound 101%: percents go from -100 to 100"],
    ["train[:5](closest)", "has a rounding, closest, which only percents have"],
    ["train[:5%](nearest)", 'has the rounding "nearest"'],
    ["train[:5%](pct1_dropremainder)", "has 4 rows, of which (pct1_dropremainder) leaves none"],
  ])("refuses %s", async (split, reason) => {
    const error: unknown = await loadDataset(await folder(), { split }).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain(reason);
  });

  it("names the splits there are", async () => {
    const error: unknown = await loadDataset(await folder(), { split: "train+tset" }).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(DataError);
    expect(String(error)).toContain('no split "tset": its splits are train, test; did you mean "test"?');
  });
});

describe("where files are", () => {
  const csv = (...numbers: number[]) => `n\n${numbers.join("\n")}\n`;
  const files = {
    "one/a.csv": csv(1),
    "one/b.csv": csv(2),
    "two/c.csv": csv(3),
    "raw.txt": "n\tt\n4\tx\n",
    "notes.md": "nothing",
  };

  it("patterns, in their order", async () => {
    const folder = await folderOf(files);
    const numbers = async (pattern: string) => (await loadDataset(`${folder}/${pattern}`)).train.column("n");
    expect(await numbers("*/*.csv")).toEqual([1, 2, 3]);
    expect(await numbers("**/[ac].csv")).toEqual([1, 3]);
    expect(await numbers("{one,two}/?.csv")).toEqual([1, 2, 3]);
    await expect(numbers("*/*.tsv")).rejects.toThrow(/no file matches .*\*\/\*\.tsv/);
    await expect(loadDataset(`${folder}/three/*.csv`)).rejects.toThrow("there is no folder");
  });

  it("dataFiles of a folder or of a format, by split", async () => {
    const folder = await folderOf(files);
    const chosen = await loadDataset(folder, { dataFiles: { train: "one/*", test: ["two/c.csv"] } });
    expect([chosen.train.column("n"), chosen.test.column("n")]).toEqual([[1, 2], [3]]);
    expect((await loadDataset(folder, { dataDir: "two" })).train.column("n")).toEqual([3]);
    const named = await loadDataset("csv", { dataFiles: join(folder, "raw.txt"), delimiter: "\t" });
    expect(named.train.slice()).toEqual([{ n: 4, t: "x" }]);
    const inFolder = await loadDataset("csv", { dataDir: folder, dataFiles: { test: "one/b.csv" }, split: "test" });
    expect(inFolder.column("n")).toEqual([2]);
    await expect(loadDataset("csv")).rejects.toThrow('loadDataset("csv") needs the files to load');
    await expect(loadDataset(folder, { dataFiles: { train: [] } })).rejects.toThrow('no files to the split "train"');
    await expect(loadDataset(folder, { dataFiles: "three/*" })).rejects.toThrow('no file matches "three/*"');
  });

  it("a folder whose files' names tell splits, by words in them", async () => {
    const folder = await folderOf({
      "reviews_train_1.jsonl": '{"n": 1}\n',
      "reviews_train_2.jsonl": '{"n": 2}\n',
      "my-dev.jsonl": '{"n": 3}\n',
      "notes.txt": "left out",
    });
    const dataset = await loadDataset(folder);
    expect(dataset.numRows).toEqual({ train: 2, validation: 1 });
    expect(dataset.train.column("n")).toEqual([1, 2]);
  });

  it("a card's configs and features, for any format", async () => {
    const readme = [
      "---",
      "configs:",
      "- config_name: tabs",
      "  data_files: [{split: train, path: data/*.tsv}]",
      "dataset_info:",
      "  config_name: tabs",
      "  features: [{name: text, dtype: string}, {name: label, dtype: {class_label: {names: {'0': bad, '1': good}}}}]",
      "  splits: [{name: train, num_examples: 2}]",
      "---",
    ].join("\n");
    const data = "text\tlabel\nx\tgood\ny\t0\n";
    const dataset = await loadDataset(await folderOf({ "README.md": readme, "data/a.tsv": data }));
    expect(dataset.train.column("label")).toEqual([1, 0]);
    expect(dataset.train.features.label).toEqual(new ClassLabel({ names: ["bad", "good"] }));
    const wrong = await folderOf({ "README.md": readme, "data/a.tsv": "text\tlabel\nx\tugly\ny\t0\n" });
    await expect(loadDataset(wrong)).rejects.toThrow(
      /a\.tsv, line 2: column "label" holds "ugly", which is no name of/,
    );
  });

  it("packed files, and files of other encodings", async () => {
    expect((await load("a.csv.gz", gzipSync("n,t\n1,é\n"))).slice()).toEqual([{ n: 1, t: "é" }]);
    expect((await load("a.jsonl.gz", gzipSync('{"n": 1}\n'))).slice()).toEqual([{ n: 1 }]);
    const latin = Uint8Array.of(0x74, 0x0a, 0xe9, 0x0a);
    expect((await load("a.csv", latin, { encoding: "windows-1252" })).column("t")).toEqual(["é"]);
    expect((await load("a.csv", latin, { encodingErrors: "replace" })).column("t")).toEqual(["\ufffd"]);
    const wide = Buffer.from("\ufefft\nx\n", "utf16le");
    expect((await load("a.csv", wide, { encoding: "utf-16le" })).column("t")).toEqual(["x"]);
  });

  it("options that are not the format's, or no options at all, are refused", async () => {
    expect((await refusal("a.jsonl", '{"a": 1}\n', { delimiter: ";" })).message).toBe(
      '"delimiter" is an option of csv files, and these are json files',
    );
    expect((await refusal("a.csv", "a\n1\n", { delimeter: ";" })).message).toContain('did you mean "delimiter"?');
    expect(await refusal("a.csv", "a\n1\n", { delimiter: "::" })).toBeInstanceOf(ConfigError);
    expect((await refusal("a.xyz", "a\n1\n")).message).toContain("cannot tell what");
    expect(await refusal("a.csv", "a\n1\n", { encoding: "klingon" })).toBeInstanceOf(ConfigError);
  });
});

describe("damaged and unruly CSV", () => {
  it.each([
    ["a,b\n1,2\n3\n", /line 3 has 1 field, where there are 2 columns: .*fillShortLines/],
    ["a,b\n1,2\n3,4,5\n", /line 3 has 3 fields, where there are 2 columns: mend it, or leave such lines out/],
    ['a,b\n1,"x\n2,y\n', /the quote that opens in line 2 is never closed: .*quoting: "none"/],
    ['a,b\n1,"x" y\n', /a quoted field ends in the middle of text in line 2/],
    ["", /is empty: it has no header and no rows/],
  ])("%j", async (text, reason) => {
    const error = await refusal("bad.csv", text);
    expect(error).toBeInstanceOf(FileFormatError);
    expect(error.message).toMatch(reason);
    expect(error.message).toContain("bad.csv");
  });

  it("bad lines may be left out", async () => {
    const text = "a,b\n1,2\n3\n4,5,6\n7,8\n";
    expect((await load("bad.csv", text, { onBadLines: "warn" })).slice()).toEqual([
      { a: 1, b: 2 },
      { a: 7, b: 8 },
    ]);
    expect((await load("bad.csv", text, { onBadLines: "skip", fillShortLines: true })).column("b")).toEqual([
      2,
      null,
      8,
    ]);
  });

  it("a quote that spans many lines ends the search for its other half", async () => {
    const text = `a,b\n1,"${"x,y\n".repeat(200_000)}`;
    expect((await refusal("bad.csv", text)).message).toContain("the quote that opens in line 2 is never closed");
    const huge = `a,b\n1,"${"x,y\n".repeat(6_000_000)}`;
    expect((await refusal("bad.csv", huge)).message).toContain("the quote that opens in line 2 is never closed");
  });

  it("a value that is not of the type asked for", async () => {
    const features = { n: new Value("int8") };
    expect((await refusal("a.csv", "n\n1\nx\n", { features })).message).toMatch(
      /a\.csv, line 3: column "n" holds the string "x", which is no whole number/,
    );
    expect((await refusal("a.csv", "n\n1\n300\n", { features })).message).toContain("outside the range -128 to 127");
    expect((await refusal("a.csv", "m\n1\n", { features })).message).toMatch(/has no column "n", which others or the/);
    expect((await refusal("a.csv", "n\n1\n", { features: { n: new List(new Value("int8")) } })).message).toContain(
      "a column of a CSV file holds single values",
    );
  });

  it("files with other columns than those before", async () => {
    const folder = await folderOf({ "a.csv": "x,y\n1,2\n", "b.csv": "x,z\n1,2\n" });
    await expect(loadDataset(`${folder}/*.csv`)).rejects.toThrow(/(a|b)\.csv has no column "[yz]", which others/);
  });

  it("whole numbers too large for a number stay texts", async () => {
    const dataset = await load("a.csv", "id\n12345678901234567890\n2\n");
    expect(dataset.column("id")).toEqual(["12345678901234567890", "2"]);
  });

  it("types are told from all rows of all files", async () => {
    const numbers = Array.from({ length: 12_000 }, (_, i) => i).join("\n");
    const folder = await folderOf({ "a.csv": `x\n${numbers}\n`, "b.csv": "x\nnot a number\n" });
    const dataset = await loadDataset(`${folder}/*.csv`, { split: "train" });
    expect(dataset.features.x).toEqual(new Value("string"));
    expect(dataset.at(0)).toEqual({ x: "0" });
    const late = (first: string, last: string) => load("late.csv", `n,x\n${`1,${first}\n`.repeat(11_000)}2,${last}\n`);
    for (const [first, last, dtype, values] of [
      ["007", "a", "string", ["007", "a"]],
      ["1", "2.5", "float64", [1, 2.5]],
      ["2.5", "1", "float64", [2.5, 1]],
      ["NA", "7", "int64", [null, 7]],
      ["true", "1", "string", ["true", "1"]],
      ["1", "12345678901234567890", "string", ["1", "12345678901234567890"]],
      ["1", "", "int64", [1, null]],
    ] as const) {
      const { features, length, ...dataset } = await late(first, last).then((of) => ({
        features: of.features as Record<string, unknown>,
        length: of.length,
        first: of.at(0).x,
        last: of.at(-1).x,
      }));
      expect([features.x, dataset.first, dataset.last, length]).toEqual([new Value(dtype), ...values, 11_001]);
    }
  });

  it("says which words were taken as missing in all rows, once", async () => {
    const lines: string[] = [];
    vi.spyOn(terminal, "writeLine").mockImplementation((line) => void lines.push(line));
    const path = join(
      await folderOf({ "a.csv": `t,n\n${"None,NA\n".repeat(3)}${"x,1\n".repeat(12_000)}NA,2\n` }),
      "a.csv",
    );
    await loadDataset(path, { split: "train" });
    vi.restoreAllMocks();
    expect(lines).toEqual([
      `attune: ${path}: in column "t", 4 texts such as NA, null or None were taken as missing values, as Python does; ` +
        "{ keepDefaultNa: false } keeps them as texts",
    ]);
  });

  it("numbers that mean a missing value, and signs of several bytes", async () => {
    const mended = await load("b.csv", "n¦t\n-1¦«a¦b«\n12¦«c««d§«e«\n999¦e§¦f\n", {
      delimiter: "¦",
      quoteChar: "«",
      escapeChar: "§",
      naValues: ["-1", "999"],
    });
    expect(mended.slice()).toEqual([
      { n: null, t: "a¦b" },
      { n: 12, t: "c«d«e" },
      { n: null, t: "e¦f" },
    ]);
  });

  it("text that is no UTF-8 is told by byte and line, wherever pieces of the file end", async () => {
    const before = Buffer.from(`t\n${"é\n".repeat(400_000)}`);
    const bad = Buffer.concat([before, Buffer.from([0xff, 0x0a])]);
    expect((await refusal("a.csv", bad)).message).toContain(`at byte ${before.length}, in line 400002`);
    expect((await refusal("a.csv", before.subarray(0, -2))).message).toContain("ends within a character");
    expect((await load("a.csv", before)).length).toBe(400_000);
  });
});

describe("damaged and unruly JSON", () => {
  it.each([
    ["bad.jsonl", '{"a": 1}\n{"a": 2\n{"a": 3}\n', /bad\.jsonl, line 2: /],
    ["bad.jsonl", '{"a": 1}\n[1, 2]\n', /line 2: a row is an object, not \[1,2\]/],
    ["bad.jsonl", '{"a": 12345678901234567890}\n', /line 1: the integer 12345678901234567890 is too large to be exact/],
    ["bad.json", '[{"a": 1},\n{"a": 2}', /line 2: the file ends before its array does: it is cut off/],
    ["bad.json", '[{"a": 1},\n{"a": 2', /line 2: the file ends within a value: it is cut off/],
    ["bad.json", '[{"a": 1}\n{"a": 2}]', /line 2: there is "\{" where a comma or \] should be/],
    ["bad.json", '[{"a": 1}]\n5', /line 2: there is "5" behind the end of the array/],
    ["bad.json", '[{"a": 1]}', /line 1: /],
    ["bad.json", "nonsense", /line 1: /],
  ])("%s: %j", async (name, text, reason) => {
    const error = await refusal(name, text);
    expect(error).toBeInstanceOf(FileFormatError);
    expect(error.message).toMatch(reason);
  });

  it("a column of two types names both and the line", async () => {
    const error = await refusal("bad.jsonl", '{"a": 1}\n{"a": "x"}\n');
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(
      /column "a" is Value\("string"\) at .*bad\.jsonl, line 2, but Value\("int64"\) before it: a column holds values of one/,
    );
    expect((await refusal("bad.jsonl", '{"a": [1, "x"]}\n')).message).toContain("a list of both");
    const text = await load("bad.jsonl", '{"a": 1}\n{"a": "x"}\n', { features: { a: new Value("string") } });
    expect(text.column("a")).toEqual(["1", "x"]);
  });

  it("a field that is not there, or holds no rows", async () => {
    expect((await refusal("a.json", '{"rows": [], "b": 1}', { field: "data" })).message).toContain(
      'has no field "data" at its top: it has rows, b',
    );
    expect((await refusal("a.json", '{"data": 5}', { field: "data" })).message).toContain("neither an array of rows");
    const columns = await load("a.json", '{"data": {"a": [1, 2], "b": ["x", "y"]}}', { field: "data" });
    expect(columns.column("b")).toEqual(["x", "y"]);
    expect((await refusal("a.json", '{"data": {"a": [1], "b": []}}', { field: "data" })).message).toContain(
      'column "b" has 0 values, "a" 1',
    );
  });

  it("empty files have no rows", async () => {
    expect((await load("a.jsonl", "\n\n")).length).toBe(0);
    expect((await load("a.json", "[]")).length).toBe(0);
  });
});

describe("damaged text", () => {
  it("invalid UTF-8 is named by byte and line, with the remedies", async () => {
    const bytes = Buffer.concat([Buffer.from("ok é\nbad "), Buffer.of(0xff), Buffer.from(" end\n")]);
    const error = await refusal("a.txt", bytes);
    expect(error).toBeInstanceOf(FileFormatError);
    expect(error.message).toMatch(/a\.txt is not UTF-8 at byte 10, in line 2: name its encoding.*encodingErrors/);
  });

  it.each([
    ["a lone continuation byte", [0x80]],
    ["an overlong form", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a code point that is none", [0xf4, 0x90, 0x80, 0x80]],
    ["a character cut off by another", [0xe2, 0x82, 0x41]],
  ])("%s", async (_, bad) => {
    const error = await refusal("a.jsonl", Buffer.from([0x22, ...bad, 0x22]));
    expect(error.message).toMatch(/is not UTF-8 (at byte 1, in line 1|from byte 0 on)/);
  });

  it("a file that ends within a character, a packed file that is cut off, a folder, and nothing", async () => {
    expect((await refusal("a.txt", Buffer.of(0x61, 0xe2, 0x82))).message).toContain("ends within a character");
    const packed = gzipSync("n\n1\n2\n");
    const cut = await refusal("a.csv.gz", packed.subarray(0, packed.length - 9));
    expect(cut).toBeInstanceOf(FileFormatError);
    expect(cut.message).toMatch(/a\.csv\.gz: .*cut off or damaged/);
    expect((await refusal("a.csv.gz", "n\n1\n")).message).toContain("cut off or damaged");
    const folder = await folderOf({ "a.csv/x": "" });
    await expect(loadDataset("csv", { dataFiles: join(folder, "a.csv") })).rejects.toThrow("is a folder");
    await expect(loadDataset("csv", { dataFiles: join(folder, "b.csv") })).rejects.toThrow("there is no file");
  });
});
