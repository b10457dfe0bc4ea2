// A loader as one of several that share the batches: together they give what one gives, each row once.
import { describe, expect, it } from "vitest";
import { DataLoader, type DataLoaderOptions } from "../../src/batches/index.js";

interface Row {
  readonly id: number;
}
const rows: Row[] = Array.from({ length: 11 }, (_, id) => ({ id }));
const collator = (batch: readonly Row[]) => batch.map(({ id }) => id);

type Options = DataLoaderOptions<Row, number[]>;

/** Batches of each share of an epoch; those of fillers in negative numbers. */
async function shares(
  size: number,
  options: Options,
  data: readonly Row[] | Iterable<Row> = rows,
): Promise<number[][][]> {
  return Promise.all(
    Array.from({ length: size }, async (_, rank) => {
      const loader = new DataLoader(data as Row[], { collator, ...options });
      loader.shard(rank, size);
      const given: number[][] = [];
      for await (const batch of loader) given.push(loader.filler ? batch.map((id) => -id) : batch);
      if (loader.length !== Infinity) expect(given.length).toBe(loader.length);
      return given;
    }),
  );
}

describe("a share of a loader", () => {
  it("has every size-th batch; who has none at the end gets a filler", async () => {
    expect(await shares(2, { batchSize: 3 })).toEqual([
      [
        [0, 1, 2],
        [6, 7, 8],
      ],
      [
        [3, 4, 5],
        [9, 10],
      ],
    ]);
    expect(await shares(3, { batchSize: 3 })).toEqual([
      [
        [0, 1, 2],
        [9, 10],
      ],
      [
        [3, 4, 5],
        [-9, -10],
      ],
      [
        [6, 7, 8],
        [-9, -10],
      ],
    ]);
  });

  it("has the rows of one loader in a random order, too, and leaves uneven ends out with dropLast", async () => {
    const options = { batchSize: 2, shuffle: true, seed: 3 };
    const [[...whole]] = await shares(1, options);
    const [a, b] = await shares(2, options);
    expect(whole).toEqual([a[0], b[0], a[1], b[1], a[2], b[2]]);
    const dropped = await shares(2, { ...options, dropLast: true });
    expect(dropped.map((share) => share.length)).toEqual([2, 2]); // five whole batches make two for each
  });

  it("has its part of a stream", async () => {
    const stream = {
      *[Symbol.iterator]() {
        yield* rows;
      },
    };
    expect(await shares(2, { batchSize: 4 }, stream)).toEqual([
      [
        [0, 1, 2, 3],
        [8, 9, 10],
      ],
      [
        [4, 5, 6, 7],
        [-8, -9, -10],
      ],
    ]);
  });

  it("goes on at its own place", async () => {
    const loader = new DataLoader(rows, { collator, batchSize: 2 });
    loader.shard(1, 2);
    for await (const _ of loader) break;
    expect(loader.stateDict()).toEqual({ epoch: 0, batch: 1 });
    const later = new DataLoader(rows, { collator, batchSize: 2 });
    later.shard(1, 2);
    later.loadStateDict(loader.stateDict());
    const given: number[][] = [];
    for await (const batch of later) given.push(batch);
    expect(given).toEqual([[6, 7], [10]]);
    expect(() => loader.shard(2, 2)).toThrow(/number 2 of 2/);
  });
});
