// The draws of numpy's Generator, against numpy's own (numpy-generator.py).
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/support/errors.js";
import { cumulative, NumpyGenerator } from "../../src/support/numpy-generator.js";

interface Draws {
  seed: number;
  integers: number[];
  integersOf10: number[];
  random: number[];
  weighted: number[];
  permutation: number[];
  chooseFew: number[];
  chooseMany: number[];
  chooseFewOfMany: number[];
  seed63: string;
  after: number[];
}

const numpy = JSON.parse(readFileSync(new URL("numpy-generator.json", import.meta.url), "utf8")) as {
  draws: Draws[];
  reseeded: number[];
};

describe("NumpyGenerator", () => {
  it.each(numpy.draws)("draws what numpy draws for seed $seed, one draw after another", (expected) => {
    const generator = new NumpyGenerator(expected.seed);
    const times = <T>(count: number, draw: () => T) => Array.from({ length: count }, draw);
    expect([1, 2, 3, 7, 1000, 2 ** 31, 2 ** 32].map((n) => generator.integer(n))).toEqual(expected.integers);
    expect(times(20, () => generator.integer(10))).toEqual(expected.integersOf10);
    expect(times(5, () => generator.random())).toEqual(expected.random);
    const weights = cumulative([0.7, 0.2, 0.1]);
    expect(times(20, () => generator.weighted(weights))).toEqual(expected.weighted);
    expect([...generator.permutation(9)]).toEqual(expected.permutation);
    expect([...generator.choice(50, 7)]).toEqual(expected.chooseFew);
    expect([...generator.choice(10001, 201)]).toEqual(expected.chooseMany);
    expect([...generator.choice(20000, 5)]).toEqual(expected.chooseFewOfMany);
    expect(String(generator.seed63())).toBe(expected.seed63);
    expect(times(5, () => generator.integer(10))).toEqual(expected.after);
  });

  it("takes seeds of 64 bits", () => {
    const generator = new NumpyGenerator(new NumpyGenerator(7).seed63() - 1n);
    expect(numpy.reseeded.map(() => generator.integer(100))).toEqual(numpy.reseeded);
  });

  it("goes on from a state that went through JSON, halves of draws included", () => {
    const generator = new NumpyGenerator(3);
    generator.integer(10);
    const state = JSON.parse(JSON.stringify(generator.state));
    const expected = Array.from({ length: 9 }, () => generator.integer(10));
    const other = new NumpyGenerator(0);
    other.state = state;
    expect(Array.from({ length: 9 }, () => other.integer(10))).toEqual(expected);
    expect(() => {
      other.state = { state: "nonsense", increment: "1" };
    }).toThrow(ConfigError);
  });

  it("refuses what are no probabilities", () => {
    expect(() => cumulative([0.5, 0.2])).toThrow("probabilities make 0.7, where they should make 1");
    expect(() => cumulative([1.5, -0.5])).toThrow("1.5 is not a probability");
    expect(() => cumulative([Number.NaN, 1])).toThrow(ConfigError);
  });
});
