// What the encoders and the writer make, read back by another implementation (Flechette) and by our own reader.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tableFromIPC } from "@uwdata/flechette";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encoderOf } from "../../../src/datasets/arrow/encoder.js";
import { fieldOf } from "../../../src/datasets/arrow/features.js";
import { fromFloat16, toFloat16 } from "../../../src/datasets/arrow/float16.js";
import { valueReader } from "../../../src/datasets/arrow/values.js";
import { type ArrowFormat, arrowBytes } from "../../../src/datasets/arrow/writer.js";
import { openArrowTable } from "../../../src/datasets/arrow-table.js";
import { Dataset, type Feature, List, Value } from "../../../src/datasets/index.js";
import { runs } from "../../runs.js";
import { folderOf } from "../files.js";
import { kinds } from "../kinds.js";

function encode(feature: Feature, values: readonly unknown[]) {
  const encoder = encoderOf(fieldOf("x", feature));
  for (const value of values) encoder.append(value);
  return encoder.finish();
}

function decode(array: ReturnType<typeof encode>): unknown[] {
  const reader = valueReader(array, (reason) => {
    throw new Error(reason);
  });
  return Array.from({ length: array.length }, (_, i) => reader.get(i));
}

describe("an encoder", () => {
  it.each(Object.keys(kinds))("%s: gives back what was put in, also from copied ranges", (kind) => {
    const [feature, value] = kinds[kind];
    fc.assert(
      fc.property(fc.array(fc.option(value)), fc.nat(), fc.nat(), (values, a, b) => {
        const array = encode(feature, values);
        expect(decode(array)).toEqual(values);
        const [start, end] = [a % (values.length + 1), b % (values.length + 1)].sort((x, y) => x - y);
        const copy = encoderOf(array.field);
        copy.append(null);
        copy.appendRange(array, start, end);
        copy.append(values[0]);
        copy.appendRange(array, 0, values.length);
        expect(decode(copy.finish())).toEqual([null, ...values.slice(start, end), values[0] ?? null, ...values]);
        expect(copy.length).toBe(0);
      }),
      { numRuns: runs(60) },
    );
  });

  it("typed arrays come back as such, in lists at any depth, where all of a column's are typed", () => {
    const rows = [
      { ids: Int32Array.of(1, 2), nested: [{ spans: [Float32Array.of(0.5)] }], mixed: Int32Array.of(1), plain: [1] },
      { ids: null, nested: [{ spans: [Float32Array.of(), Float32Array.of(2)] }], mixed: [2], plain: [] },
      { ids: Int32Array.of(), nested: [], mixed: null, plain: null },
    ];
    const { features, ...dataset } = {
      features: Dataset.fromRows(rows).features,
      read: Dataset.fromRows(rows).slice(),
    };
    expect(dataset.read).toEqual(
      [rows[0], rows[1], rows[2]].map((row) => ({ ...row, mixed: row.mixed && [...row.mixed] })),
    );
    expect(features.ids).toEqual(new List(new Value("int32")));
    expect(features.mixed).toEqual(new List(new Value("int64")));
  });

  it("float16 is the nearest of its numbers, for all of them and between", () => {
    for (let bits = 0; bits < 2 ** 16; bits++) {
      const value = fromFloat16(bits);
      if (Number.isNaN(value)) expect(fromFloat16(toFloat16(value))).toBeNaN();
      else expect(toFloat16(value)).toBe(bits);
    }
    expect(fromFloat16(toFloat16(1 + 2 ** -11))).toBe(1); // halfway, to even
    expect(fromFloat16(toFloat16(1 + 2 ** -11 + 2 ** -20))).toBe(1 + 2 ** -10);
    expect(fromFloat16(toFloat16(65519))).toBe(65504);
    expect(fromFloat16(toFloat16(65520))).toBe(Number.POSITIVE_INFINITY);
  });
});

describe.each<ArrowFormat>(["stream", "file"])("the %s format", (format) => {
  /** Kinds that Flechette reads to the same JavaScript values. */
  const shared = Object.keys(kinds).filter(
    (kind) => !/uint64|int64|decimal|date|time|null|fixed|list|struct|json|array/.test(kind),
  );

  it("is read by another implementation, and by ours", async () => {
    const folder = await folderOf({});
    const path = join(folder, "x.arrow");
    const row = fc.record(
      Object.fromEntries(Object.entries(kinds).map(([kind, [, value]]) => [kind, fc.option(value)])),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { maxLength: 20 }), { maxLength: 3 }), async (batches) => {
        const fields = Object.entries(kinds).map(([kind, [feature]]) => fieldOf(kind, feature));
        const pieces = arrowBytes(
          { fields, metadata: new Map([["answer", "42"]]) },
          batches.map((rows) => ({
            length: rows.length,
            columns: fields.map((field) => {
              const encoder = encoderOf(field);
              for (const each of rows) encoder.append(each[field.name]);
              return encoder.finish();
            }),
          })),
          format,
        );
        const file = Buffer.concat([...pieces]);
        await writeFile(path, file);
        const rows = batches.flat();
        const ours = openArrowTable([path]);
        for (const kind of Object.keys(kinds)) {
          const column = ours.columns.get(kind);
          expect(column?.range(0, ours.length)).toEqual(rows.map((each) => each[kind]));
          expect(column?.feature).toEqual(kinds[kind][0]);
        }
        const theirs = tableFromIPC(new Uint8Array(file));
        expect(theirs.numRows).toBe(rows.length);
        expect(theirs.schema.metadata?.get("answer")).toBe("42");
        for (const kind of shared) {
          expect(Array.from(theirs.getChild(kind)?.toArray() ?? [])).toEqual(rows.map((each) => each[kind]));
        }
        const structs = theirs.getChild("structs")?.toArray() ?? [];
        expect(Array.from(structs, (list) => list?.length ?? null)).toEqual(
          rows.map((each) => (each.structs as unknown[] | null)?.length ?? null),
        );
      }),
      { numRuns: runs(25) },
    );
  });
});

it.each(["string", "string_view", "binary"])("refuses to store what is neither text nor bytes as %s", (dtype) => {
  const wanted = dtype === "binary" ? "bytes" : "text";
  const encoder = encoderOf(fieldOf("notes", new List(new Value(dtype))));
  const refused = `"item" is given { x: 1 }, where ${wanted} is needed`;
  expect(() => encoder.append([{ x: 1 }])).toThrow(refused);
});
