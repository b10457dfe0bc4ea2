// What a search decides by itself: values drawn, trials ended early, importances. Expected values are numpy's,
// scikit-learn's and optuna's (reference.py).
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Axis, Tree } from "../../src/search/forest.js";
import { forestShares, importances, mainEffects } from "../../src/search/importance.js";
import { completePruner, type PrunedTrial, type PrunerChoice, shouldPrune } from "../../src/search/prune.js";
import { comparable, type TrialRecord } from "../../src/search/record.js";
import { sampleTrials } from "../../src/search/sample.js";
import { hp, type Space } from "../../src/search/space.js";
import { ConfigError } from "../../src/support/errors.js";

interface Reference {
  readonly draws: { seed: number; space: Space; trials: Record<string, number | string>[] };
  readonly prunings: {
    pruner: PrunerChoice;
    direction: "minimize" | "maximize";
    evaluations: number;
    events: { trial: number; value: number | null; prune: boolean }[];
  }[];
  readonly fanova: { tree: Tree; variance: number; effects: number[] }[];
  readonly importances: { points: number[][]; values: number[]; shares: Record<string, number> };
  readonly choices: { picks: number[]; numbers: number[]; values: number[]; shares: { pick: number; number: number } };
}
const reference = JSON.parse(readFileSync(new URL("reference.json", import.meta.url), "utf8")) as Reference;

/** Fails on NaN, too. */
function close(value: number, expected: number, tolerance: number): void {
  if (!(Math.abs(value - expected) <= tolerance)) throw new Error(`${value} is not within ${tolerance} of ${expected}`);
}

describe("draws", () => {
  const { seed, space, trials } = reference.draws;

  it("are numpy's for a seed, trial after trial", () => {
    const drawn = sampleTrials(space, { sampler: "random", seed, count: trials.length });
    for (const [i, expected] of trials.entries()) {
      const { a, b, c, d } = drawn[i];
      close(Number(a), Number(expected.a), 1e-15);
      close(Number(b) / Number(expected.b), 1, 1e-14); // exp and log of two libraries
      expect([c, d]).toEqual([expected.c, expected.d]);
    }
  });

  it("depend neither on the number of trials nor on the order of names", () => {
    const reversed = Object.fromEntries(Object.entries(space).reverse());
    const options = { sampler: "random", seed, count: 5 } as const;
    expect(sampleTrials(reversed, options)).toEqual(sampleTrials(space, { ...options, count: 12 }).slice(0, 5));
    expect(sampleTrials(space, { ...options, seed: seed + 1 })).not.toEqual(sampleTrials(space, options));
  });

  it("repeat no combination, and end when there is none left", () => {
    const small = { a: hp.int(1, 3), b: hp.choice([true, false]) };
    const all = sampleTrials(small, { sampler: "random", seed: 1, count: 50 });
    expect(new Set(all.map((params) => JSON.stringify(params))).size).toBe(6);
    expect(all.length).toBe(6);
  });

  it("of a wide range of whole numbers make no list of them", () => {
    const [{ a }] = sampleTrials({ a: hp.int(0, 2 ** 52) }, { sampler: "random", seed: 3, count: 1 });
    expect(Number.isSafeInteger(a)).toBe(true);
  });
});

describe("a grid", () => {
  const space = { a: hp.choice(["x", "y"]), b: hp.int(1, 5, { step: 2 }), c: hp.logUniform(1e-4, 1e-2, { points: 3 }) };

  it("has every combination once, in an order that the seed gives", () => {
    const all = sampleTrials(space, { sampler: "grid", seed: 1, count: undefined });
    expect(new Set(all.map((params) => JSON.stringify(params))).size).toBe(18);
    expect([...new Set(all.map(({ b }) => b))].sort()).toEqual([1, 3, 5]);
    const rates = [...new Set(all.map(({ c }) => Number(c)))].sort((x, y) => x - y);
    expect([rates[0], rates[2]]).toEqual([1e-4, 1e-2]); // the ends are exact
    close(rates[1], 1e-3, 1e-18);
    expect(sampleTrials(space, { sampler: "grid", seed: 1, count: 4 })).toEqual(all.slice(0, 4));
    expect(sampleTrials(space, { sampler: "grid", seed: 2, count: undefined })).not.toEqual(all);
  });

  it("needs to know how many values of a range", () => {
    const open = { a: hp.uniform(0, 1) };
    expect(() => sampleTrials(open, { sampler: "grid", seed: 1, count: 4 })).toThrow(/points/);
    const large = { a: hp.int(1, 10_000), b: hp.int(1, 10_000) };
    expect(() => sampleTrials(large, { sampler: "grid", seed: 1, count: 4 })).toThrow(ConfigError);
  });
});

describe("enqueued values", () => {
  const space = { a: hp.int(1, 3), b: hp.choice([true, false]) };
  const first = { a: 2, b: false };

  it("come first, and what is drawn after them is what would have been drawn", () => {
    const open = { ...space, c: hp.uniform(0, 1) };
    const options = { sampler: "random", seed: 1, count: 4 } as const;
    const enqueued = { ...first, c: 0.5 };
    const trials = sampleTrials(open, { ...options, enqueued: [enqueued, { ...enqueued }] });
    expect(trials).toEqual([enqueued, ...sampleTrials(open, { ...options, count: 3 })]);
    expect(sampleTrials(open, { ...options, count: 1, enqueued: [enqueued, { ...enqueued, a: 1 }] })).toEqual([
      enqueued,
    ]);
  });

  it.each(["random", "grid"] as const)("are not repeated by what is drawn: %s", (sampler) => {
    for (const [count, wanted] of [
      [6, 6],
      [50, 6],
      [3, 3],
    ]) {
      const all = sampleTrials(space, { sampler, seed: 1, count, enqueued: [first] });
      expect(all[0]).toEqual(first);
      expect(new Set(all.map(({ a, b }) => `${a} ${b}`)).size).toBe(wanted);
      expect(all.length).toBe(wanted);
    }
  });
});

describe("early ends", () => {
  it.each(reference.prunings)("are optuna's: $pruner, $direction", ({ pruner, direction, evaluations, events }) => {
    const rule = completePruner(pruner);
    if (!rule) throw new Error("no rule");
    const trials = new Map<number, { values: number[]; complete: boolean }>();
    let ended = 0;
    for (const { trial, value, prune } of events) {
      const own = trials.get(trial) ?? { values: [], complete: false };
      trials.set(trial, own);
      own.values.push(value ?? Number.NaN);
      const others: PrunedTrial[] = [...trials.values()].filter((other) => other !== own);
      expect(shouldPrune(rule, own.values, others, direction)).toBe(prune);
      own.complete = !prune && own.values.length === evaluations;
      if (prune) ended++;
    }
    expect(ended).toBeGreaterThan(5);
  });

  it("have rules whose numbers are checked", () => {
    expect(completePruner("none")).toBeUndefined();
    expect(completePruner("asha")).toEqual({ type: "asha", minResource: 1, reductionFactor: 3 });
    const bad: [unknown, RegExp][] = [
      ["ahsa", /did you mean asha/],
      [{ type: "asha", reductionFactor: 1 }, /reductionFactor must be a whole number of at least 2, not 1/],
      [{ type: "asha", minResource: 0.5 }, /minResource/],
      [{ type: "median", reductionFactor: 3 }, /has no "reductionFactor", but startupTrials, warmup/],
    ];
    for (const [choice, message] of bad) expect(() => completePruner(choice as PrunerChoice)).toThrow(message);
  });
});

describe("importances", () => {
  const ranges = (count: number): Axis[] => Array.from({ length: count }, () => ({ kind: "range" }));

  it("take the variance of scikit-learn's trees apart as optuna does", () => {
    for (const { tree, variance, effects } of reference.fanova) {
      const own = mainEffects(tree, ranges(4));
      close(own.variance, variance, 1e-12);
      for (const [i, effect] of effects.entries()) close(own.effects[i], effect, 1e-12);
    }
    const shares = forestShares(
      reference.fanova.map(({ tree }) => tree),
      ranges(4),
    );
    const mean = reference.fanova.map(({ variance, effects }) => effects[0] / variance).reduce((a, b) => a + b) / 4;
    close(shares[0], mean, 1e-12);
  });

  it("are optuna's for the same trials", () => {
    const { points, values, shares } = reference.importances;
    const space = Object.fromEntries(Object.keys(shares).map((name) => [name, hp.uniform(0, 1)]));
    const trials = points.map((x, i) => ({ params: { x0: x[0], x1: x[1], x2: x[2], x3: x[3] }, value: values[i] }));
    const own = importances(space, trials) ?? {};
    // forests differ by their random numbers: optuna's own by 0.002 from seed to seed
    for (const [name, share] of Object.entries(shares)) close(own[name], share, 0.015);
    expect(Object.keys(own)[0]).toBe("x0");
  });

  it("of a choice are those of the function itself", () => {
    const { picks, numbers, values, shares } = reference.choices;
    const space = { pick: hp.choice(["a", "b", "c", "d"]), number: hp.uniform(0, 1) };
    const trials = picks.map((pick, i) => ({
      params: { pick: space.pick.values[pick], number: numbers[i] },
      value: values[i],
    }));
    const own = importances(space, trials) ?? {};
    close(own.pick, shares.pick, 0.02); // 300 trials instead of all
    close(own.number, shares.number, 0.02);
  });

  it("look at a logarithm where the space does, and are the same for the same trials", () => {
    const space = { rate: hp.logUniform(1e-6, 1), other: hp.uniform(0, 1) };
    const trials = Array.from({ length: 60 }, (_, i) => {
      const rate = 10 ** ((-6 * ((i * 7) % 60)) / 60);
      return { params: { rate, other: ((i * 13) % 60) / 60 }, value: Math.log10(rate) };
    });
    const own = importances(space, trials) ?? {};
    expect(own.rate).toBeGreaterThan(0.9);
    expect(importances(space, trials)).toEqual(own);
  });

  it("are not told from too few trials, or from trials that are all alike", () => {
    const space = { a: hp.uniform(0, 1) };
    const trial = (a: number, value: number) => ({ params: { a }, value });
    expect(importances(space, [trial(0, 1), trial(1, 2), trial(0.5, 1.5)])).toBeUndefined();
    expect(
      importances(
        space,
        [0, 0.2, 0.4, 0.6, 0.8].map((a) => trial(a, 1)),
      ),
    ).toBeUndefined();
    expect(importances(space, [0, 0.2, 0.4].map((a) => trial(a, a)).concat(trial(1, Number.NaN)))).toBeUndefined();
  });

  it("compare trials that ended early where all of them came", () => {
    const trial = (state: TrialRecord["state"], values: number[]): TrialRecord => ({
      number: 0,
      name: "run-0",
      params: {},
      state,
      reports: values.map((value, i) => ({ step: i + 1, epoch: i + 1, value })),
      objective: values.at(-1),
      seconds: 1,
    });
    const values = (trials: TrialRecord[]) => comparable({ trials, pruner: null }).map(({ value }) => value);
    expect(values([trial("complete", [3, 2, 1]), trial("complete", [5, 4]), trial("running", [9])])).toEqual([1, 4]);
    expect(values([trial("complete", [3, 2, 1]), trial("pruned", [5, 4]), trial("failed", [])])).toEqual([2, 4]);
  });
});
