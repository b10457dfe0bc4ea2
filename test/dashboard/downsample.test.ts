// Points for charts: few as they are, many in buckets that keep every extreme; smoothing as pandas has it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { downsample, type Points } from "../../src/dashboard/downsample.js";
import { smooth } from "../../src/dashboard/smooth.js";

function line(values: readonly number[], places: readonly number[] = [...values.keys()]): Points {
  return { x: Float64Array.from(places), y: Float64Array.from(values) };
}

describe("downsampling", () => {
  it("leaves few points as they are, on one axis", () => {
    const { x, lines } = downsample([line([1, 2, 3]), line([7, 8], [1, 5])], 0, 10, 100);
    expect(x).toEqual([0, 1, 2, 5]);
    expect(lines).toEqual([
      [1, 2, 3, null],
      [null, 7, null, 8],
    ]);
  });

  it("gives the part that is asked for, and a point beyond each end", () => {
    const many = line(Array.from({ length: 50 }, (_, i) => i));
    expect(downsample([many], 10.5, 12.5, 100).x).toEqual([10, 11, 12, 13]);
    expect(downsample([many], 100, 200, 100).x).toEqual([49]);
    expect(downsample([line([])], 0, 1, 100)).toEqual({ x: [], lines: [[]] });
  });

  it("keeps a spike among a hundred thousand points at its place, and the ends", () => {
    const values = Array.from({ length: 100_000 }, (_, i) => Math.sin(i / 5000));
    values[61_803] = 1e6;
    values[12_345] = -1e6;
    const { x, lines } = downsample([line(values)], 0, 99_999, 500);
    expect(x.length).toBeLessThanOrEqual(1004);
    const at = (value: number) => x[lines[0].indexOf(value)];
    expect(Math.abs(at(1e6) - 61_803)).toBeLessThanOrEqual(200); // a bucket
    expect(Math.abs(at(-1e6) - 12_345)).toBeLessThanOrEqual(200);
  });

  it("has for each bucket the extremes of each line, and nothing that is not a value of it", () => {
    const value = fc.oneof(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.constantFrom(Number.NaN, Infinity, -Infinity),
    );
    fc.assert(
      fc.property(
        fc.array(fc.array(value, { minLength: 0, maxLength: 400 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 3, max: 20 }),
        (all, buckets) => {
          const length = Math.max(...all.map((values) => values.length), 2);
          const { x, lines } = downsample(
            all.map((values) => line(values)),
            0,
            length - 1,
            buckets,
          );
          expect(x).toEqual(x.toSorted((a, b) => a - b));
          for (const [l, values] of all.entries()) {
            const finite = values.filter(Number.isFinite);
            const given = lines[l].filter((each) => each !== null);
            expect(given.every((each) => finite.includes(each))).toBe(true);
            if (finite.length === 0) continue;
            expect(Math.max(...given)).toBe(Math.max(...finite));
            expect(Math.min(...given)).toBe(Math.min(...finite));
          }
        },
      ),
    );
  });

  it("does not fail at places that nobody knows", () => {
    expect(downsample([line([1, 2, 3], [Number.NaN, Number.NaN, Number.NaN])], 0, 1, 10).x).toEqual([]);
  });
});

describe("smoothing", () => {
  it("is pandas' ewm(alpha=0.4, adjust=True).mean()", () => {
    const smoothed = smooth(Float64Array.of(1, 2, 4, 8, 0, -3.5), 0.6);
    const pandas = [1.0, 1.625, 2.8367346938775513, 5.209558823529411, 2.950034698126301, 0.24375671321160014];
    for (const [i, value] of pandas.entries()) expect(Math.abs(smoothed[i] - value)).toBeLessThanOrEqual(1e-12);
  });

  it("passes over what is no number", () => {
    expect(
      Array.from(smooth(Float64Array.of(2, Number.NaN, 2), 0.9)).map((value) => Number(value.toFixed(12))),
    ).toEqual([2, Number.NaN, 2]);
  });
});
