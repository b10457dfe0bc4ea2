// The forecast of a run: what it leaves as it was, and what it counts. How near it comes is in bench/RESULTS.md.
import { expect, it } from "vitest";
import { DataLoader } from "../../src/batches/index.js";
import { describeForecast, forecastRun, type Planned } from "../../src/tasks/index.js";
import { randomState } from "../../src/tensor/index.js";
import { TrainingArguments } from "../../src/trainer/index.js";
import { tinyModel, tokenized, tokenizer } from "../trainer/tiny.js";

const rows = tokenized(40).removeColumns("text");
const planned = (options: Partial<Planned> = {}): Planned => ({
  model: tinyModel({ hidden_dropout_prob: 0.1 }),
  args: new TrainingArguments({ evalStrategy: "epoch" }),
  tokenizer,
  train: rows as unknown as Planned["train"],
  loader: new DataLoader(rows, { batchSize: 8, shuffle: true }),
  evaluated: [rows as unknown as Planned["train"]],
  ...options,
});

it("leaves weights, gradients and random numbers as they were", async () => {
  const run = planned();
  const values = () => Promise.all(run.model.parameters().map((parameter) => parameter.data()));
  const [before, random] = [await values(), randomState()];
  const { seconds, bytes } = await forecastRun(run);
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThan(3600);
  expect(bytes).toBeGreaterThan(10e6); // Node alone
  expect(await values()).toEqual(before);
  expect(run.model.parameters().every(({ grad }) => grad === undefined)).toBe(true);
  expect(run.model.training).toBe(false);
  expect(randomState()).toEqual(random);
});

it("takes a dataset of one row, batches larger than the dataset, and long runs", async () => {
  const one = rows.select([3]);
  const small = planned({
    train: one as unknown as Planned["train"],
    loader: new DataLoader(one, { batchSize: 8 }),
    evaluated: [],
  });
  expect((await forecastRun(small)).seconds).toBeGreaterThan(0);
  const long = planned({ args: new TrainingArguments({ maxSteps: 10_000_000 }) });
  expect((await forecastRun(long)).seconds).toBeGreaterThan(60); // 10 million steps take a processor more than a minute
});

it.each([
  [{ seconds: 0.2, bytes: 4e8 }, "about 1 second and 0.4 GB of memory"],
  [{ seconds: 89, bytes: 4e8 }, "about 89 seconds and 0.4 GB of memory"],
  [{ seconds: 720, bytes: 1.25e9 }, "about 12 minutes and 1.3 GB of memory"],
  [{ seconds: 9000, bytes: 1e10 }, "about 2.5 hours and 10.0 GB of memory"],
])("is said as %j", (forecast, said) => {
  expect(describeForecast(forecast)).toBe(said);
});
