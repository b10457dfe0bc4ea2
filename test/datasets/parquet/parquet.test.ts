import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import type { SchemaElement } from "hyparquet";
import { describe, expect, it } from "vitest";
import { ClassLabel, type Dataset, List, loadDataset, Value } from "../../../src/datasets/index.js";
import { AttuneError, DataError, FileFormatError } from "../../../src/support/errors.js";
import { runs } from "../../runs.js";
import { describeShared, sharedPath } from "../../shared.js";
import { folderOf, huggingface, parquet, reviews } from "../files.js";

async function load(bytes: Uint8Array): Promise<Dataset> {
  const folder = await folderOf({ "data.parquet": bytes });
  return (await loadDataset(join(folder, "data.parquet"))).train;
}

/** The error that loading these bytes gives. */
async function refusal(bytes: Uint8Array): Promise<Error> {
  const error: unknown = await load(bytes).then(
    () => new Error("it was read"),
    (reason) => reason,
  );
  return error as Error;
}

describe("reading Parquet", () => {
  it("gives values and types as they were written", async () => {
    const dataset = await load(
      parquet(
        [
          { name: "text", data: ["a", "é\u{1F600}", null, ""], type: "STRING" },
          { name: "int", data: [1, -2, 3, 2147483647], type: "INT32" },
          { name: "long", data: [1n, null, -(2n ** 53n) + 1n, 2n ** 53n - 1n], type: "INT64" },
          { name: "float", data: new Float32Array([0.1, -0, 1e30, Number.NaN]), type: "FLOAT" },
          { name: "double", data: [0.1, null, 1e300, Number.NEGATIVE_INFINITY], type: "DOUBLE" },
          { name: "flag", data: [true, false, null, true], type: "BOOLEAN" },
          {
            name: "bytes",
            data: [new Uint8Array([255, 0]), new Uint8Array(), null, new Uint8Array([1])],
            type: "BYTE_ARRAY",
          },
        ],
        { rowGroupSize: 3 },
      ),
    );
    expect(dataset.columns()).toEqual({
      text: ["a", "é\u{1F600}", null, ""],
      int: [1, -2, 3, 2147483647],
      long: [1, null, -(2 ** 53) + 1, 2 ** 53 - 1],
      float: [Math.fround(0.1), -0, Math.fround(1e30), Number.NaN],
      double: [0.1, null, 1e300, Number.NEGATIVE_INFINITY],
      flag: [true, false, null, true],
      bytes: [new Uint8Array([255, 0]), new Uint8Array(), null, new Uint8Array([1])],
    });
    expect(dataset.features).toEqual({
      text: new Value("string"),
      int: new Value("int32"),
      long: new Value("int64"),
      float: new Value("float32"),
      double: new Value("float64"),
      flag: new Value("bool"),
      bytes: new Value("binary"),
    });
  });

  it("gives lists and structs", async () => {
    const group = (name: string, num_children: number, rest: Partial<SchemaElement> = {}): SchemaElement => ({
      name,
      num_children,
      repetition_type: "OPTIONAL",
      ...rest,
    });
    const dataset = await load(
      parquet(
        [
          { name: "ids", data: [[1n, 2n], [], [3n, null]] },
          {
            name: "answer",
            data: [
              { text: "x", start: 4 },
              { text: null, start: 5 },
              { text: "z", start: 6 },
            ],
          },
        ],
        {
          schema: [
            { name: "root", num_children: 2 },
            group("ids", 1, { converted_type: "LIST" }),
            group("list", 1, { repetition_type: "REPEATED" }),
            { name: "element", type: "INT64", repetition_type: "OPTIONAL" },
            group("answer", 2),
            { name: "text", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
            { name: "start", type: "INT32", repetition_type: "REQUIRED" },
          ],
        },
      ),
    );
    expect(dataset.column("ids")).toEqual([[1, 2], [], [3, null]]);
    expect(dataset.at(1).answer).toEqual({ text: null, start: 5 });
    expect(dataset.features).toEqual({
      ids: new List(new Value("int64")),
      answer: { text: new Value("string"), start: new Value("int32") },
    });
  });

  it("takes features from the Hub's metadata", async () => {
    const features = {
      text: { dtype: "string", _type: "Value" },
      label: { names: ["bad", "good"], _type: "ClassLabel" },
    };
    const columns = [
      { name: "text", data: ["a", "b", "c"], type: "STRING" as const },
      { name: "label", data: [1n, -1n, null], type: "INT64" as const },
    ];
    const dataset = await load(parquet(columns, huggingface(features)));
    expect(dataset.features).toEqual({ text: new Value("string"), label: new ClassLabel({ names: ["bad", "good"] }) });
    expect(dataset.column("label")).toEqual([1, -1, null]); // -1 is a label that is not known
  });

  it.each([
    ["GZIP", gzipSync],
    ["BROTLI", brotliCompressSync],
  ] as const)("reads pages compressed with %s", async (codec, compress) => {
    const texts = Array.from({ length: 500 }, (_, i) => `text ${i % 7}`);
    const compressors = { [codec]: (bytes: Uint8Array) => new Uint8Array(compress(bytes)) };
    const dataset = await load(parquet([{ name: "text", data: texts, type: "STRING" }], { codec, compressors }));
    expect(dataset.column("text")).toEqual(texts);
  });

  it("returns whatever another implementation wrote", async () => {
    const row = fc.record({
      text: fc.option(fc.string({ unit: "binary" })),
      long: fc.option(fc.maxSafeInteger()),
      double: fc.option(fc.double()),
      flag: fc.option(fc.boolean()),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        async (rows, rowGroupSize) => {
          const dataset = await load(
            parquet(
              [
                { name: "text", data: rows.map(({ text }) => text), type: "STRING", nullable: true },
                {
                  name: "long",
                  data: rows.map(({ long }) => (long === null ? null : BigInt(long))),
                  type: "INT64",
                  nullable: true,
                },
                { name: "double", data: rows.map(({ double }) => double), type: "DOUBLE", nullable: true },
                { name: "flag", data: rows.map(({ flag }) => flag), type: "BOOLEAN", nullable: true },
              ],
              { rowGroupSize, pageSize: 100 },
            ),
          );
          expect(dataset.slice()).toEqual(rows);
        },
      ),
      { numRuns: runs(40) },
    );
  });
});

describe("what is wrong with a Parquet file is said with its name", () => {
  it("a file that ends too early, wherever it is cut", async () => {
    const bytes = reviews(300);
    for (const length of [0, 3, 11, 100, bytes.length >> 1, bytes.length - 300, bytes.length - 9, bytes.length - 1]) {
      const error = await refusal(bytes.subarray(0, length));
      expect(error).toBeInstanceOf(FileFormatError);
      expect(error.message).toMatch(/cannot read .*data\.parquet.* as Parquet: .*fetch or write it again/s);
    }
  });

  it("a file with a hole: zeros where data was", async () => {
    const bytes = reviews(3000);
    bytes.fill(0, 2000, 3000);
    const error = await refusal(bytes);
    expect(error).toBeInstanceOf(FileFormatError);
    expect(error.message).toContain('data.parquet (column "text")');
  });

  it("any damage ends in a named error or in rows, never in another error or in circles", async () => {
    const sound = [
      reviews(150),
      parquet([{ name: "x", data: Array.from({ length: 200 }, (_, i) => i % 9), type: "INT32" }], {
        codec: "UNCOMPRESSED",
      }),
    ];
    const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(255)), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...sound), damage, async (file, changes) => {
        const bytes = file.slice();
        for (const [share, value] of changes) bytes[Math.floor(share * bytes.length)] = value;
        const error = await load(bytes).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(AttuneError);
      }),
      { numRuns: runs(200) },
    );
  });

  it("a file that is not Parquet", async () => {
    expect((await refusal(new TextEncoder().encode("text,label\nhello,1\n"))).message).toContain("data.parquet");
  });

  it("a number that is not exact in JavaScript, with its row", async () => {
    const error = await refusal(parquet([{ name: "id", data: [1n, 2n ** 53n], type: "INT64" }]));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(/data\.parquet: column "id" holds the integer 9007199254740992, .* at row 1$/);
  });

  it("a list of nothing, which a damaged schema may have", async () => {
    const x: SchemaElement = { name: "x", type: "INT32", converted_type: "LIST", repetition_type: "REQUIRED" };
    const schema = [{ name: "root", num_children: 1 }, x];
    const error = await refusal(parquet([{ name: "x", data: [1, 2] }], { schema }));
    expect(error).toBeInstanceOf(FileFormatError);
    expect(error.message).toContain('column "x" is of a type that is not supported');
  });

  it("a label outside its classes, with its row", async () => {
    const metadata = huggingface({ label: { names: ["no", "yes"], _type: "ClassLabel" } });
    const error = await refusal(
      parquet([{ name: "label", data: [0n, 1n, 2n], type: "INT64" }], { ...metadata, rowGroupSize: 2 }),
    );
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain('column "label" holds the label 2, outside its 2 classes at row 2');
  });

  it("text that is not UTF-8, with its row", async () => {
    const text: SchemaElement = {
      name: "text",
      type: "BYTE_ARRAY",
      converted_type: "UTF8",
      repetition_type: "OPTIONAL",
    };
    const data = [[0x61], null, [0xc3, 0xa9], [0x61, 0xff]].map((bytes) => bytes && Uint8Array.from(bytes));
    const bytes = parquet([{ name: "text", data }], { schema: [{ name: "root", num_children: 1 }, text] });
    const error = await refusal(bytes);
    expect(error).toBeInstanceOf(FileFormatError);
    expect(error.message).toContain('data.parquet (column "text") as Parquet: text that is not UTF-8, at row 3');
  });

  it("text that is not UTF-8 within a list", async () => {
    const list = { name: "words", num_children: 1, converted_type: "LIST", repetition_type: "OPTIONAL" } as const;
    const repeated = { name: "list", num_children: 1, repetition_type: "REPEATED" } as const;
    const word = { name: "element", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" } as const;
    const data = [[Uint8Array.of(0x61)], [Uint8Array.of(0x61, 0xff)]];
    const schema = [{ name: "root", num_children: 1 }, list, repeated, word];
    const error = await refusal(parquet([{ name: "words", data }], { schema }));
    expect(error).toBeInstanceOf(FileFormatError);
    expect(error.message).toContain('data.parquet (column "words") as Parquet: text that is not UTF-8');
  });

  it("an integer beyond its declared type, with its row", async () => {
    const columns = [{ name: "n", data: [1, 300], type: "INT32" as const }];
    const error = await refusal(parquet(columns, huggingface({ n: { dtype: "int8", _type: "Value" } })));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain('column "n" holds the integer 300, which Value("int8") cannot hold at row 1');
  });

  it("metadata that does not describe the columns", async () => {
    const columns = [{ name: "text", data: ["a"], type: "STRING" as const }];
    const wrong = await refusal(parquet(columns, huggingface({ text: { dtype: "int64", _type: "Value" } })));
    expect(wrong).toBeInstanceOf(FileFormatError);
    expect(wrong.message).toContain('column "text" is Value("int64"), but the file holds Value("string")');
    const missing = await refusal(parquet(columns, huggingface({ texts: { dtype: "string", _type: "Value" } })));
    expect(missing.message).toContain('has no column "texts", which its own metadata names: it has "text"');
    const broken = await refusal(parquet(columns, { kvMetadata: [{ key: "huggingface", value: "{" }] }));
    expect(broken.message).toContain('data.parquet: its metadata "huggingface" cannot be read');
  });
});

describeShared("a real file that ends too early", () => {
  it("is named", async () => {
    const file = readFileSync(sharedPath("hub/datasets/nyu-mll/glue/mrpc/train-00000-of-00001.parquet"));
    const error = await refusal(file.subarray(0, 400_000));
    expect(error).toBeInstanceOf(FileFormatError);
    expect(error.message).toContain("data.parquet");
  });
});
