// The walks over bytes in C++ against those in TypeScript: files are read to the same rows, and refused for the same reasons.
import { join } from "node:path";
import fc from "fast-check";
import { snappyCompress } from "hyparquet-writer/src/snappy.js";
import { describe, expect, it, vi } from "vitest";
import { nativeAvailability } from "../../src/backends/native/index.js";
import { loadDataset } from "../../src/datasets/index.js";
import { decodeRuns } from "../../src/datasets/parquet/runs.js";
import { unpackSnappy } from "../../src/datasets/parquet/snappy.js";
import { type CsvDialect, csvRecords } from "../../src/datasets/readers/csv-records.js";
import { folderOf, parquet } from "../datasets/files.js";
import { runs } from "../runs.js";

const addon = vi.hoisted(() => ({ isUsed: true, uses: 0 }));
vi.mock("../../src/backends/native/bytes.js", async (importOriginal) => {
  const { byteRoutines } = await importOriginal<typeof import("../../src/backends/native/bytes.js")>();
  return {
    byteRoutines: () => {
      if (!addon.isUsed) return undefined;
      addon.uses++;
      return byteRoutines();
    },
  };
});
// Whatever is loaded twice is read twice.
vi.mock("../../src/datasets/cache/entries.js", async (importOriginal) => ({
  ...(await importOriginal<object>()),
  findEntry: () => Promise.resolve(undefined),
}));

/** What `read` gives, a value or the message of an error, with C++ and without. */
async function inBothWays(read: () => unknown): Promise<readonly [cpp: unknown, typescript: unknown]> {
  const attempt = async (isUsed: boolean): Promise<unknown> => {
    addon.isUsed = isUsed;
    try {
      return await read();
    } catch (error) {
      return (error as Error).message;
    } finally {
      addon.isUsed = true;
    }
  };
  return [await attempt(true), await attempt(false)];
}

async function expectSame(read: () => unknown): Promise<unknown> {
  const [cpp, typescript] = await inBothWays(read);
  expect(cpp).toEqual(typescript);
  return cpp;
}

/** Columns and features of a file. */
async function contents(file: string): Promise<unknown> {
  const { train } = await loadDataset(file);
  return { columns: train.columns(), features: train.features };
}

describe.skipIf(!nativeAvailability().available)("walks over bytes, in C++ and in TypeScript", () => {
  it("unpack what another implementation of Snappy packed, and refuse the same of it where it is damaged", async () => {
    const repetitive = fc.array(fc.oneof(fc.constantFrom("the quick ", "ab", "\0"), fc.string({ maxLength: 90 })), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(repetitive, fc.nat(), fc.nat(255), async (words, at, byte) => {
        const text = Buffer.from(words.join(""));
        const packed = Uint8Array.from(snappyCompress(text));
        const unpacked = (): Buffer => Buffer.from(unpackSnappy(packed, new Uint8Array(text.length)));
        const [cpp, typescript] = await inBothWays(unpacked);
        expect(cpp).toEqual(text);
        expect(typescript).toEqual(text);
        packed[at % packed.length] = byte;
        await expectSame(unpacked);
      }),
      { numRuns: runs(300) },
    );
  });

  it("take the same of Parquet's runs, of whatever bytes", async () => {
    const input = fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 32 }), fc.nat(60));
    await fc.assert(
      fc.asyncProperty(input, async ([bytes, width, count]) => {
        await expectSame(() => {
          const out = new Int32Array(count);
          decodeRuns(bytes, width, count, out);
          return Array.from(out);
        });
      }),
      { numRuns: runs(500) },
    );
  });

  it("read the same of Parquet files", async () => {
    const texts = fc.array(fc.option(fc.string({ unit: "binary", maxLength: 20 }), { freq: 5 }), {
      minLength: 1,
      maxLength: 50,
    });
    await fc.assert(
      fc.asyncProperty(texts, fc.boolean(), async (data, isCoded) => {
        const words = data.map((text) => (text === null ? null : "aé\u{1F600}z".slice(0, text.length % 5)));
        const encoding = isCoded ? "RLE_DICTIONARY" : "PLAIN";
        const bytes = parquet([
          { name: "text", data, type: "STRING", encoding },
          { name: "word", data: words, type: "STRING", encoding },
          {
            name: "long",
            data: data.map((text) => (text === null ? null : BigInt(text.length) - 3n)),
            type: "INT64",
            encoding,
          },
          { name: "real", data: data.map((text) => (text?.length ?? 0) / 7), type: "DOUBLE" },
        ]);
        const folder = await folderOf({ "data.parquet": bytes });
        const read = (await expectSame(() => contents(join(folder, "data.parquet")))) as { columns: { text: unknown } };
        expect(read.columns.text).toEqual(data);
      }),
      { numRuns: runs(40) },
    );
  });

  it("refuse the same integers and texts of a Parquet file", async () => {
    const folder = await folderOf({
      "long.parquet": parquet([{ name: "long", data: [null, 1n, 2n ** 53n], type: "INT64" }]),
      "text.parquet": parquet([{ name: "text", data: [[97], [0xc3], [0xa9]].map((bytes) => Uint8Array.from(bytes)) }], {
        schema: [
          { name: "root", num_children: 1 },
          { name: "text", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
        ],
      }),
    });
    expect(await expectSame(() => contents(join(folder, "long.parquet")))).toMatch(
      /integer 9007199254740992, too large.*row 2/,
    );
    expect(await expectSame(() => contents(join(folder, "text.parquet")))).toMatch(/text that is not UTF-8, at row 1/);
  });

  it("cut the same records out of texts that come in pieces", async () => {
    const signs = fc.array(fc.constantFrom(...'ab,,""\n\n\r;\\é'), { maxLength: 60 }).map((all) => all.join(""));
    const regular = fc
      .array(fc.tuple(fc.constantFrom("a", '"b,c"', '"d""e"', '"f\ng"', ""), fc.constantFrom("1", "2.5", '""')), {
        maxLength: 12,
      })
      .map((rows) => rows.map((row) => `${row.join(",")}\n`).join(""));
    const dialects = fc.constantFrom<CsvDialect>(
      {},
      { quoting: "none" },
      { delimiter: ";" },
      { escapeChar: "\\" },
      { quoteChar: "é" },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(signs, regular), fc.array(fc.nat(60)), dialects, async (text, cuts, dialect) => {
        const bytes = Buffer.from(text);
        const ends = [...cuts.filter((at) => at < bytes.length && (bytes[at] & 0xc0) !== 0x80), bytes.length].sort(
          (a, b) => a - b,
        );
        const records = async (isTogether: boolean): Promise<unknown> => {
          async function* pieces() {
            for (const [i, end] of ends.entries()) yield Uint8Array.from(bytes.subarray(ends[i - 1] ?? 0, end));
          }
          const found: string[][] = [];
          for await (const each of csvRecords("x.csv", pieces(), dialect)) {
            for (;;) {
              const run = isTogether ? each.run(2, 3) : undefined;
              if (run !== undefined) {
                const fields = Array.from({ length: 2 * run.count }, (_, i) =>
                  Buffer.from(run.bytes.subarray(run.spans[2 * i], run.spans[2 * i + 1])).toString(),
                );
                for (let i = 0; i < fields.length; i += 2) found.push(fields.slice(i, i + 2));
              } else if (each.next()) found.push(Array.from({ length: each.count }, (_, i) => each.text(i)));
              else break;
            }
          }
          return found;
        };
        const alone = await records(false).catch((error: Error) => error.message);
        expect(await records(true).catch((error: Error) => error.message)).toEqual(alone);
      }),
      { numRuns: runs(1000) },
    );
  });

  it("read the same columns of CSV files", async () => {
    const number = fc.oneof(
      fc.double().map(String),
      fc.maxSafeInteger().map(String),
      fc.tuple(fc.nat(99999), fc.nat(9999)).map(([whole, part]) => `${whole}.${part}`),
      fc.constantFrom("007", "+5", " 6 ", "-0", "-0.0", "5.", ".5", "1e3", "NA", "", "-", ".", "nan", "1.#IND"),
    );
    const text = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 12 }),
      fc.constantFrom("NA", "null", "", "None", "N/A!"),
    );
    const rows = fc.array(fc.tuple(fc.integer().map(String), number, text, fc.constantFrom("true", "False", "")), {
      maxLength: 40,
    });
    const quoted = (field: string): string => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
    await fc.assert(
      fc.asyncProperty(rows, fc.nat(2200), async (few, more) => {
        const lines = [...few, ...Array.from({ length: more }, (_, i) => [`${i}`, `${i}.5`, `text ${i}`, "true"])];
        const csv = ["id,number,text,flag", ...lines.map((line) => line.map(quoted).join(","))].join("\n");
        const folder = await folderOf({ "data.csv": csv });
        await expectSame(() => contents(join(folder, "data.csv")));
      }),
      { numRuns: runs(40) },
    );
  });

  it("read the same of a file of many columns, of which fewer rows are cut together", async () => {
    const names = Array.from({ length: 1500 }, (_, i) => `c${i}`);
    const rows = Array.from({ length: 1100 }, (_, row) =>
      names.map((_, i) => (i % 3 === 0 ? `t${row}` : row * i)).join(),
    );
    const file = join(await folderOf({ "wide.csv": [names.join(), ...rows].join("\n") }), "wide.csv");
    const last = async (): Promise<unknown> => (await loadDataset(file)).train.slice(1098);
    expect(await expectSame(last)).toHaveLength(2);
  }, 60_000);

  it("are asked at all", async () => {
    const folder = await folderOf({
      "a.csv": "a,b\n1,x\n",
      "a.parquet": parquet([{ name: "a", data: ["x"], type: "STRING" }]),
    });
    for (const name of ["a.csv", "a.parquet"]) {
      addon.uses = 0;
      await contents(join(folder, name));
      expect(addon.uses, name).toBeGreaterThan(0);
    }
  });
});
