// Rows that are read without JSON.parse are read as it reads them.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RowShape } from "../../src/runs/row-shape.js";

const key = fc.oneof(fc.constantFrom("loss", "1", 'a":1,"b', "\\", "é", "__x"), fc.string({ maxLength: 6 }));
const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
  fc.tuple(fc.bigInt(-(10n ** 20n), 10n ** 20n), fc.integer({ min: -40, max: 40 })).map(([m, e]) => `${m}e${e}`),
  fc.stringMatching(/^-?[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{0,3})?$/), // some are no JSON
  fc.constantFrom("-0", "0.1e1", "1e400", "5e-324", "01", "-", "null", '"NaN"', "true", "9007199254740993", "1.E5"),
);

const lineOf = (keys: readonly string[], values: readonly string[], cut: number) => {
  const pairs = keys.map((name, i) => `${JSON.stringify(name)}:${values[i + 4]}`);
  const place = `"time":${values[0]},"step":${values[1]},"epoch":${values[2]},"tokens":${values[3]}`;
  return `{"event":"log",${place},"values":{${pairs.slice(0, cut)}},"figures":{${pairs.slice(cut)}}}`;
};

/** What JSON.parse says of a line; undefined where it says that it is none. */
function parsed(text: string): number[] | undefined {
  try {
    const { time, step, epoch, tokens, values, figures } = JSON.parse(text) as Record<string, unknown>;
    const all = [time, step, epoch, tokens, ...Object.values(values as object), ...Object.values(figures as object)];
    return all.every((each) => typeof each === "number") ? all : undefined;
  } catch {
    return undefined;
  }
}

describe("the shape of rows", () => {
  it("reads a row like the first as JSON.parse does, or not at all", () => {
    let read = 0;
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { maxLength: 5 }),
        fc.array(value, { minLength: 9, maxLength: 9 }),
        fc.nat(5),
        (keys, values, cut) => {
          const shape = RowShape.of(lineOf(keys, Array(9).fill("1"), cut));
          if (!shape) return; // such keys are left to JSON.parse
          const text = lineOf(keys, values, cut);
          const bytes = Buffer.from(`${text}\n`);
          if (shape.read(bytes, 0, bytes.length) < 0) return;
          read++;
          const { time, step, epoch, tokens } = shape;
          const found = [time, step, epoch, tokens, ...shape.keys.map((_, i) => shape.value(i))];
          expect(found).toEqual(parsed(text));
        },
      ),
      { numRuns: 5000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  it("reads what our logs hold, and nothing else", () => {
    const line = lineOf(["loss", "memory"], ["1767225600100", "7", "0.25", "800", "0.8472761052793166", "-4.99e-5"], 1);
    const shape = RowShape.of(line) ?? expect.fail("no shape");
    const read = (text: string) => shape.read(Buffer.from(text), 0, Buffer.byteLength(text));
    expect(read(`${line}\n`)).toBe(line.length);
    expect([shape.step, shape.value(0), shape.value(1)]).toEqual([7, 0.8472761052793166, -4.99e-5]);
    for (let length = 0; length < line.length; length++) expect(read(line.slice(0, length))).toBe(-1);
    for (const other of [
      line.replace("loss", "less"),
      line.replace('"step":7', '"step":07'),
      line.replace("7,", '"7",'),
    ])
      expect(read(other)).toBe(-1);
    expect(RowShape.of('{"event":"start","time":1}')).toBeUndefined();
    expect(RowShape.of(line.replace("0.25", '"NaN"'))).toBeUndefined();
    expect(RowShape.of(line.replace('"step":7', '"step":7,"more":{"deep":1}'))).toBeUndefined();
  });
});
