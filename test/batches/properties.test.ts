// What holds of a loader whatever its options: every row once, an epoch that can be entered anywhere, shares that are a whole.
import fc from "fast-check";
import { expect, it } from "vitest";
import { DataLoader, type DataLoaderOptions } from "../../src/batches/index.js";

interface Row {
  readonly number: number;
  readonly input_ids: readonly number[];
}

const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 });
const batchSize = fc.integer({ min: 1, max: 9 });
const seed = fc.integer();
const order = fc.oneof(
  fc.record({ batchSize, dropLast: fc.boolean(), shuffle: fc.boolean(), seed }),
  fc.record({ batchSize, dropLast: fc.boolean(), groupByLength: fc.constant(true), seed }),
  fc.record({ maxTokensPerBatch: fc.integer({ min: 30, max: 90 }), batchSize, shuffle: fc.boolean(), seed }),
);
const prefetch = fc.integer({ min: 0, max: 3 });
const epoch = fc.integer({ min: 0, max: 3 });

function rowsOf(lengths: readonly number[]): Row[] {
  return lengths.map((length, number) => ({ number, input_ids: Array(length).fill(1) }));
}

/** The numbers of the rows of each batch of an epoch, from batch `first` on. */
async function walk(loader: DataLoader<Row, number[]>, epoch: number, first = 0): Promise<number[][]> {
  loader.loadStateDict({ epoch, batch: first });
  const batches: number[][] = [];
  for await (const batch of loader) if (!loader.filler) batches.push(batch);
  return batches;
}

const load = (rows: readonly Row[], options: DataLoaderOptions<Row, number[]>) =>
  new DataLoader(rows, { ...options, collator: (batch) => batch.map(({ number }) => number) });

it("an epoch has every row once, but for a last batch that is dropped", async () => {
  await fc.assert(
    fc.asyncProperty(lengths, order, prefetch, epoch, async (lengths, order, prefetch, epoch) => {
      const loader = load(rowsOf(lengths), { ...order, prefetch });
      const batches = await walk(loader, epoch);
      expect(batches).toHaveLength(loader.length);
      const seen = batches.flat().sort((a, b) => a - b);
      expect(new Set(seen).size).toBe(seen.length);
      const dropped = "dropLast" in order && order.dropLast ? lengths.length % order.batchSize : 0;
      expect(seen).toHaveLength(lengths.length - dropped);
      if ("maxTokensPerBatch" in order) {
        for (const batch of batches) {
          const tokens = batch.reduce((sum, row) => sum + lengths[row], 0);
          expect(tokens).toBeLessThanOrEqual(order.maxTokensPerBatch);
          expect(batch.length).toBeLessThanOrEqual(order.batchSize);
        }
      }
    }),
  );
});

it("an epoch that is entered at a batch goes on as it would have", async () => {
  await fc.assert(
    fc.asyncProperty(lengths, order, prefetch, epoch, fc.nat(), async (lengths, order, prefetch, epoch, place) => {
      const rows = rowsOf(lengths);
      const loader = load(rows, { ...order, prefetch });
      const batches = await walk(loader, epoch);
      const first = place % Math.max(1, loader.length);
      expect(await walk(load(rows, order), epoch, first)).toEqual(batches.slice(first));
    }),
  );
});

it("the shares of several are the batches of one, in turn", async () => {
  const size = fc.integer({ min: 1, max: 4 });
  await fc.assert(
    fc.asyncProperty(lengths, order, size, epoch, async (lengths, order, size, epoch) => {
      const rows = rowsOf(lengths);
      const whole = await walk(load(rows, order), epoch);
      const shares = await Promise.all(
        Array.from({ length: size }, (_, rank) => {
          const loader = load(rows, order);
          loader.shard(rank, size);
          return walk(loader, epoch);
        }),
      );
      const together = whole.map((_, batch) => shares[batch % size][Math.floor(batch / size)]);
      const complete = "dropLast" in order && order.dropLast ? whole.length - (whole.length % size) : whole.length;
      expect(together.slice(0, complete)).toEqual(whole.slice(0, complete));
      expect(shares.flat()).toHaveLength(complete);
    }),
  );
});
