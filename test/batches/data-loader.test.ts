// DataLoader: order, epochs, position, and its pace beside the device's.
import { beforeEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { DataCollatorWithPadding, DataLoader, type DataLoaderOptions, RandomSampler } from "../../src/batches/index.js";
import { Dataset } from "../../src/datasets/index.js";
import { ConfigError, DataError, DeviceError } from "../../src/support/errors.js";
import { type Tensor, tensor } from "../../src/tensor/index.js";
import { describeShared, hasShared, sharedJson } from "../shared.js";
import { small } from "../tokenizers/small.js";

// Fences in the hands of the tests: each stays closed until it is opened or broken.
const device = vi.hoisted(() => ({
  fences: [] as { open: () => void; fail: (error: Error) => void }[],
  closed: false,
}));
vi.mock("../../src/tensor/fence.js", () => ({
  fence: () => {
    let settle = { open: () => {}, fail: (_: Error) => {} };
    const passed = new Promise<void>((open, fail) => {
      settle = { open, fail };
    });
    passed.catch(() => {});
    if (!device.closed) settle.open();
    device.fences.push(settle);
    return { wait: () => passed };
  },
}));
beforeEach(() => {
  device.fences.length = 0;
  device.closed = false;
});

const numbers = (n: number) => Array.from({ length: n }, (_, x) => ({ x }));
const xs = { collator: (rows: readonly { x: number }[]) => rows.map(({ x }) => x) };
const load = (n: number, options: DataLoaderOptions<{ x: number }, number[]> = {}) =>
  new DataLoader(numbers(n), { ...xs, ...options });

async function all<T>(batches: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = [];
  for await (const batch of batches) result.push(batch);
  return result;
}

/** Takes `count` batches and leaves the loop. */
async function take<T>(batches: AsyncIterable<T>, count: number): Promise<T[]> {
  const result: T[] = [];
  for await (const batch of batches) {
    result.push(batch);
    if (result.length === count) break;
  }
  return result;
}

/** Lets everything happen that can happen without the device. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

describe("batches", () => {
  it("are the rows in order, the last one shorter or dropped", async () => {
    expect(await all(load(7, { batchSize: 3 }))).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(load(7, { batchSize: 3 }).length).toBe(3);
    expect(await all(load(7, { batchSize: 3, dropLast: true }))).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(load(7, { batchSize: 3, dropLast: true }).length).toBe(2);
    expect(await all(load(2))).toEqual([[0], [1]]);
    expect(await all(load(0, { batchSize: 4 }))).toEqual([]);
  });

  it("come from a sampler", async () => {
    const sampler = { length: 4, order: (epoch: number) => [3, 1, epoch, 0] };
    const loader = load(5, { batchSize: 2, sampler });
    expect(await all(loader)).toEqual([
      [3, 1],
      [0, 0],
    ]);
    expect(await all(loader)).toEqual([
      [3, 1],
      [1, 0],
    ]);
    await expect(all(load(2, { sampler }))).rejects.toThrow(new DataError("the dataset of 2 rows has no row 3"));
  });

  it("are collated by default, with the dataset's features", async () => {
    const dataset = Dataset.fromColumns({ x: [1, 2, 3], score: Float32Array.of(5, 4, 3) });
    const [batch] = await take(new DataLoader(dataset, { batchSize: 2, shuffle: true, seed: 1 }), 1);
    expectTypeOf(batch.x).toEqualTypeOf<Tensor>();
    expect([batch.x.dtype, batch.score.dtype]).toEqual(["int32", "float32"]);
  });

  it("take the collator's type", async () => {
    const tokenizer = small();
    const rows = ["a", "b c"].map((text, label) => ({ ...tokenizer(text), label }));
    const loader = new DataLoader(rows, { batchSize: 2, collator: new DataCollatorWithPadding(tokenizer) });
    for await (const batch of loader) {
      expectTypeOf(batch.input_ids).toEqualTypeOf<Tensor>();
      expect(batch.labels.shape).toEqual([2]);
      expect(batch.input_ids.shape).toEqual([2, 4]);
    }
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      "a dataset of several splits",
      () => new DataLoader({ train: [] } as never),
      /give one split, such as dataset.train/,
    ],
    [
      "Python's spelling",
      () => load(1, { batch_size: 2 } as never),
      /no option "batch_size"; did you mean batchSize\?/,
    ],
    ["torch's name", () => load(1, { collateFn: () => ({}) } as never), /"collateFn"; did you mean collator\?/],
    ["a seed that is none", () => load(1, { shuffle: true, seed: 0.5 }), /seed is 0.5; a whole number/],
    ["an empty batch", () => load(1, { batchSize: 0 }), /batchSize is 0/],
    ["two orders", () => load(1, { shuffle: true, sampler: new RandomSampler(1, 0) }), /leave out shuffle/],
    ["a place beyond the end", () => load(4).loadStateDict({ epoch: 0, batch: 5 }), /has 4 batches an epoch/],
    ["an epoch that is none", () => load(4).setEpoch(-1), /epoch is -1/],
  ])("refuse %s", (_, make, message) => {
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(message);
  });
});

describe("epochs and positions", () => {
  it("shuffle anew each epoch, and again alike from the same seed", async () => {
    const loader = load(20, { shuffle: true, seed: 3, batchSize: 4 });
    const epochs = [await all(loader), await all(loader)];
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(epochs.map((epoch) => epoch.flat().toSorted((a, b) => a - b))).toEqual([
      numbers(20).map(({ x }) => x),
      numbers(20).map(({ x }) => x),
    ]);
    const again = load(20, { shuffle: true, seed: 3, batchSize: 4 });
    again.setEpoch(1);
    expect(await all(again)).toEqual(epochs[1]);
    expect(again.epoch).toBe(2);
  });

  it("go on exactly where a state was taken, reading no row before it", async () => {
    const loader = load(20, { shuffle: true, batchSize: 3, prefetch: 3 });
    await all(loader);
    const rest: number[][] = [];
    let state = loader.stateDict();
    let taken = 0;
    for await (const batch of loader) {
      taken++;
      if (taken === 3) state = loader.stateDict();
      if (taken > 3) rest.push(batch);
    }
    expect(state).toEqual({ epoch: 1, batch: 3 });
    const read: number[] = [];
    const at = (x: number) => {
      read.push(x);
      return { x };
    };
    const rows = { length: 20, at };
    const resumed = new DataLoader(rows, { ...xs, shuffle: true, batchSize: 3 });
    resumed.loadStateDict(JSON.parse(JSON.stringify(state)));
    expect(await all(resumed)).toEqual(rest);
    expect(read.sort()).toEqual(rest.flat().sort());
    expect(await all(resumed)).toEqual(await all(loader)); // and the epoch after it
  });

  it("stand at the next epoch after the last batch", async () => {
    const loader = load(4, { batchSize: 2 });
    const states = [];
    for await (const _ of loader) states.push(loader.stateDict());
    expect(states).toEqual([
      { epoch: 0, batch: 1 },
      { epoch: 1, batch: 0 },
    ]);
    loader.loadStateDict({ epoch: 4, batch: 2 });
    expect(loader.epoch).toBe(5);
  });

  it("leave an epoch that was left early", async () => {
    const loader = load(6, { batchSize: 2 });
    expect(await take(loader, 2)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(loader.stateDict()).toEqual({ epoch: 0, batch: 2 });
    expect(loader.epoch).toBe(1);
    expect(await all(loader)).toHaveLength(3);
  });
});

describeShared("the order of a seed", () => {
  const orders = hasShared
    ? sharedJson<{ torch_randperm: Record<string, number[]> }>("fixtures/orders.json").torch_randperm
    : {};

  it("is torch's, epoch e with seed + e", async () => {
    const loader = load(3668, { shuffle: true, batchSize: 8, seed: 42 });
    expect((await all(loader)).flat()).toEqual(orders["42"]);
    expect((await all(loader)).flat()).toEqual(orders["43"]);
    expect((await all(load(3668, { shuffle: true, batchSize: 100, seed: 0 }))).flat()).toEqual(orders["0"]);
  });
});

describe("the pace of a loader", () => {
  it("waits before batch k for the fence of batch k - 2, and makes the next ones meanwhile", async () => {
    device.closed = true;
    const made: number[] = [];
    const collator = ([{ x }]: readonly { x: number }[]) => {
      made.push(x);
      return [x];
    };
    const loader = load(8, { collator, prefetch: 2 });
    const batches = loader[Symbol.asyncIterator]();
    expect((await batches.next()).value).toEqual([0]);
    expect((await batches.next()).value).toEqual([1]);
    const third = vi.fn();
    const waiting = batches.next().then(third);
    await settle();
    expect(third).not.toHaveBeenCalled(); // the device has not done what stood before batch 0
    expect(made).toEqual([0, 1, 2, 3, 4]); // batch 2, and two ahead
    expect(loader.stateDict()).toEqual({ epoch: 0, batch: 2 });
    device.fences[0].open();
    await waiting;
    expect(third).toHaveBeenCalledWith({ done: false, value: [2] });
    expect(device.fences).toHaveLength(3);
    device.closed = false;
    for (const fence of device.fences) fence.open();
    expect((await all({ [Symbol.asyncIterator]: () => batches })).flat()).toEqual([3, 4, 5, 6, 7]);
  });

  it("gives timers their turn before each batch", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    for await (const _ of load(30)) {
      const end = performance.now() + 3; // a step that blocks
      while (performance.now() < end);
    }
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(20);
  });

  it("throws the device's error where it waits, once, with nothing unhandled", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    device.closed = true;
    const batches = load(8)[Symbol.asyncIterator]();
    await batches.next();
    await batches.next();
    const next = batches.next();
    const failed = expect(next).rejects.toThrow(DeviceError);
    await settle();
    device.fences[0].fail(new DeviceError("gemm at step 1"));
    await failed;
    await settle();
    expect(unhandled).not.toHaveBeenCalled();
    process.off("unhandledRejection", unhandled);
    expect(await batches.next()).toEqual({ done: true, value: undefined });
  });

  it("frees the batches that nobody will get", async () => {
    device.closed = true;
    const made: Tensor[] = [];
    const collator = ([{ x }]: readonly { x: number }[]) => {
      const t = tensor([x]);
      made.push(t);
      return { t };
    };
    const batches = new DataLoader(numbers(8), { collator, prefetch: 2 })[Symbol.asyncIterator]();
    await batches.next();
    await batches.next();
    const third = batches.next();
    await settle();
    device.fences[0].open();
    await third;
    await batches.return();
    expect(made.map(({ disposed }) => disposed)).toEqual([false, false, false, true, true]);
  });
});
