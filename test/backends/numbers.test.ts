import { describe, expect, it } from "vitest";
import { erf, erfc, normalCdf, roundToBfloat16, roundToFloat16 } from "../../src/backends/reference/numbers.js";

// x, erf(x), erfc(x) from mpmath (30 digits, here to the nearest double)
const table: readonly (readonly [number, number, number])[] = [
  [-6, -1, 2],
  [-3.5, -0.9999992569016276, 1.9999992569016276],
  [-1, -0.8427007929497149, 1.8427007929497148],
  [-0.5, -0.5204998778130465, 1.5204998778130465],
  [-1e-10, -1.1283791670955126e-10, 1.000000000112838],
  [0, 0, 1],
  [0.1, 0.1124629160182849, 0.887537083981715],
  [0.25, 0.27632639016823696, 0.7236736098317631],
  [0.84375, 0.7672256612323416, 0.23277433876765838],
  [1, 0.8427007929497149, 0.15729920705028513],
  [1.25, 0.9229001282564583, 0.07709987174354177],
  [2, 0.9953222650189527, 0.004677734981047266],
  [2.857142857142857, 0.9999466876886117, 5.3312311388322795e-5],
  [3, 0.9999779095030014, 2.209049699858544e-5],
  [5, 0.9999999999984626, 1.537459794428035e-12],
  [6, 1, 2.1519736712498913e-17],
  [10, 1, 2.088487583762545e-45],
  [26, 1, 5.663192408856143e-296],
];

describe("error function", () => {
  it.each(table)("erf(%d) and erfc are right to two units of the last place", (x, value, complement) => {
    const ulps = 2 * 2 ** -52;
    expect(Math.abs(erf(x) - value)).toBeLessThanOrEqual(ulps * Math.abs(value));
    expect(Math.abs(erfc(x) - complement)).toBeLessThanOrEqual(ulps * complement);
  });

  it("has its limits", () => {
    expect(erf(Number.POSITIVE_INFINITY)).toBe(1);
    expect(erf(Number.NEGATIVE_INFINITY)).toBe(-1);
    expect(erf(Number.NaN)).toBeNaN();
    expect(Object.is(erf(-0), -0)).toBe(true);
    expect(normalCdf(0)).toBe(0.5);
  });
});

describe("16-bit floats", () => {
  /** The number that 16 bits spell, in a format of `exponentBits` exponent bits. */
  function decode(pattern: number, exponentBits: number): number {
    const fractionBits = 15 - exponentBits;
    const bias = 2 ** (exponentBits - 1) - 1;
    const exponent = (pattern >>> fractionBits) & (2 ** exponentBits - 1);
    const fraction = (pattern & (2 ** fractionBits - 1)) / 2 ** fractionBits;
    return exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
  }

  for (const { name, round, exponentBits, infinity } of [
    { name: "float16", round: roundToFloat16, exponentBits: 5, infinity: 0x7c00 },
    { name: "bfloat16", round: roundToBfloat16, exponentBits: 8, infinity: 0x7f80 },
  ]) {
    it(`${name}: every value stays, and between two the nearer wins, a tie the even one`, () => {
      for (let pattern = 0; pattern < infinity; pattern++) {
        const value = decode(pattern, exponentBits);
        const next = decode(pattern + 1, exponentBits); // at the top: where the next value would be, and infinity begins
        const top = pattern + 1 === infinity ? Number.POSITIVE_INFINITY : next;
        const middle = (value + next) / 2;
        const ok =
          round(value) === value &&
          round(-value) === -value &&
          round(middle) === (pattern % 2 === 0 ? value : top) &&
          round(-middle) === -(pattern % 2 === 0 ? value : top) &&
          round(middle * (1 - 2 ** -50)) === value &&
          round(middle * (1 + 2 ** -50)) === top;
        if (!ok) throw new Error(`${name} ${pattern.toString(16)}: ${value}, ${middle}, ${next}`);
      }
    });

    it(`${name}: keeps infinities, NaN and the sign of zero`, () => {
      expect(round(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
      expect(round(Number.NEGATIVE_INFINITY)).toBe(Number.NEGATIVE_INFINITY);
      expect(round(Number.NaN)).toBeNaN();
      expect(Object.is(round(-0), -0)).toBe(true);
      expect(Object.is(round(-1e-300), -0)).toBe(true);
    });
  }
});
