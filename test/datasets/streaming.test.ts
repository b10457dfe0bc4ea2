// Streamed datasets: rows as they come, in Python's orders (python/streams.py), and states from which they go on.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { DataLoader } from "../../src/batches/index.js";
import {
  ClassLabel,
  concatenateDatasets,
  Dataset,
  IterableDataset,
  IterableDatasetDict,
  interleaveDatasets,
  loadDataset,
  type StoppingStrategy,
  Value,
} from "../../src/datasets/index.js";
import { ConfigError, DataError, FileFormatError } from "../../src/support/errors.js";
import { runs } from "../runs.js";
import { describeShared, sharedPath } from "../shared.js";
import { folderOf, huggingface, parquet } from "./files.js";

const python = JSON.parse(readFileSync(new URL("python/streams.json", import.meta.url), "utf8")) as {
  shuffle: { rows: number; buffer: number; seed: number; epoch: number; ids: number[] }[];
  interleave: { strategy: StoppingStrategy; probabilities: number[] | null; seed: number; ids: number[] }[];
  batch: number[][];
  repeat: number[];
};

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const count = (from: number, to: number, numShards = 1) =>
  Dataset.fromColumns({ id: range(from, to) }).toIterableDataset({ numShards });
const ids = async (dataset: IterableDataset<{ id: number }>) => (await dataset.toArray()).map(({ id }) => id);

/** A folder with `files` files of JSON Lines of `rows` rows each, numbered through. */
function lines(files: number, rows: number): Promise<string> {
  const content = (file: number) => range(file * rows, (file + 1) * rows).map((id) => `{"id": ${id}}\n`);
  return folderOf(Object.fromEntries(range(0, files).map((file) => [`part-${file}.jsonl`, content(file).join("")])));
}

describe("the orders of Python's streams", () => {
  it.each(python.shuffle)("shuffle of $rows rows, buffer $buffer, seed $seed, epoch $epoch", async (expected) => {
    const shuffled = count(0, expected.rows).shuffle({ seed: expected.seed, bufferSize: expected.buffer });
    shuffled.setEpoch(expected.epoch);
    expect(await ids(shuffled)).toEqual(expected.ids);
  });

  it.each(python.interleave)("interleave $strategy, probabilities $probabilities", async (expected) => {
    const parts = [count(0, 3), count(100, 104), count(200, 206)];
    const both = interleaveDatasets(parts, {
      stoppingStrategy: expected.strategy,
      probabilities: expected.probabilities ?? undefined,
      seed: expected.seed,
    });
    expect(await ids(both)).toEqual(expected.ids);
  });

  it("batch and repeat", async () => {
    expect((await count(0, 7).batch({ batchSize: 3 }).toArray()).map(({ id }) => id)).toEqual(python.batch);
    expect(await ids(count(0, 3).repeat().take(8))).toEqual(python.repeat);
    expect(await ids(count(0, 3).repeat(2))).toEqual([0, 1, 2, 0, 1, 2]);
    expect(await ids(count(0, 0).repeat())).toEqual([]); // and not without an end
    const whole = count(0, 7).batch({ batchSize: 3, dropLastBatch: true });
    expect((await whole.toArray()).length).toBe(2);
  });
});

describe("verbs of a stream", () => {
  it("map, filter, take, skip and columns read only what is asked for", async () => {
    let read = 0;
    const stream = count(0, 1_000_000)
      .map((row) => {
        read++;
        return { double: 2 * row.id, text: `n${row.id}` };
      })
      .filter((row) => row.double % 4 === 0)
      .skip(1)
      .renameColumn("text", "name")
      .removeColumns("id")
      .take(3);
    expectTypeOf(await stream.toArray()).toEqualTypeOf<{ double: number; name: string }[]>();
    expect(await stream.toArray()).toEqual([
      { double: 4, name: "n2" },
      { double: 8, name: "n4" },
      { double: 12, name: "n6" },
    ]);
    expect(read).toBe(14); // seven rows each time
  });

  it("map over batches, with declared inputs and another number of rows", async () => {
    const twice = count(0, 5).map(
      (rows, { times, indices }) => ({
        n: rows.id.flatMap((id) => Array.from({ length: times }, () => id)),
        at: indices.flatMap((at) => [at, at]),
      }),
      { batched: true, batchSize: 2, removeColumns: "id", with: { times: 2 } },
    );
    expect((await twice.toArray()).map(({ n }) => n)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    const kept = count(0, 3).map((rows) => ({ n: [...rows.id, 1] }), { batched: true });
    await expect(kept.toArray()).rejects.toThrow('returned 4 rows for rows 0 to 2, beside which "id" cannot be kept');
    const ragged = count(0, 3).map((rows) => ({ n: rows.id, m: [1] }), { batched: true });
    await expect(ragged.toArray()).rejects.toThrow('returned 1 values as column "m" for rows 0 to 2, 3 as "n"');
  });

  it("functions are given the columns that they ask for, and whole batches only", async () => {
    const rows = count(0, 5).map(({ id }) => ({ text: `n${id}`, odd: id % 2 }));
    const seen: object[] = [];
    const kept = rows.filter((row) => seen.push(row) > 0, { inputColumns: ["odd"] });
    const mapped = kept.map((row) => ({ names: Object.keys(row).join() }), { inputColumns: "text" });
    expect(await mapped.take(1).toArray()).toEqual([{ id: 0, text: "n0", odd: 0, names: "text" }]);
    expect(seen[0]).toEqual({ odd: 0 });
    const batches = rows.map((columns) => ({ sizes: columns.id.map(() => Object.keys(columns).join()) }), {
      ...{ batched: true, batchSize: 2, dropLastBatch: true, inputColumns: "id" },
    });
    expect((await batches.toArray()).map(({ id, sizes }) => [id, sizes])).toEqual([0, 1, 2, 3].map((id) => [id, "id"]));
    expect(() => count(0, 5).filter(() => true, { inputColumns: "ids" as never })).toThrow('did you mean "id"?');
  });

  it("errors of functions name the row", async () => {
    const fails = count(0, 50_000).map((row) => {
      if (row.id === 41_217) throw new Error("boom");
      return {};
    });
    await expect(fails.toArray()).rejects.toThrow("map: the function threw at row 41217: Error: boom");
    await expect(
      count(0, 3)
        .filter(() => 1 as unknown as boolean)
        .toArray(),
    ).rejects.toThrow("filter: the function returned 1 for row 0: return true or false");
    await expect(
      count(0, 3)
        .map(() => 5 as unknown as object)
        .toArray(),
    ).rejects.toThrow("map: the function returned a number for row 0");
  });

  it("cast converts as rows come and names the row that cannot be", async () => {
    const text = count(0, 3).castColumn("id", new Value("string"));
    expect(await text.toArray()).toEqual([{ id: "0" }, { id: "1" }, { id: "2" }]);
    expect(text.features?.id).toEqual(new Value("string"));
    const labels = count(0, 3).castColumn("id", new ClassLabel({ names: ["a", "b"] }));
    await expect(labels.toArray()).rejects.toThrow('column "id" holds the label 2, outside the 2 classes');
    expect(() =>
      count(0, 3)
        .map((row) => row)
        .castColumn("id", new Value("string")),
    ).toThrow("is not known after map");
  });

  it("refuses columns that are not there and wrong numbers at once", () => {
    expect(() => count(0, 1).removeColumns("ids" as "id")).toThrow('no column "ids"');
    expect(() => count(0, 1).shuffle({ bufferSize: 0 })).toThrow(ConfigError);
    expect(() => count(0, 1).shuffle({ seed: -1 })).toThrow(ConfigError);
    expect(() => count(0, 1).take(-1)).toThrow(ConfigError);
    expect(() => count(0, 1).map((row) => row, { with: { index: 1 } })).toThrow(ConfigError);
  });

  it("is a dataset of rows that are not known, where nobody asks for more", () => {
    const untyped: IterableDataset = count(0, 1);
    expect(untyped.columnNames).toEqual(["id"]);
    expect(() => Dataset.fromColumns({ id: [1] }).toIterableDataset({ numShards: 0 })).toThrow(ConfigError);
  });

  it("says what it is", () => {
    expect(String(count(0, 1))).toBe("IterableDataset { features: [ 'id' ], num_shards: 1 }");
    expect(String(count(0, 1).map((row) => row))).toContain("'unknown'");
  });
});

describe("shards", () => {
  it("are files where there are enough, else every n-th row, and together all rows once", async () => {
    for (const [files, shards] of [
      [4, 2],
      [5, 3],
      [1, 3],
    ]) {
      const stream = count(0, 20, files);
      const parts = await Promise.all(range(0, shards).map((index) => ids(stream.shard({ numShards: shards, index }))));
      expect(parts.flat().sort((a, b) => a - b)).toEqual(range(0, 20));
    }
    expect(await ids(count(0, 6, 3).shard({ numShards: 3, index: 1 }))).toEqual([2, 3]);
    expect(await ids(count(0, 6, 3).shard({ numShards: 2, index: 1, contiguous: false }))).toEqual([2, 3]);
    expect(await ids(count(0, 6, 3).take(4).shard({ numShards: 2, index: 1 }))).toEqual([1, 3]);
    const both = concatenateDatasets([count(0, 4, 2), count(10, 14, 2)]);
    expect(both.numShards).toBe(4);
    expect(await ids(both.shard({ numShards: 2, index: 1 }))).toEqual([10, 11, 12, 13]);
  });

  it("are shuffled with the rows, but not beneath take and skip", async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 8; seed++)
      orders.add(String((await ids(count(0, 4, 4).shuffle({ seed, bufferSize: 1 }))).join()));
    expect(orders.size).toBeGreaterThan(1);
    for (let seed = 0; seed < 8; seed++) {
      const first = count(0, 100, 10).take(3).shuffle({ seed });
      expect((await ids(first)).sort()).toEqual([0, 1, 2]);
    }
  });
});

describe("a state", () => {
  const pipelines: Record<string, () => IterableDataset<{ id: number }>> = {
    source: () => count(0, 23, 3),
    map: () => count(0, 23).map((row) => ({ id: row.id + 1 })),
    "batched map": () =>
      count(0, 23).map((rows) => ({ id: rows.id.map((id) => -id) }), { batched: true, batchSize: 5 }),
    "map to more rows": () =>
      count(0, 23).map((rows) => ({ id: rows.id.flatMap((id) => [id, id]) }), { batched: true, batchSize: 4 }),
    filter: () => count(0, 23).filter((row) => row.id % 3 !== 1),
    shuffle: () => count(0, 23, 3).shuffle({ seed: 5, bufferSize: 7 }),
    "take and skip": () => count(0, 23).skip(3).take(15),
    repeat: () => count(0, 7).repeat(3),
    shard: () => count(0, 23).shard({ numShards: 2, index: 1 }),
    concatenate: () => concatenateDatasets([count(0, 5), count(5, 9).shuffle({ seed: 1 }), count(9, 12)]),
    interleave: () =>
      interleaveDatasets([count(0, 5), count(100, 108), count(200, 203)], { stoppingStrategy: "all_exhausted" }),
    "interleave by chance": () =>
      interleaveDatasets([count(0, 5), count(100, 108)], {
        probabilities: [0.3, 0.7],
        seed: 3,
        stoppingStrategy: "all_exhausted_without_replacement",
      }),
    all: () =>
      interleaveDatasets([count(0, 9, 2).repeat(2), count(100, 120).filter((row) => row.id % 2 === 0)], { seed: 1 })
        .shuffle({ seed: 2, bufferSize: 6 })
        .map((rows) => ({ id: rows.id.map((id) => id + 0.5) }), { batched: true, batchSize: 4 })
        .take(17),
  };

  it.each(Object.keys(pipelines))("of %s, through JSON, goes on with the row that would have come", async (name) => {
    const make = pipelines[name];
    const all = await ids(make());
    const stream = make();
    const states = [JSON.stringify(stream.stateDict())];
    for await (const _ of stream) states.push(JSON.stringify(stream.stateDict()));
    expect(states.length).toBe(all.length + 1);
    for (const [given, state] of states.entries()) {
      const resumed = make();
      resumed.loadStateDict(JSON.parse(state));
      expect(await ids(resumed)).toEqual(all.slice(given));
    }
  });

  it("of a file stream reads on in the middle of a file", async () => {
    const folder = await lines(3, 5);
    const open = () => loadDataset<{ id: number }>(folder, { split: "train", streaming: true });
    const stream = await open();
    let state = stream.stateDict();
    for await (const { id } of stream) {
      if (id !== 7) continue;
      state = JSON.parse(JSON.stringify(stream.stateDict()));
      break;
    }
    const resumed = await open();
    resumed.loadStateDict(state);
    expect(await ids(resumed)).toEqual(range(8, 15));
    expect(await ids(resumed)).toEqual(range(0, 15)); // the next iteration begins at the beginning
  });

  it("keeps the rows of a shuffle's buffer, whatever they hold", async () => {
    const rows = [
      { when: new Date(5), bytes: Uint8Array.of(1, 2), ids: Int32Array.from([3]), x: Number.NaN, y: -0, z: null },
      { when: null, bytes: null, ids: Int32Array.from([]), x: Infinity, y: 1, z: { $attune: "date", deep: [1, "a"] } },
    ];
    const make = () =>
      new IterableDataset(IterableDataset.streamOf(count(0, 2)).stream, undefined).map((_, { index }) => rows[index]);
    const stream = make().shuffle({ seed: 1, bufferSize: 10 });
    const given: unknown[] = [];
    for await (const row of stream) {
      given.push(row);
      break;
    }
    const resumed = make().shuffle({ seed: 1, bufferSize: 10 });
    resumed.loadStateDict(JSON.parse(JSON.stringify(stream.stateDict())));
    const all = [...given, ...(await resumed.toArray())];
    expect(all).toEqual(await make().shuffle({ seed: 1, bufferSize: 10 }).toArray());
  });

  it("is refused where it is none", () => {
    expect(() => count(0, 1).loadStateDict({} as never)).toThrow("is not the state of a streamed dataset");
    expect(() => count(0, 1).loadStateDict({ epoch: 0, position: 5 } as never)).toThrow(ConfigError);
  });

  it("is what a DataLoader saves and goes on from, epochs included", async () => {
    const make = () => new DataLoader(count(0, 20).shuffle({ seed: 3, bufferSize: 6 }), { batchSize: 4 });
    const idsOf = async (batch: Record<string, { data(): Promise<ArrayLike<number>> }>) =>
      Array.from(await batch.id.data());
    const whole = make();
    const expected: number[][] = [];
    for (let epoch = 0; epoch < 2; epoch++) for await (const batch of whole) expected.push(await idsOf(batch));
    expect(expected[0]).not.toEqual(expected[5]); // another order in another epoch
    const first = make();
    const given: number[][] = [];
    for await (const batch of first) given.push(await idsOf(batch));
    for await (const batch of first) {
      given.push(await idsOf(batch));
      if (given.length === 7) break;
    }
    const resumed = make();
    resumed.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())));
    for await (const batch of resumed) given.push(await idsOf(batch));
    expect(given).toEqual(expected);
  });

  it("property: shuffled rows are all rows once, whatever buffer, files and place of resumption", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(40),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(1000),
        fc.nat(40),
        async (rows, bufferSize, shards, seed, stop) => {
          const make = () => count(0, rows, shards).shuffle({ seed, bufferSize });
          const stream = make();
          const given: number[] = [];
          if (stop > 0) {
            for await (const { id } of stream) {
              given.push(id);
              if (given.length === stop) break;
            }
          }
          const resumed = make();
          resumed.loadStateDict(JSON.parse(JSON.stringify(stream.stateDict())));
          const all = [...given, ...(await ids(resumed))];
          expect(all).toEqual(await ids(make()));
          expect(all.sort((a, b) => a - b)).toEqual(range(0, rows));
        },
      ),
      { numRuns: runs(60) },
    );
  });
});

describe("loadDataset with streaming", () => {
  it("gives the splits, and a split, and slices from the beginning", async () => {
    const folder = await folderOf({ "train.csv": "id\n0\n1\n2\n3\n", "test.csv": "id\n10\n" });
    const splits = await loadDataset<{ id: number }>(folder, { streaming: true });
    expect(splits).toBeInstanceOf(IterableDatasetDict);
    expect(splits.splitNames).toEqual(["train", "test"]);
    expect(splits.train.features?.id).toEqual(new Value("int64"));
    expect(await ids(splits.each((split) => split.take(1)).test)).toEqual([10]);
    expect(() => splits.validation).toThrow(DataError);
    const slice = async (split: string) => ids(await loadDataset<{ id: number }>(folder, { streaming: true, split }));
    expect(await slice("train[1:3]+test")).toEqual([1, 2, 10]);
    await expect(slice("train[:50%]")).rejects.toThrow(
      "counts in percents, and the length of a streamed dataset is not",
    );
    await expect(slice("train[-2:]")).rejects.toThrow("counts from the end");
  });

  it("reads Parquet by row groups, with a card's features and with those asked for", async () => {
    const file = parquet([{ name: "label", data: [0n, 1n, 1n, 0n, 1n], type: "INT64" }], {
      ...huggingface({ label: { names: ["no", "yes"], _type: "ClassLabel" } }),
      rowGroupSize: 2,
    });
    const path = join(await folderOf({ "a.parquet": file }), "a.parquet");
    const stream = await loadDataset(path, { split: "train", streaming: true });
    expect(stream.features?.label).toEqual(new ClassLabel({ names: ["no", "yes"] }));
    expect((await stream.toArray()).map((row) => row.label)).toEqual([0, 1, 1, 0, 1]);
    let seen = 0;
    for await (const _ of stream) if (++seen === 3) break;
    const resumed = await loadDataset(path, { split: "train", streaming: true });
    resumed.loadStateDict(stream.stateDict());
    expect((await resumed.toArray()).map((row) => row.label)).toEqual([0, 1]);
    const text = await loadDataset(path, { split: "train", streaming: true, features: { label: new Value("string") } });
    expect((await text.take(2).toArray()).map((row) => row.label)).toEqual(["0", "1"]);
  });

  it("tells types from the first rows, and names a later row that is of another type", async () => {
    const numbers = range(0, 11_000).map(String);
    const csv = join(await folderOf({ "a.csv": `x\n${numbers.join("\n")}\nlate\n` }), "a.csv");
    const stream = await loadDataset(csv, { split: "train", streaming: true });
    await expect(stream.toArray()).rejects.toThrow(
      /a\.csv, line 11002: column "x" holds "late", where its first rows told int64: give the types, { features }/,
    );
    const rows = numbers.map((n) => `{"x": ${n}}`).join("\n");
    const json = join(await folderOf({ "a.jsonl": `${rows}\n{"x": "late"}\n` }), "a.jsonl");
    await expect((await loadDataset(json, { split: "train", streaming: true })).toArray()).rejects.toThrow(
      /a\.jsonl, line 11001: column "x" holds "late", where the first rows told Value\("int64"\)/,
    );
    const more = join(await folderOf({ "a.jsonl": `${rows}\n{"x": 1, "y": 2}\n` }), "a.jsonl");
    await expect((await loadDataset(more, { split: "train", streaming: true })).toArray()).rejects.toThrow(
      'the row has a column "y", which the first rows did not have',
    );
  });

  it("finds a damaged file when it comes to it", async () => {
    const folder = await folderOf({ "a.jsonl": '{"id": 1}\n', "b.jsonl": '{"id": 2}\n{"id":' });
    await expect(loadDataset(folder, { split: "train", streaming: true })).rejects.toThrow(FileFormatError);
    const options = { split: "train", streaming: true, features: { id: new Value("int64") } } as const;
    const stream = await loadDataset(folder, options);
    const given: unknown[] = [];
    const reading = (async () => {
      for await (const row of stream) given.push(row);
    })();
    await expect(reading).rejects.toThrow(/b\.jsonl, line 2/);
    expect(given).toEqual([{ id: 1 }]);
  });

  it("cannot stand in one list with stored datasets", () => {
    const mixed = [count(0, 1), Dataset.fromColumns({ id: [1] })] as unknown as Dataset[];
    expect(() => concatenateDatasets(mixed)).toThrow("stored and streamed datasets stand in one list");
    expect(() =>
      concatenateDatasets([count(0, 1), count(0, 1).castColumn("id", new Value("string"))] as IterableDataset[]),
    ).toThrow('column "id" is Value("string") in one dataset, Value("int64") in another');
  });
});

describeShared("GLUE, streamed", () => {
  it("gives the rows of the stored one", async () => {
    const path = sharedPath("hub/datasets/nyu-mll/glue");
    const streamed = await loadDataset(path, "mrpc", { split: "validation", streaming: true });
    const stored = await loadDataset(path, "mrpc", { split: "validation" });
    expect(await streamed.toArray()).toEqual(stored.slice());
    expect(streamed.features).toEqual(stored.features);
  });
});
