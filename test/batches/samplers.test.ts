// The orders of rows: by length as in transformers, by a budget of tokens, and streamed.
import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import {
  DataCollatorWithPadding,
  DataLoader,
  type DataLoaderOptions,
  LengthGroupedSampler,
  type StreamedRows,
  TokenBudgetSampler,
} from "../../src/batches/index.js";
import { Dataset } from "../../src/datasets/index.js";
import { ConfigError, DataError } from "../../src/support/errors.js";
import { terminal } from "../../src/support/terminal.js";
import { small } from "../tokenizers/small.js";

const { lengthGrouped } = JSON.parse(readFileSync(new URL("python.json", import.meta.url), "utf8")) as {
  lengthGrouped: { lengths: number[]; orders: Record<string, number[]> };
};
const { lengths } = lengthGrouped;

const rows = lengths.map((length, x) => ({ x, input_ids: new Int32Array(length) }));
const xs = (batch: readonly { x: number }[]) => batch.map(({ x }) => x);

async function all<T>(batches: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = [];
  for await (const batch of batches) result.push(batch);
  return result;
}

describe("grouping by length", () => {
  it.each(Object.entries(lengthGrouped.orders))("has transformers' order for batch size and seed %s", (key, order) => {
    const [batchSize, seed] = key.split(":").map(Number);
    expect(Array.from(new LengthGroupedSampler(lengths, batchSize, seed - 3).order(3))).toEqual(order);
  });

  it("counts input_ids, or takes the column that knows", async () => {
    const expected = lengthGrouped.orders["8:43"];
    const options = { batchSize: 8, groupByLength: true, collator: xs };
    const counted = new DataLoader(rows, options);
    counted.setEpoch(1);
    expect((await all(counted)).flat()).toEqual(expected);
    const dataset = Dataset.fromColumns({ x: rows.map(({ x }) => x), length: lengths });
    const told = new DataLoader(dataset, { ...options, seed: 43 });
    expect((await all(told)).flat()).toEqual(expected);
    const ids = Dataset.fromColumns({ x: rows.map(({ x }) => x), input_ids: rows.map(({ input_ids }) => input_ids) });
    expect((await all(new DataLoader(ids, { ...options, seed: 43 }))).flat()).toEqual(expected);
    const named = new DataLoader(dataset.renameColumn("length", "n"), { ...options, seed: 43, lengthColumn: "n" });
    expect((await all(named)).flat()).toEqual(expected);
    expect(() => new DataLoader([{ x: 1 }], options)).toThrow(DataError);
    expect(() => new DataLoader([{ x: 1 }], options)).toThrow(
      /row 0 has neither a whole number "length" nor input_ids/,
    );
  });
});

describe("a budget of tokens", () => {
  const tokens = (batch: readonly number[]) => batch.reduce((sum, row) => sum + lengths[row], 0);

  it("fills batches with rows in their order", async () => {
    const loader = new DataLoader(rows, { maxTokensPerBatch: 100, collator: xs });
    const batches = await all(loader);
    expect(batches.length).toBe(loader.length);
    expect(batches.flat()).toEqual(rows.map(({ x }) => x));
    batches.forEach((batch, i) => {
      expect(tokens(batch)).toBeLessThanOrEqual(100);
      const next = batches[i + 1];
      if (next) expect(tokens(batch) + lengths[next[0]]).toBeGreaterThan(100); // no room was left
    });
    expect(await all(loader)).toEqual(batches);
  });

  it("shuffles batches of about equal lengths: another order each epoch, as many batches, all rows once", async () => {
    const loader = new DataLoader(rows, { maxTokensPerBatch: 200, shuffle: true, batchSize: 20, collator: xs });
    const epochs = [await all(loader), await all(loader)];
    const sorted = (batches: number[][]) => batches.flat().sort((a, b) => a - b);
    for (const batches of epochs) {
      expect(batches.length).toBe(loader.length);
      expect(sorted(batches)).toEqual(rows.map(({ x }) => x));
      for (const batch of batches) {
        expect(tokens(batch)).toBeLessThanOrEqual(200);
        expect(batch.length).toBeLessThanOrEqual(20);
      }
      const padded = batches.reduce(
        (sum, batch) => sum + batch.length * Math.max(...batch.map((row) => lengths[row])),
        0,
      );
      const real = tokens(batches.flat());
      expect(padded / real).toBeLessThan(1.05); // in a random order this is about 1.7
    }
    expect(epochs[0]).not.toEqual(epochs[1]);
    // Rows change their neighbours, not only the batches their places.
    const members = (batches: number[][]) => new Set(batches.map((batch) => [...batch].sort().join()));
    expect(members(epochs[0])).not.toEqual(members(epochs[1]));
    const again = new DataLoader(rows, { maxTokensPerBatch: 200, shuffle: true, batchSize: 20, collator: xs });
    again.loadStateDict({ epoch: 1, batch: 4 });
    expect(await all(again)).toEqual(epochs[1].slice(4));
  });

  it("refuses a row that no batch can hold", () => {
    const make = () => new TokenBudgetSampler([3, 12, 4], { maxTokens: 10 });
    expect(make).toThrow(DataError);
    expect(make).toThrow(/row 1 has 12 tokens, more than a batch may have \(maxTokensPerBatch 10\)/);
    expect(new TokenBudgetSampler([], { maxTokens: 10 }).length).toBe(0);
  });
});

describe("batches of one's own", () => {
  it("come from a batch sampler", async () => {
    const batchSampler = { length: 2, batches: (epoch: number) => [[epoch, 5], [7]] };
    const loader = new DataLoader(rows, { batchSampler, collator: xs });
    expect(await all(loader)).toEqual([[0, 5], [7]]);
    expect(await all(loader)).toEqual([[1, 5], [7]]);
    const short = new DataLoader(rows, { batchSampler: { length: 2, batches: () => [[1]] }, collator: xs });
    await expect(all(short)).rejects.toThrow(/has 2 batches an epoch, and no batch 1/);
  });

  it.each<[string, object, RegExp]>([
    ["a batch size", { batchSize: 2 }, /leave out batchSize/],
    ["an order", { shuffle: true, seed: 1 }, /leave out shuffle, seed/],
  ])("refuse %s beside it", (_, options, message) => {
    const make = () => new DataLoader(rows, { batchSampler: { length: 0, batches: () => [] }, ...options });
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(message);
  });

  it.each<[object, RegExp]>([
    [{ maxTokensPerBatch: 0 }, /maxTokensPerBatch is 0/],
    [{ maxTokensPerBatch: 9, groupByLength: true }, /leave out groupByLength/],
    [{ maxTokensPerBatch: 99, dropLast: true }, /leave out dropLast/],
    [{ sampler: { length: 1, order: () => [0] }, groupByLength: true }, /leave out groupByLength/],
  ])("refuses %o", (options, message) => {
    expect(() => new DataLoader(rows, options)).toThrow(message);
  });
});

describe("a streamed dataset", () => {
  /** Counts what is read; tells and takes its position. */
  class Stream implements StreamedRows<{ x: number }> {
    read: number[] = [];
    #next = 0;
    #epoch = 0;
    setEpoch(epoch: number): void {
      this.#epoch = epoch;
      this.#next = 0;
    }
    stateDict(): unknown {
      return { next: this.#next };
    }
    loadStateDict(state: unknown): void {
      this.#next = (state as { next: number }).next;
    }
    async *[Symbol.asyncIterator](): AsyncGenerator<{ x: number }> {
      for (; this.#next < 7; ) {
        const x = 100 * this.#epoch + this.#next++;
        this.read.push(x);
        yield { x };
      }
    }
  }
  const options: DataLoaderOptions<{ x: number }, number[]> = { batchSize: 2, collator: xs, prefetch: 2 };

  it("comes in batches, epoch after epoch, without a length", async () => {
    const loader = new DataLoader(new Stream(), options);
    expect(loader.length).toBe(Infinity);
    expect(await all(loader)).toEqual([[0, 1], [2, 3], [4, 5], [6]]);
    expect(await all(loader)).toEqual([[100, 101], [102, 103], [104, 105], [106]]);
    expect(loader.stateDict()).toEqual({ epoch: 2, batch: 0 });
    expect(await all(new DataLoader(new Stream(), { ...options, dropLast: true }))).toHaveLength(3);
    const iterable = {
      *[Symbol.iterator]() {
        yield* [{ x: 1 }, { x: 2 }, { x: 3 }];
      },
    };
    expect(await all(new DataLoader<{ x: number }, number[]>(iterable, options))).toEqual([[1, 2], [3]]);
  });

  it("goes on where its state was taken, reading no row before it", async () => {
    const loader = new DataLoader(new Stream(), options);
    let state = loader.stateDict();
    for await (const batch of loader) if (batch[0] === 2) state = loader.stateDict();
    expect(state).toEqual({ epoch: 0, batch: 2, stream: { next: 4 } });
    const stream = new Stream();
    const resumed = new DataLoader(stream, options);
    resumed.loadStateDict(JSON.parse(JSON.stringify(state)));
    expect(await all(resumed)).toEqual([[4, 5], [6]]);
    expect(stream.read).toEqual([4, 5, 6]);
    expect((await all(resumed))[0]).toEqual([100, 101]);
  });

  it("is read again up to there where it cannot tell its position, and says so", async () => {
    const said = vi.spyOn(terminal, "writeLine").mockImplementation(() => {});
    const stream = {
      async *[Symbol.asyncIterator]() {
        for (let x = 0; x < 5; x++) yield { x };
      },
    };
    const loader = new DataLoader<{ x: number }, number[]>(stream, options);
    loader.loadStateDict({ epoch: 0, batch: 1 });
    expect(await all(loader)).toEqual([[2, 3], [4]]);
    expect(said.mock.calls.flat().join()).toMatch(/its first 2 rows are read again/);
    said.mockRestore();
  });

  it("refuses an order of the loader's", () => {
    expect(() => new DataLoader(new Stream(), { ...options, shuffle: true })).toThrow(ConfigError);
    expect(() => new DataLoader(new Stream(), { ...options, shuffle: true })).toThrow(
      /its own shuffle.*leave out shuffle/,
    );
  });
});

describe("the share of padding", () => {
  it("is said once by a loader that trains, with its numbers", async () => {
    const said = vi.spyOn(terminal, "writeLine").mockImplementation(() => {});
    const tokenizer = small();
    const texts = ["a", "b c d", "e", "f g h"].map((text) => tokenizer(text));
    const collator = new DataCollatorWithPadding(tokenizer);
    const loader = new DataLoader(texts, { batchSize: 4, shuffle: true, collator });
    await all(loader);
    await all(loader);
    const lines = said.mock.calls.flat().filter((line) => line.includes("padding"));
    expect(lines).toEqual([
      "attune: epoch 0: 20.0 % of 20 positions in its batches were padding, which is not computed",
    ]);
    said.mockRestore();
  });
});
