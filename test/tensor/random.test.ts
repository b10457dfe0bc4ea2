import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createReferenceBackend } from "../../src/backends/reference/index.js";
import { dropout, manualSeed, ones, randomState, setBackend, setRandomState, zeros } from "../../src/tensor/index.js";

describe("random numbers", () => {
  const backend = createReferenceBackend({ precision: "float32" });
  beforeAll(() => {
    setBackend(backend);
  });
  afterAll(() => {
    setBackend(undefined);
    backend.close();
  });

  const mask = async (): Promise<string> => (await dropout(ones([256]), 0.5).data()).join("");

  it("are a function of seed, process and serial number", async () => {
    manualSeed(1);
    const [first, second] = [await mask(), await mask()];
    expect(second).not.toBe(first);
    manualSeed(1);
    expect([await mask(), await mask()]).toEqual([first, second]);
    manualSeed(2);
    expect(await mask()).not.toBe(first);
    manualSeed(1, 1);
    expect(await mask()).not.toBe(first);
    manualSeed(1 + 2 ** 32); // beyond 32 bits the seed still counts
    expect(await mask()).not.toBe(first);
  });

  it("go on from a saved state", async () => {
    manualSeed(5);
    await mask();
    const state = randomState();
    const next = await mask();
    manualSeed(99);
    setRandomState(structuredClone(state));
    expect(await mask()).toBe(next);
  });

  it("are not drawn where nothing is dropped", () => {
    manualSeed(5);
    const before = randomState();
    dropout(ones([3]), 0);
    expect(randomState()).toEqual(before);
    dropout(ones([3]), 0.1);
    expect(randomState().serial).toBe(before.serial + 1);
  });

  it("refuses a seed that is none", () => {
    for (const seed of [-1, 1.5, Number.NaN, 2 ** 53]) expect(() => manualSeed(seed)).toThrow(String(seed));
  });

  it("two calls' masks are independent: they agree on half of the elements", async () => {
    manualSeed(3);
    const count = 100_000;
    const [a, b] = [await dropout(ones([count]), 0.5).data(), await dropout(ones([count]), 0.5).data()];
    for (const shift of [0, 1, 2, 1000]) {
      let agree = 0;
      for (let i = 0; i + shift < count; i++) agree += Number(a[i] === b[i + shift]);
      expect(Math.abs(agree / (count - shift) - 0.5)).toBeLessThan(0.008); // five standard deviations
    }
  });

  it("normal_ draws a normal distribution's moments and shares below its quantiles", async () => {
    manualSeed(8);
    const count = 200_000;
    const values = await zeros([count]).normal_(1, 2).data();
    const z = Float64Array.from(values, (value) => (value - 1) / 2);
    const moment = (power: number): number => z.reduce((sum, value) => sum + value ** power, 0) / count;
    // the k-th sample moment's standard deviation is sqrt((E z^2k - (E z^k)^2) / count)
    expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(1 / count));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / count));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / count));
    for (const [quantile, share] of [
      [-1.6448536269514722, 0.05],
      [-0.6744897501960817, 0.25],
      [0.6744897501960817, 0.75],
      [2.3263478740408408, 0.99],
    ]) {
      const below = z.filter((value) => value < quantile).length / count;
      expect(Math.abs(below - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / count));
    }
  });

  it("normal_ starts anew with the seed, draws others at each call, and asks for floats and a deviation", async () => {
    const draw = async (): Promise<number[]> => [...(await zeros([5]).normal_().data())];
    manualSeed(8);
    const [first, second] = [await draw(), await draw()];
    expect(new Set([...first, ...second]).size).toBe(10);
    manualSeed(8);
    expect([await draw(), await draw()]).toEqual([first, second]);
    expect(() => zeros([2], "int32").normal_()).toThrow("normal_: a float32 tensor is needed, not int32");
    expect(() => zeros([2]).normal_(0, -1)).toThrow("normal_: the deviation must not be negative, but is -1");
  });
});
