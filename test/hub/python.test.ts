// Beside Python's huggingface_hub: one cache and one Hub for both. Each opens what the other downloaded, without a
// connection; Python uploads to the loopback Hub and reads what Attune published.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { Dataset, DatasetDict, loadDataset } from "../../src/datasets/index.js";
import { removeFromCache, scanCacheDir, snapshotDownload, verifyCache, whoami } from "../../src/hub/index.js";
import { AutoTokenizer } from "../../src/tokenizers/index.js";
import { modelCard } from "../../src/trainer/card.js";
import { TrainingArguments } from "../../src/trainer/index.js";
import { writeCheckpoint } from "../cli/run.js";
import { temporaryFolder, tokenizer } from "../trainer/tiny.js";
import { fewFiles, hubVariables, loopback, noise, WEIGHTS } from "./loopback.js";
import { describePython, python } from "./python.js";
import { commit, filesOfFolder, smallFile } from "./server/repositories.js";

const context = loopback("hub-python");
const folder = temporaryFolder("hub-python-files");

beforeAll(() => {
  context.hub.accounts.set("hf_ann", { name: "ann", orgs: ["acme"] });
});

beforeEach(() => {
  process.env.HF_TOKEN = "hf_ann";
});

function variables(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...hubVariables(context.hub, context.home), HF_TOKEN: "hf_ann", ...more };
}

describePython("beside Python's huggingface_hub", () => {
  it("what Attune downloaded Python finds offline, whole, and without a complaint about the cache", async () => {
    const { hub } = context;
    const repository = hub.add("model", "ann/from-attune", fewFiles);
    commit(repository, "refs/pr/1", new Map([...fewFiles, ["extra.txt", smallFile("pr")]]));
    const folderHere = await snapshotDownload("ann/from-attune");
    await snapshotDownload("ann/from-attune", { revision: "refs/pr/1" });
    hub.seen.length = 0;
    const found = await python<Record<string, unknown>>(
      `
import json
from huggingface_hub import snapshot_download, hf_hub_download, scan_cache_dir, try_to_load_from_cache
folder = snapshot_download("ann/from-attune")
scan = scan_cache_dir()
[repo] = scan.repos
print(json.dumps({
  "folder": folder,
  "weights": len(open(hf_hub_download("ann/from-attune", "model.safetensors"), "rb").read()),
  "pull": open(hf_hub_download("ann/from-attune", "extra.txt", revision="refs/pr/1")).read(),
  "refs": sorted(ref for revision in repo.revisions for ref in revision.refs),
  "size": repo.size_on_disk,
  "files": repo.nb_files,
  "warnings": [str(w) for w in scan.warnings],
  "incomplete": len(scan.incomplete_files),
}))`,
      variables({ HF_HUB_OFFLINE: "1" }),
    );
    expect(found).toEqual({
      folder: folderHere,
      weights: WEIGHTS.length,
      pull: "pr",
      refs: ["main", "refs/pr/1"],
      size: (await scanCacheDir()).repos[0].size,
      files: 4,
      warnings: [],
      incomplete: 0,
    });
    expect(hub.seen).toEqual([]);
  });

  it("what Python downloaded Attune finds offline, and files that Python looked for in vain are known", async () => {
    const { hub } = context;
    await writeCheckpoint(join(folder, "model"));
    hub.add("model", "ann/from-python", filesOfFolder(join(folder, "model")));
    const folderThere = await python<string>(
      `
import json
from huggingface_hub import snapshot_download, hf_hub_download, file_exists
folder = snapshot_download("ann/from-python")
try: hf_hub_download("ann/from-python", "vocab.txt")
except Exception as error: print(type(error).__name__)
print(json.dumps(folder))`,
      variables(),
    );
    process.env.HF_HUB_OFFLINE = "1";
    hub.seen.length = 0;
    expect(await snapshotDownload("ann/from-python")).toBe(folderThere);
    const loaded = await AutoTokenizer.fromPretrained("ann/from-python");
    expect(loaded("a bad day").input_ids).toEqual(tokenizer("a bad day").input_ids);
    expect((await verifyCache()).problems).toEqual([]);
    expect(hub.seen).toEqual([]);
  });

  it("each fetches only what the other left to fetch", async () => {
    const { hub } = context;
    hub.add("model", "ann/shared-work", fewFiles);
    await snapshotDownload("ann/shared-work", { allowPatterns: "*.json" });
    hub.seen.length = 0;
    await python<string>(
      `
import json
from huggingface_hub import snapshot_download
print(json.dumps(snapshot_download("ann/shared-work", allow_patterns=["*.json", "*.txt"])))`,
      variables(),
    );
    const gets = () => hub.seen.filter(({ method, path }) => method === "GET" && /\/(resolve|objects)\//.test(path));
    expect(gets().map(({ path }) => path.split("/").at(-1))).toEqual(["notes.txt"]);
    hub.seen.length = 0;
    await snapshotDownload("ann/shared-work");
    expect(gets().filter(({ server }) => server === "hub").length).toBe(1);
  });

  it("contents that Python shares among repositories are read, and what Attune removes leaves Python's store whole", async () => {
    const { hub } = context;
    hub.add("model", "ann/first", fewFiles);
    hub.add("model", "ann/second", fewFiles);
    await snapshotDownload("ann/first");
    // as huggingface_hub 2.x publishes a Xet download: the payload moves into the store, its blob becomes a link
    await python<boolean>(
      `
import json, os
from huggingface_hub.utils import _shared_blobs as shared
cache = os.environ["HF_HOME"] + "/hub"
blobs = cache + "/models--ann--first/blobs/"
[large] = [name for name in os.listdir(blobs) if len(name) == 64]
size = os.path.getsize(blobs + large)
assert shared.publish_blob_to_shared_store(blob_path=blobs + large, xet_hash="ab" * 32, cache_dir=cache, expected_size=size)
os.makedirs(cache + "/models--ann--second/blobs")
assert shared.try_link_from_shared_store(blob_path=cache + "/models--ann--second/blobs/" + large, xet_hash="ab" * 32, cache_dir=cache, expected_size=size)
print(json.dumps(os.path.islink(blobs + large)))`,
      variables({ HF_HUB_DISABLE_XET: "0" }),
    );
    hub.seen.length = 0;
    const second = await snapshotDownload("ann/second");
    expect(readFileSync(join(second, "model.safetensors"))).toEqual(Buffer.from(WEIGHTS));
    expect(hub.seen.some(({ server }) => server === "storage")).toBe(false);
    expect((await scanCacheDir()).size).toBe(WEIGHTS.length + 2 * (23 + 7)); // small blobs are of each repository
    await removeFromCache(["ann/first"]);
    const left = await python<Record<string, unknown>>(
      `
import json
from huggingface_hub import hf_hub_download, scan_cache_dir
scan = scan_cache_dir()
print(json.dumps({"warnings": [str(w) for w in scan.warnings], "repos": [r.repo_id for r in scan.repos],
  "weights": len(open(hf_hub_download("ann/second", "model.safetensors"), "rb").read())}))`,
      variables({ HF_HUB_OFFLINE: "1" }),
    );
    expect(left).toEqual({ warnings: [], repos: ["ann/second"], weights: WEIGHTS.length });
  });

  it("Python uploads a folder to the loopback Hub, large files in parts, and Attune downloads it", async () => {
    const { hub } = context;
    hub.uploads.chunkSize = 10_000;
    const source = join(folder, "upload");
    mkdirSync(join(source, "logs"), { recursive: true });
    const weights = noise(25_000, 21);
    writeFileSync(join(source, "model.safetensors"), weights);
    writeFileSync(join(source, "logs/run.txt"), "text");
    symlinkSync("logs/run.txt", join(source, "linked.txt"));
    const result = await python<Record<string, unknown>>(
      `
import json, os
from huggingface_hub import HfApi
api = HfApi()
api.create_repo("ann/uploaded", private=True)
info = api.upload_folder(repo_id="ann/uploaded", folder_path=${JSON.stringify(source)}, commit_message="From Python")
pull = api.upload_file(repo_id="ann/uploaded", path_in_repo="a.txt", path_or_fileobj=b"a", create_pr=True)
print(json.dumps({"oid": info.oid, "pr": pull.pr_url, "me": api.whoami()["name"], "files": api.list_repo_files("ann/uploaded")}))`,
      variables(),
    );
    expect(result).toMatchObject({ pr: `${hub.endpoint}/ann/uploaded/discussions/1`, me: (await whoami()).name });
    const here = await snapshotDownload("ann/uploaded");
    expect(here.endsWith(String(result.oid))).toBe(true);
    expect(readFileSync(join(here, "model.safetensors"))).toEqual(Buffer.from(weights));
    expect(readFileSync(join(here, "linked.txt"), "utf8")).toBe("text");
    hub.uploads.chunkSize = 5_000_000;
  });

  it("Python reads the model card as its Trainer's: metadata and evaluation results", async () => {
    const text = modelCard({
      name: "bert-mrpc",
      args: new TrainingArguments({ outputDir: "runs/mrpc" }),
      log: [
        { loss: 0.6, epoch: 1, step: 10 },
        { eval_loss: 0.5, eval_accuracy: 0.8, eval_f1: 0.9, eval_runtime: 1, epoch: 1, step: 10 },
      ],
      baseModel: "google-bert/bert-base-uncased",
      dataset: "nyu-mll/glue",
      datasetConfig: "mrpc",
      datasetSplit: "validation",
      task: "text-classification",
    });
    writeFileSync(join(folder, "card.md"), text);
    const read = await python<Record<string, unknown>>(
      `
import json
from huggingface_hub import ModelCard
data = ModelCard.load(${JSON.stringify(join(folder, "card.md"))}).data
print(json.dumps({"base": data.base_model, "library": data.library_name, "tags": data.tags, "datasets": data.datasets, "name": data.model_name,
  "results": [[r.task_type, r.dataset_type, r.dataset_config, r.dataset_split, r.metric_type, r.metric_value] for r in data.eval_results]}))`,
      variables(),
    );
    expect(read).toEqual({
      base: "google-bert/bert-base-uncased",
      library: "transformers",
      tags: ["generated_from_trainer", "attune"],
      datasets: ["nyu-mll/glue"],
      name: "bert-mrpc",
      results: [
        ["text-classification", "nyu-mll/glue", "mrpc", "validation", "accuracy", 0.8],
        ["text-classification", "nyu-mll/glue", "mrpc", "validation", "f1", 0.9],
      ],
    });
  });

  it("Python's datasets loads what Attune published, and Attune what Python published", async () => {
    const { hub } = context;
    const rows = Array.from({ length: 12 }, (_, i) => ({ text: `row ${i}`, ids: [i, i + 1], label: i % 2 }));
    const published = Dataset.fromRows(rows);
    await new DatasetDict({ train: published, test: published.select([1, 2]) }).pushToHub("ann/rows");
    const read = await python<Record<string, unknown>>(
      `
import json
from datasets import load_dataset, Dataset, ClassLabel
raw = load_dataset("ann/rows")
data = Dataset.from_dict({"text": ["x", "y", "z"], "label": [0, 1, 0]}).cast_column("label", ClassLabel(names=["no", "yes"]))
data.push_to_hub("ann/rows-of-python", private=True)
print(json.dumps({"rows": {k: len(v) for k, v in raw.items()}, "last": raw["train"][11], "features": {k: str(v) for k, v in raw["train"].features.items()}}))`,
      variables(),
    );
    expect(read).toEqual({
      rows: { train: 12, test: 2 },
      last: rows[11],
      features: { text: "Value('string')", ids: "List(Value('int64'))", label: "Value('int64')" },
    });
    const back = await loadDataset("ann/rows-of-python");
    expect(back.train.slice(0, 3)).toEqual([
      { text: "x", label: 0 },
      { text: "y", label: 1 },
      { text: "z", label: 0 },
    ]);
    expect(String(back.train.features.label)).toContain("yes");
    await Dataset.fromRows([{ text: "w", label: 1 }], { features: back.train.features }).pushToHub(
      "ann/rows-of-python",
      {
        split: "test",
      },
    );
    expect((await loadDataset("ann/rows-of-python")).numRows).toEqual({ train: 3, test: 1 });
    expect(hub.repositories.get("datasets/ann/rows-of-python")?.private).toBe(true);
  });
});
