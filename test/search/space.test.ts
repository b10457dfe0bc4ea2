// Spaces that are wrong, and what is said of them; search.json, damaged and whole.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { shareOf } from "../../src/search/measure.js";
import { parseSearch, readSearch, type SearchRecord, writeSearch } from "../../src/search/record.js";
import { checkSpace, defaultHpSpace, hp } from "../../src/search/space.js";
import { ConfigError, FileFormatError } from "../../src/support/errors.js";
import { temporaryFolder } from "../trainer/tiny.js";

const folder = temporaryFolder("space");

describe("a space", () => {
  it("may be Python's, or of parameters that are no arguments", () => {
    checkSpace(defaultHpSpace);
    checkSpace({ dropout: hp.uniform(0, 0.3), pooling: hp.choice(["first", "mean"]), seed: hp.int(1, 5) });
  });

  it.each<[string, unknown, RegExp]>([
    ["nothing", {}, /no parameter/],
    ["a list", [], /an object of domains/],
    ["no domain", { learningRate: 3e-5 }, /learningRate: 3e-05|learningRate: 0.00003 is no domain/],
    ["a type that there is not", { a: { type: "loguniform", low: 1, high: 2 } }, /did you mean log-uniform/],
    [
      "a key that there is not",
      { a: { type: "uniform", low: 1, high: 2, steps: 3 } },
      /has no "steps", but low, high, points/,
    ],
    ["an empty choice", { a: hp.choice([]) }, /needs values/],
    ["a choice of objects", { a: { type: "choice", values: [{}] } }, /among texts, numbers/],
    ["a value twice", { a: hp.choice([1, 2, 1]) }, /1 stands among its values twice/],
    ["ends the wrong way round", { a: hp.uniform(2, 1) }, /low \(2\) is above high \(1\)/],
    ["a range without extent", { a: hp.uniform(2, 2) }, /both 2/],
    ["an end that is no number", { a: hp.uniform(Number.NaN, 1) }, /low must be a finite number/],
    ["an end that is infinite", { a: hp.uniform(0, Infinity) }, /high must be a finite number/],
    ["a logarithm of nothing", { a: hp.logUniform(0, 1) }, /low must be above 0, not 0/],
    ["a fraction as a whole number", { a: hp.int(0.5, 3) }, /low must be a whole number, not 0.5/],
    ["a step of nothing", { a: hp.int(1, 3, { step: 0 }) }, /step must be a whole number of at least 1/],
    ["one point", { a: hp.uniform(1, 3, { points: 1 }) }, /points must be a whole number of at least 2/],
    ["a rate below 0", { learningRate: hp.uniform(-1, 1) }, /a number of at least 0, which -1 is not/],
    ["fractions for rows", { perDeviceTrainBatchSize: hp.uniform(4, 16) }, /hp.int gives those/],
    [
      "a word that an argument does not know",
      { lrSchedulerType: hp.choice(["linear", "cosin"]) },
      /did you mean cosine/,
    ],
    ["the folder", { outputDir: hp.choice(["a", "b"]) }, /each trial has a folder of its own/],
  ])("is refused: %s", (_what, space, message) => {
    expect(() => checkSpace(space)).toThrow(ConfigError);
    expect(() => checkSpace(space)).toThrow(message);
  });

  it("places its values", () => {
    expect(shareOf(hp.uniform(2, 6), 3)).toBe(0.25);
    expect(shareOf(hp.int(0, 4), 4)).toBe(1);
    expect(shareOf(hp.choice(["a", "b"]), "b")).toBe(1);
    expect(Math.abs(shareOf(hp.logUniform(1e-4, 1), 1e-2) - 0.5)).toBeLessThan(1e-12);
  });
});

const record: SearchRecord = {
  space: { learningRate: hp.logUniform(1e-5, 1e-3) },
  sampler: "random",
  pruner: { type: "asha", minResource: 1, reductionFactor: 3 },
  seed: 42,
  created: 1_700_000_000_000,
  nTrials: 2,
  objective: { name: "eval_f1", direction: "maximize" },
  fixed: { weightDecay: 0 },
  inputs: undefined,
  process: null,
  trials: [
    {
      number: 0,
      name: "run-0",
      params: { learningRate: 2e-5 },
      state: "complete",
      reports: [
        { step: 10, epoch: 1, value: Number.NaN },
        { step: 20, epoch: 2, value: 0.8 },
      ],
      objective: 0.8,
      seconds: 12,
    },
    {
      number: 1,
      name: "run-1",
      params: { learningRate: 3e-5 },
      state: "failed",
      reports: [],
      error: "why",
      seconds: 1,
    },
  ],
};

describe("search.json", () => {
  it("is read as it was written, NaN with it", async () => {
    const place = join(folder, "whole");
    mkdirSync(place);
    await writeSearch(place, record);
    expect(await readSearch(place)).toEqual(record);
    expect(await readSearch(join(folder, "none"))).toBeUndefined();
  });

  const text = (change: (json: Record<string, unknown>) => void): string => {
    const json = JSON.parse(JSON.stringify({ version: 1, ...record }).replaceAll("null}", '"NaN"}'));
    change(json);
    return JSON.stringify(json);
  };
  const trialWith = (change: object) =>
    text((json) => {
      Object.assign((json.trials as object[])[0], change);
    });

  it.each([
    ["half of it", text(() => undefined).slice(0, 200)],
    ["a list", "[]"],
    ["a later version", text((json) => Object.assign(json, { version: 2 }))],
    ["no space", text((json) => Object.assign(json, { space: {} }))],
    ["a sampler that there is not", text((json) => Object.assign(json, { sampler: "tpe" }))],
    ["a pruner that there is not", text((json) => Object.assign(json, { pruner: { type: "x" } }))],
    [
      "a direction that there is not",
      text((json) => Object.assign(json, { objective: { name: "a", direction: "up" } })),
    ],
    ["trials that are no list", text((json) => Object.assign(json, { trials: {} }))],
    ["a trial out of its place", trialWith({ number: 1 })],
    ["a name that leads out of the folder", trialWith({ name: "../other" })],
    ["a name that is the folder above", trialWith({ name: ".." })],
    ["a state that there is not", trialWith({ state: "done" })],
    ["a value that is none", trialWith({ params: { learningRate: {} } })],
    ["a report without a value", trialWith({ reports: [{ step: 1, epoch: 1 }] })],
  ])("is refused: %s", async (_what, content) => {
    expect(() => parseSearch(content, "search.json")).toThrow(FileFormatError);
    expect(() => parseSearch(content, "search.json")).toThrow(/search\.json/);
  });

  it("that is a folder is said", async () => {
    const place = join(folder, "odd");
    mkdirSync(join(place, "search.json"), { recursive: true });
    await expect(readSearch(place)).rejects.toThrow(/cannot be read/);
    writeFileSync(join(folder, "file"), "");
    expect(await readSearch(join(folder, "file"))).toBeUndefined();
  });
});
