import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/support/errors.js";
import { Pcg64, permutation } from "../../src/support/pcg64.js";
import { describeShared, sharedJson } from "../shared.js";

describe("Pcg64", () => {
  // numpy.random.PCG64(seed).random_raw(3), numpy 2.4.6
  it.each<[number, bigint[]]>([
    [42, [14276969152011380360n, 8095878257575067585n, 15838336090824644132n]],
    [2 ** 40 + 5, [87427594128977387n, 6872972437549564694n, 10832470946844950135n]],
  ])("gives numpy's numbers for seed %d", (seed, expected) => {
    const generator = new Pcg64(seed);
    expect(expected.map(() => generator.next64())).toEqual(expected);
  });

  it("draws up to the largest number it is given and not above it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), fc.maxSafeNat(), (largest, seed) => {
        const draw = new Pcg64(seed).upTo(largest);
        expect(draw).toBeGreaterThanOrEqual(0);
        expect(draw).toBeLessThanOrEqual(largest);
      }),
    );
  });
});

describe("permutation", () => {
  // numpy.random.default_rng(seed).permutation(10), numpy 2.4.6
  it.each([
    [42, [5, 6, 0, 7, 3, 2, 4, 9, 1, 8]],
    [7, [8, 0, 7, 1, 3, 6, 2, 4, 5, 9]],
    [2 ** 32, [9, 1, 3, 8, 7, 6, 0, 4, 2, 5]],
  ])("is numpy's for seed %d", (seed, expected) => {
    expect([...permutation(10, seed)]).toEqual(expected);
  });

  // sha256 of numpy.random.default_rng(seed).permutation(n).astype("<u4").tobytes(), numpy 2.4.6
  it.each([
    [100_000, 2 ** 40 + 5, "e83d4f019f9c52f781cf25207f1980846d80a36f3b21cfa48fd88a7246837533"],
    [4_097, 2 ** 53 - 1, "6c63e9d0a9d394eab49e86fb3403640f4892e918d491491157ca24a84b2891cb"],
    [70_000, 123_456_789, "bd2a542a2166ca31ef3be95c9ca79afc82522833bfa216d3fcf165c3ea39c663"],
  ])("of %d numbers is numpy's for seed %d", (n, seed, digest) => {
    expect(createHash("sha256").update(permutation(n, seed)).digest("hex")).toBe(digest);
  });

  it("holds every number once", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.maxSafeNat(), (n, seed) => {
        expect([...permutation(n, seed)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  it("refuses sizes and seeds that numpy has no order for", () => {
    expect(() => permutation(-1, 0)).toThrow(ConfigError);
    expect(() => permutation(3, -1)).toThrow(/seed -1/);
    expect(() => permutation(3, 2 ** 53)).toThrow(ConfigError);
  });
});

describeShared("permutation against Python's Dataset.shuffle", () => {
  const orders = sharedJson<{ dataset_shuffle: Record<string, number[]> }>("fixtures/orders.json").dataset_shuffle;

  it.each(Object.keys(orders))("3668 rows, seed %s", (seed) => {
    expect([...permutation(3668, Number(seed))]).toEqual(orders[seed]);
  });
});
