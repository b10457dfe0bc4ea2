import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/support/errors.js";
import { Mt19937, randperm } from "../../src/support/mt19937.js";
import { describeShared, sharedJson } from "../shared.js";

describe("Mt19937", () => {
  it("gives the 10,000th number that the C++ standard states for mt19937's default seed", () => {
    const generator = new Mt19937(5489);
    for (let i = 1; i < 10_000; i++) generator.next();
    expect(generator.next()).toBe(4123659995);
  });

  it("gives the numbers of numpy's MT19937 with torch's seeding", () => {
    const generator = new Mt19937(42);
    expect([generator.next(), generator.next(), generator.next()]).toEqual([1608637542, 3421126067, 4083286876]);
  });

  it("takes a seed's lowest 32 bits, as torch does", () => {
    expect(new Mt19937(2 ** 32 + 42).next()).toBe(1608637542);
    expect(new Mt19937(42 - 2 ** 32).next()).toBe(1608637542);
  });
});

describe("randperm", () => {
  it("holds every number once", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.maxSafeInteger(), (n, seed) => {
        expect([...randperm(n, seed)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  it("refuses sizes and seeds that it cannot follow torch for", () => {
    expect(() => randperm(-1, 0)).toThrow(ConfigError);
    expect(() => randperm(2.5, 0)).toThrow(/2\.5/);
    expect(() => randperm(214_748_364, 0)).toThrow(/214748363/); // torch draws 64 bits from here on
    expect(() => randperm(3, 0.5)).toThrow(/seed 0\.5/);
  });
});

type Orders = { torch_randperm: Record<string, number[]>; small_randperm: Record<string, number[]> };

describeShared("randperm against torch.randperm", () => {
  const orders = sharedJson<Orders>("fixtures/orders.json");

  it.each(Object.keys(orders.torch_randperm))("3668 numbers, seed %s", (seed) => {
    expect([...randperm(3668, Number(seed))]).toEqual(orders.torch_randperm[seed]);
  });

  it.each(Object.keys(orders.small_randperm))("size and seed %s", (key) => {
    const [n, seed] = key.split(":").map(Number);
    expect([...randperm(n, seed)]).toEqual(orders.small_randperm[key]);
  });
});
