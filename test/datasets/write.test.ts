// toCsv and toJson: what is written, and that it comes back.
import { existsSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClassLabel, Dataset, List, loadDataset, Value } from "../../src/datasets/index.js";
import { csvRecords } from "../../src/datasets/readers/csv-records.js";
import { jsonValues } from "../../src/datasets/readers/json-values.js";
import { AttuneError, ConfigError } from "../../src/support/errors.js";
import { runs } from "../runs.js";
import { folderOf } from "./files.js";

const rows = Dataset.fromRows(
  [
    { text: 'a, "b"\nc', n: 1, x: 0.5, ok: true, label: 1, when: new Date("2020-01-02T03:04:05.678Z"), list: [1, 2] },
    { text: "", n: -2, x: 2, ok: false, label: 0, when: new Date(0), list: [] },
    { text: null, n: null, x: Number.NaN, ok: null, label: -1, when: null, list: null },
  ],
  { features: { label: new ClassLabel({ names: ["no", "yes"] }) } as never },
);

describe("toCsv", () => {
  it("writes what pandas writes, lists as JSON", async () => {
    const path = join(await folderOf({}), "a.csv");
    await rows.toCsv(path);
    expect(readFileSync(path, "utf8")).toBe(
      "text,n,x,ok,label,when,list\n" +
        '"a, ""b""\nc",1,0.5,True,1,2020-01-02 03:04:05.678,"[1,2]"\n' +
        ",-2,2.0,False,0,1970-01-01 00:00:00.000,[]\n" +
        ",,nan,,-1,,\n",
    );
  });

  it("takes another delimiter, no header, a word for what is missing, and packs", async () => {
    const folder = await folderOf({});
    await rows.selectColumns(["n", "ok"]).toCsv(join(folder, "a.tsv.gz"), { header: false, naRep: "NA", batchSize: 1 });
    expect(gunzipSync(readFileSync(join(folder, "a.tsv.gz"))).toString()).toBe("1\tTrue\n-2\tFalse\nNA\tNA\n");
    await expect(rows.toCsv(join(folder, "b.csv"), { delimiter: "::" })).rejects.toThrow(ConfigError);
    await expect(rows.toCsv(join(folder, "b.csv"), { batchSize: 0 })).rejects.toThrow(ConfigError);
    expect(existsSync(join(folder, "b.csv"))).toBe(false);
  });

  it("leaves nothing where the folder is not there", async () => {
    const folder = await folderOf({});
    await expect(rows.toCsv(join(folder, "no", "a.csv"))).rejects.toThrow(AttuneError);
    expect(await readdir(folder)).toEqual([]);
  });

  // but for -0, which a column of numbers without a fraction does not keep
  it("property: any texts and numbers come back, in any dialect", async () => {
    const folder = await folderOf({});
    const text = fc.string({ unit: "binary", maxLength: 12 }).filter((each) => each.isWellFormed());
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ a: text, b: fc.integer(), c: fc.double({ noNaN: true }).map((x) => x + 0) }), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.constantFrom(",", "\t", ";", "|"),
        async (given, delimiter) => {
          const path = join(folder, "p.csv");
          const features = { a: new Value("string"), b: new Value("int64"), c: new Value("float64") };
          const dataset = Dataset.fromRows(given, { features });
          await dataset.toCsv(path, { delimiter });
          const options = { delimiter, features, keepDefaultNa: false, split: "train" } as const;
          expect((await loadDataset(path, options)).slice()).toEqual(given);
        },
      ),
      { numRuns: runs(50) },
    );
  });

  it("property: records do not depend on where the text is cut into pieces", async () => {
    const field = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", "é"), maxLength: 5 });
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(field, { minLength: 2, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.integer({ min: 1, max: 7 }),
        async (records, lineEnd, size) => {
          const text = records.map((fields) => fields.map(quoted).join(",")).join(lineEnd);
          const bytes = Buffer.from(text);
          const pieces = (async function* () {
            for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
          })();
          const read: (readonly string[])[] = [];
          for await (const some of csvRecords("p.csv", pieces, {})) {
            while (some.next()) read.push(Array.from({ length: some.count }, (_, i) => some.text(i)));
          }
          expect(read).toEqual(records);
        },
      ),
      { numRuns: runs(300) },
    );
  });
});

describe("toJson", () => {
  it("writes a line a row, or one array", async () => {
    const folder = await folderOf({});
    const two = rows.selectColumns(["text", "x", "when", "list"]).take(2);
    await two.toJson(join(folder, "a.jsonl"));
    expect(readFileSync(join(folder, "a.jsonl"), "utf8")).toBe(
      '{"text":"a, \\"b\\"\\nc","x":0.5,"when":"2020-01-02T03:04:05.678Z","list":[1,2]}\n' +
        '{"text":"","x":2,"when":"1970-01-01T00:00:00.000Z","list":[]}\n',
    );
    await two.toJson(join(folder, "a.json"), { lines: false, batchSize: 1 });
    expect(JSON.parse(readFileSync(join(folder, "a.json"), "utf8"))).toEqual(JSON.parse(JSON.stringify(two.slice())));
    await two.take(0).toJson(join(folder, "empty.json"), { lines: false });
    expect(JSON.parse(readFileSync(join(folder, "empty.json"), "utf8"))).toEqual([]);
    await rows.selectColumns("x").toJson(join(folder, "nan.jsonl.gz"));
    expect(
      gunzipSync(readFileSync(join(folder, "nan.jsonl.gz")))
        .toString()
        .trim()
        .split("\n")
        .at(-1),
    ).toBe('{"x":null}');
    const bytes = Dataset.fromColumns({ b: [Uint8Array.of(1, 2)], i: [Int32Array.from([3])] });
    await bytes
      .cast({ b: new List(new Value("uint8")), i: new List(new Value("int32")) })
      .toJson(join(folder, "bytes.jsonl"));
    expect(JSON.parse(readFileSync(join(folder, "bytes.jsonl"), "utf8")).i).toEqual([3]);
  });

  it("property: nested values come back", async () => {
    const folder = await folderOf({});
    const text = fc.string({ unit: "binary", maxLength: 8 }).filter((each) => each.isWellFormed());
    const row = fc.record({
      a: text,
      b: fc.option(fc.integer()),
      c: fc.array(fc.record({ d: text, e: fc.boolean() }), { maxLength: 3 }),
      f: fc.record({ g: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0.1)) }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 6 }), fc.boolean(), async (given, lines) => {
        const path = join(folder, lines ? "p.jsonl" : "p.json");
        await Dataset.fromRows(given).toJson(path, { lines });
        expect((await loadDataset(path, { split: "train" })).slice()).toEqual(given);
      }),
      { numRuns: runs(50) },
    );
  });

  it("property: values do not depend on where the text is cut, nor on blanks between them", async () => {
    const blanks = fc.string({ unit: fc.constantFrom(" ", "\n", "\t", "\r"), maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 2 })), { maxLength: 4 }),
        fc.boolean(),
        blanks,
        fc.integer({ min: 1, max: 7 }),
        async (values, isArray, blank, size) => {
          const joined = values
            .map((value) => JSON.stringify(value))
            .join(isArray ? `${blank},${blank}` : `\n${blank}`);
          const text = isArray ? `${blank}[${blank}${joined}${blank}]${blank}` : joined;
          const pieces = (async function* () {
            for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
          })();
          const read: unknown[] = [];
          for await (const { value } of jsonValues("p.json", pieces)) read.push(value);
          expect(read).toEqual(JSON.parse(JSON.stringify(values)));
        },
      ),
      { numRuns: runs(300) },
    );
  });
});
