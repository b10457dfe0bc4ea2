// Models, tokenizers and datasets by their names on the Hub: the files that are needed, and no others.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint, TorchTensor, writeTorchFile } from "../../src/checkpoint/index.js";
import { loadDataset } from "../../src/datasets/index.js";
import { AutoConfig, AutoModelForSequenceClassification } from "../../src/models/index.js";
import { pipeline } from "../../src/pipelines/index.js";
import { AutoTokenizer } from "../../src/tokenizers/index.js";
import { writeCheckpoint, writeDataset } from "../cli/run.js";
import { describeShared, sharedPath } from "../shared.js";
import { temporaryFolder } from "../trainer/tiny.js";
import { loopback } from "./loopback.js";
import { filesOfFolder, largeBytes, type StoredFile, smallFile } from "./server/repositories.js";

const context = loopback("hub-from");
const folder = temporaryFolder("hub-from-files");

beforeAll(async () => {
  await writeCheckpoint(join(folder, "model"));
  writeDataset(join(folder, "data"), { train: 12, validation: 4, test: 4 });
});

/** The weights of a folder as pytorch_model.bin, or as shards with their index. */
async function pickledWeights(checkpoint: string, shards: number): Promise<Map<string, StoredFile>> {
  await using source = await openCheckpoint(checkpoint);
  const parts = Array.from({ length: shards }, (_, i) => ({
    file: shards === 1 ? "pytorch_model.bin" : `pytorch_model-0000${i + 1}-of-0000${shards}.bin`,
    names: source.names.filter((_, at) => at % shards === i),
  }));
  const files = new Map<string, StoredFile>();
  for (const { file, names } of parts) {
    const path = join(folder, file);
    const tensors = names.map((name) => {
      const { dtype, shape } = source.info(name);
      return [name, new TorchTensor(dtype, shape, () => source.read(name))] as const;
    });
    await writeTorchFile(path, new Map(tensors));
    files.set(file, largeBytes(readFileSync(path)));
  }
  if (shards > 1) {
    const map = parts.flatMap(({ file, names }) => names.map((name) => [name, file] as const));
    const index = { metadata: {}, weight_map: Object.fromEntries(map) };
    files.set("pytorch_model.bin.index.json", smallFile(JSON.stringify(index)));
  }
  return files;
}

function fetched(): string[] {
  return context.hub.seen.flatMap(({ path }) => /\/resolve\/[0-9a-f]{40}\/(.*)$/.exec(path)?.[1] ?? []).sort();
}

describe("a model by its name", () => {
  it("loads with its tokenizer, from two questions and the files that count; offline, too", async () => {
    const { hub } = context;
    const extra = [
      ["pytorch_model.bin", largeBytes(new Uint8Array(100))],
      ["tf_model.h5", largeBytes(new Uint8Array(100))],
      ["vocab.txt", smallFile("x")],
    ] as const;
    hub.add("model", "ann/tiny", new Map([...filesOfFolder(join(folder, "model")), ...extra]));
    const tokenizer = await AutoTokenizer.fromPretrained("ann/tiny");
    const model = await AutoModelForSequenceClassification.fromPretrained("ann/tiny");
    expect(fetched()).toEqual([
      "config.json",
      "model.safetensors",
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    process.env.HF_HUB_OFFLINE = "1";
    const classify = await pipeline("text-classification", "ann/tiny");
    const local = await pipeline("text-classification", model, { tokenizer });
    expect(await classify("a bad day")).toEqual(await local("a bad day"));
    expect((await AutoConfig.fromPretrained("ann/tiny")).model_type).toBe("bert");
  });

  it.each(["whole", "in shards"])("takes pickled weights, %s, where there are no others", async (form) => {
    const name = form === "whole" ? "ann/pickled" : "ann/pickled-shards";
    const files = filesOfFolder(join(folder, "model"));
    const config = files.get("config.json");
    if (config === undefined) throw new Error("the checkpoint has no config.json");
    const pickled = await pickledWeights(join(folder, "model"), form === "whole" ? 1 : 2);
    context.hub.add("model", name, new Map([["config.json", config], ...pickled]));
    const model = await AutoModelForSequenceClassification.fromPretrained(name);
    const local = await AutoModelForSequenceClassification.fromPretrained(join(folder, "model"));
    expect(fetched()).toEqual(["config.json", ...pickled.keys()].sort());
    const parameters = new Map(local.namedParameters());
    for (const [path, parameter] of model.namedParameters()) {
      expect(await parameter.data(), path).toEqual(await parameters.get(path)?.data());
    }
  });

  it("takes a revision, and a cache of its own", async () => {
    const { hub } = context;
    hub.add("model", "ann/other-cache", filesOfFolder(join(folder, "model")));
    const cacheDir = join(folder, "elsewhere");
    const options = { revision: "main", cacheDir };
    const model = await AutoModelForSequenceClassification.fromPretrained("ann/other-cache", options);
    expect(Object.keys(model.config)).not.toContain("cacheDir");
    expect(readFileSync(join(cacheDir, "models--ann--other-cache/refs/main"), "utf8").length).toBe(40);
  });

  it("without weights says what is there instead", async () => {
    context.hub.add("model", "ann/flax", new Map([["flax_model.msgpack", largeBytes(new Uint8Array(5))]]));
    await expect(AutoModelForSequenceClassification.fromPretrained("ann/flax")).rejects.toThrow(
      /ann\/flax has no weights that can be loaded \(model.safetensors, pytorch_model.bin, or their shards\); it has flax_model/,
    );
  });

  it("that is neither here nor there says both", async () => {
    await expect(AutoTokenizer.fromPretrained("runs/mrcp")).rejects.toThrow(
      /there is no folder "runs\/mrcp" here, and the model "runs\/mrcp" is not on the Hub/,
    );
  });
});

describe("a dataset by its name", () => {
  it("comes split by split where one is asked for", async () => {
    context.hub.add("dataset", "ann/feelings", filesOfFolder(join(folder, "data")));
    const validation = await loadDataset("ann/feelings", undefined, { split: "validation" });
    expect(validation.length).toBe(4);
    expect(fetched()).toEqual(["validation.parquet"]);
    expect((await loadDataset("ann/feelings")).numRows).toEqual({ train: 12, validation: 4, test: 4 });
    await expect(loadDataset("ann/feelings", undefined, { split: "dev" })).rejects.toThrow(/has no split "dev"/);
    await expect(loadDataset("ann/feelings", "fr")).rejects.toThrow(/ann\/feelings has no configuration "fr"/);
  });

  it("under its old name is kept under its new one, where Python's datasets looks, and is found offline by both", async () => {
    const { hub, cache } = context;
    hub.add("dataset", "nyu/feelings", filesOfFolder(join(folder, "data")));
    hub.renamed.set("datasets/feelings", "datasets/nyu/feelings");
    await loadDataset("feelings");
    expect(readFileSync(join(cache, "datasets--nyu--feelings/refs/main"), "utf8").length).toBe(40);
    process.env.HF_HUB_OFFLINE = "1";
    expect((await loadDataset("feelings")).train.length).toBe(12);
    expect((await loadDataset("nyu/feelings")).train.length).toBe(12);
    rmSync(join(cache, "datasets--nyu--feelings"), { recursive: true });
    await expect(loadDataset("feelings")).rejects.toMatchObject({ kind: "offline" });
  });
});

describeShared("real files of the Hub", () => {
  it("loadDataset('glue', 'mrpc') fetches MRPC's three files and the card", async () => {
    const { hub } = context;
    hub.add("dataset", "nyu-mll/glue", filesOfFolder(sharedPath("hub/datasets/nyu-mll/glue")));
    hub.renamed.set("datasets/glue", "datasets/nyu-mll/glue");
    const raw = await loadDataset("glue", "mrpc");
    expect(raw.numRows).toEqual({ train: 3668, validation: 408, test: 1725 });
    expect(raw.train.at(0).sentence1).toMatch(/^Amrozi accused his brother/);
    expect(fetched()).toEqual([
      "README.md",
      ...["test", "train", "validation"].map((split) => `mrpc/${split}-00000-of-00001.parquet`),
    ]);
  });

  it("all-MiniLM-L6-v2 comes whole, checked against its sha256", async () => {
    const { hub } = context;
    const id = "sentence-transformers/all-MiniLM-L6-v2";
    hub.add("model", id, filesOfFolder(sharedPath(`hub/models/${id}`)));
    const tokenizer = await AutoTokenizer.fromPretrained(id);
    const model = await AutoModelForSequenceClassification.fromPretrained(id, { numLabels: 2, seed: 1 });
    expect([...tokenizer("hello world").input_ids]).toEqual([101, 7592, 2088, 102]);
    expect(model.config.hidden_size).toBe(384);
  });
});
