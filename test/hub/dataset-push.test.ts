// pushToHub of datasets: files and card as Python's push_to_hub leaves them, configurations and splits beside each other.
import { readdirSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  ClassLabel,
  Dataset,
  DatasetDict,
  IterableDatasetDict,
  List,
  loadDataset,
  Value,
} from "../../src/datasets/index.js";
import { updatedCard } from "../../src/datasets/publish/card.js";
import { loopback, quick } from "./loopback.js";
import { commit, smallFile } from "./server/repositories.js";

const context = loopback("hub-dataset");

beforeEach(() => {
  context.hub.accounts.set("hf_ann", { name: "ann" });
  process.env.HF_TOKEN = "hf_ann";
});

const features = { text: new Value("string"), label: new ClassLabel({ names: ["fine", "bad"] }) };

function reviews(count: number, first = 0): Dataset<{ text: string; label: number }> {
  const rows = Array.from({ length: count }, (_, i) => ({ text: `review ${first + i}`, label: i % 2 }));
  return Dataset.fromRows(rows, { features });
}

function matter(text: string): Record<string, unknown> {
  return parse(/^---\n(.*?)\n---\n/s.exec(text)?.[1] ?? "") as Record<string, unknown>;
}

async function card(id: string): Promise<string> {
  return context.hub.text("dataset", id, "README.md");
}

describe("splits", () => {
  it("become Parquet files and a card in one commit, and load as they were", async () => {
    const { hub } = context;
    const raw = new DatasetDict({ train: reviews(30), validation: reviews(10, 30) });
    const { url } = await raw.pushToHub("reviews", { private: true, commitMessage: "Reviews" });
    expect(url).toBe(`${hub.endpoint}/datasets/ann/reviews`);
    const repository = hub.repositories.get("datasets/ann/reviews");
    expect([...(repository?.commits.values() ?? [])].map(({ title }) => title)).toEqual(["initial commit", "Reviews"]);
    expect(repository?.private).toBe(true);
    const files = hub.files("dataset", "ann/reviews");
    expect([...files.keys()].sort()).toEqual([
      ".gitattributes",
      "README.md",
      "data/train-00000-of-00001.parquet",
      "data/validation-00000-of-00001.parquet",
    ]);
    const size = (path: string) => files.get(path)?.content.size ?? 0;
    const { dataset_info: info, configs } = matter(await card("ann/reviews")) as {
      dataset_info: Record<string, unknown>;
      configs: unknown;
    };
    expect(info.features).toEqual([
      { name: "text", dtype: "string" },
      { name: "label", dtype: { class_label: { names: { "0": "fine", "1": "bad" } } } },
    ]);
    expect(info.splits).toMatchObject([
      { name: "train", num_examples: 30 },
      { name: "validation", num_examples: 10 },
    ]);
    expect(info.download_size).toBe(
      size("data/train-00000-of-00001.parquet") + size("data/validation-00000-of-00001.parquet"),
    );
    expect(configs).toEqual([
      {
        config_name: "default",
        data_files: [
          { split: "train", path: "data/train-*" },
          { split: "validation", path: "data/validation-*" },
        ],
      },
    ]);
    const again = await loadDataset("ann/reviews");
    expect(again.numRows).toEqual({ train: 30, validation: 10 });
    expect(again.train.slice(0, 30)).toEqual(raw.train.slice(0, 30));
    expect(again.train.features.label).toEqual(features.label);
  });

  it("are of several files where asked, and replace those of before", async () => {
    const { hub } = context;
    await reviews(10).pushToHub("ann/sharded", { numShards: 3 });
    expect([...hub.files("dataset", "ann/sharded").keys()].filter((path) => path.startsWith("data/"))).toEqual(
      [0, 1, 2].map((i) => `data/train-0000${i}-of-00003.parquet`),
    );
    expect((await loadDataset("ann/sharded")).train.length).toBe(10);
    await reviews(20).pushToHub("ann/sharded", { maxShardSize: 300 });
    const loaded = await loadDataset("ann/sharded");
    expect(loaded.train.slice(0, 20)).toEqual(reviews(20).slice(0, 20));
    expect([...hub.files("dataset", "ann/sharded").keys()].some((path) => path.includes("of-00003"))).toBe(false);
  });

  it("and streams, their rows once they were read, mapped ones too", async () => {
    const stream = reviews(20).toIterableDataset();
    await stream.pushToHub("ann/streamed");
    const { train } = await loadDataset("ann/streamed");
    expect(train.slice()).toEqual(reviews(20).slice());
    expect(train.features).toEqual(features);
    const halves = new IterableDatasetDict({ train: stream.take(12), test: stream.skip(12) });
    await halves
      .each((split) => split.map(({ text }) => ({ length: text.length })))
      .pushToHub("ann/streamed", { configName: "mapped" });
    const mapped = await loadDataset("ann/streamed", "mapped");
    expect(mapped.numRows).toEqual({ train: 12, test: 8 });
    expect(mapped.test.at(0)).toMatchObject({ text: "review 12", length: 9 });
  });

  it("and configurations stand beside those that are there; the card's text and its other fields stay", async () => {
    const { hub } = context;
    const text = "---\nlicense: mit # ours\nlanguage:\n- en\n---\n# Reviews\n\nWritten by hand.\n";
    hub.add("dataset", "ann/several", new Map([["README.md", smallFile(text)]]));
    await reviews(8).pushToHub("ann/several");
    await reviews(4).pushToHub("ann/several", { split: "test" });
    await reviews(6, 50).pushToHub("ann/several", { configName: "french" });
    const written = await card("ann/several");
    expect(written).toMatch(/^---\nlicense: mit # ours\nlanguage:\n *- en\n/);
    expect(written).toMatch(/---\n# Reviews\n\nWritten by hand.\n$/);
    const { dataset_info: infos, configs } = matter(written) as {
      dataset_info: Record<string, unknown>[];
      configs: Record<string, unknown>[];
    };
    expect(infos.map(({ config_name }) => config_name)).toEqual(["default", "french"]);
    expect(configs.map(({ config_name }) => config_name)).toEqual(["default", "french"]);
    expect((await loadDataset("ann/several")).numRows).toEqual({ train: 8, test: 4 });
    expect((await loadDataset("ann/several", "french")).train.at(0).text).toBe("review 50");
    const other = Dataset.fromRows([{ text: "x", stars: 1.5 }]);
    await expect(other.pushToHub("ann/several", { split: "dev" })).rejects.toThrow(
      /has the splits train, test with other features/,
    );
    await expect(new DatasetDict<object>({ a: reviews(1), b: other }).pushToHub("ann/x")).rejects.toThrow(
      /different features/,
    );
  });

  it("read the card again where somebody was faster", async () => {
    const { hub } = context;
    await reviews(4).pushToHub("ann/raced");
    const repository = hub.repositories.get("datasets/ann/raced");
    let meddled = false;
    hub.fault = ({ path }) => {
      if (!path.includes("/commit/") || meddled || repository === undefined) return undefined;
      meddled = true;
      const current = hub.files("dataset", "ann/raced");
      commit(repository, "main", new Map([...current, ["notes.txt", smallFile("mine")]]));
      return undefined;
    };
    await reviews(2).pushToHub("ann/raced", { split: "test", ...quick });
    expect(meddled).toBe(true);
    expect(await hub.text("dataset", "ann/raced", "notes.txt")).toBe("mine");
    expect((await loadDataset("ann/raced")).numRows).toEqual({ train: 4, test: 2 });
  });

  it("that cannot be published stay in a folder, and names that cannot be are refused", async () => {
    const { hub } = context;
    hub.fault = ({ path }) => (path.includes("/commit/") ? { status: 500 } : undefined);
    const error = await reviews(3)
      .pushToHub("ann/never", quick)
      .catch((reason: Error) => reason);
    const [, folder] = /the Parquet files are in (\S+)\. Call pushToHub again/.exec(String(error)) ?? [];
    expect(readdirSync(folder)).toEqual(["train-00000-of-00001.parquet"]);
    hub.seen.length = 0;
    await expect(reviews(3).pushToHub("ann/x", { configName: "data" })).rejects.toThrow(
      /cannot be a configuration's name/,
    );
    await expect(reviews(3).pushToHub("ann/x", { split: "a b" })).rejects.toThrow(/cannot be a split's name/);
    await expect(reviews(3).pushToHub("ann/x", { maxShardSize: "much" })).rejects.toThrow(/maxShardSize is "much"/);
    process.env.HF_TOKEN = "";
    await expect(reviews(3).pushToHub("ann/x")).rejects.toThrow(/publishing needs a login: run `attune login`/);
    expect(hub.seen).toEqual([]);
  });
});

describe("a card", () => {
  const config = { name: "default", dataDir: "data", splits: [], uploaded: 0, replaced: 0, isDefault: false };

  it("has features in the forms that Python reads", () => {
    const nested = {
      ids: new List(new Value("int32")),
      rows: new List({ a: new Value("string"), b: new ClassLabel({ names: ["x"] }) }),
      box: new List(new Value("float32"), { length: 4 }),
      s: { t: new Value("bool") },
    };
    const { dataset_info } = matter(updatedCard(undefined, { ...config, features: nested })) as {
      dataset_info: { features: unknown };
    };
    expect(dataset_info.features).toEqual([
      { name: "ids", list: "int32" },
      {
        name: "rows",
        list: [
          { name: "a", dtype: "string" },
          { name: "b", dtype: { class_label: { names: { "0": "x" } } } },
        ],
      },
      { name: "box", list: "float32", length: 4 },
      { name: "s", struct: [{ name: "t", dtype: "bool" }] },
    ]);
  });

  it("whose YAML is broken is refused, not replaced", () => {
    expect(() => updatedCard("---\na: [\n---\n", { ...config, features: {} })).toThrow(/YAML that cannot be read/);
    expect(() => updatedCard("---\n- a\n---\n", { ...config, features: {} })).toThrow(/no list of fields/);
  });

  it("marks the configuration that is loaded by default, once", () => {
    const first = updatedCard("", { ...config, name: "a", features: {}, isDefault: true });
    const second = updatedCard(first, { ...config, name: "b", features: {}, isDefault: true });
    const { configs } = matter(second) as { configs: Record<string, unknown>[] };
    expect(configs.map(({ config_name, default: chosen }) => [config_name, chosen])).toEqual([
      ["a", undefined],
      ["b", true],
    ]);
  });
});
