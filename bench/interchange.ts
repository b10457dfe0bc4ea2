// Datasets from Python to Attune and back: what datasets' save_to_disk and to_parquet wrote opens here with the same features
// and rows, and what Attune writes of it opens there.
//   npx tsx bench/interchange.ts
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { type Dataset, type DatasetDict, loadDataset, loadFromDisk } from "../src/datasets/index.js";
import { peerPython } from "./peer.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const python = peerPython();

const folder = mkdtempSync(join(tmpdir(), "attune-interchange-"));
process.env.HF_DATASETS_CACHE = join(folder, "attune-cache");
const runPython = (action: string): void => {
  execFileSync(python, [`${here}peers/interchange.py`, action, folder], { stdio: "inherit" });
};

/** Values as interchange.py spells them in JSON: dates as texts, bytes and typed arrays as lists. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}

function compare(what: string, dataset: Dataset, features: unknown, rows: readonly unknown[]): void {
  const found: unknown = JSON.parse(JSON.stringify(dataset.features));
  if (!isDeepStrictEqual(found, features)) throw new Error(`${what}: features are ${JSON.stringify(found)}`);
  const values = dataset.slice().map(plain);
  const wrong = rows.findIndex((row, i) => !isDeepStrictEqual(values[i], row));
  if (wrong !== -1 || values.length !== rows.length) {
    throw new Error(
      `${what}: ${values.length} rows; row ${wrong} is ${JSON.stringify(values[wrong])}, not ${JSON.stringify(rows[wrong])}`,
    );
  }
  console.log(`Attune reads what Python wrote, ${what}: ${rows.length} rows, features and values the same`);
}

try {
  runPython("write");
  const { features, rows } = JSON.parse(readFileSync(join(folder, "values.json"), "utf8")) as {
    features: unknown;
    rows: unknown[];
  };
  const saved = loadFromDisk(join(folder, "saved")) as Dataset;
  const splits = loadFromDisk(join(folder, "saved_dict")) as DatasetDict;
  const { train: parquet } = await loadDataset(join(folder, "data.parquet"));
  compare("save_to_disk, two files", saved, features, rows);
  compare("save_to_disk of splits, train", splits.train, features, rows.slice(0, 1200));
  compare("save_to_disk of splits, test", splits.test, features, rows.slice(1, 101).reverse());
  compare("to_parquet", parquet, features, rows);

  for (const kind of ["arrays", "files", "translations"]) {
    const wanted = JSON.parse(readFileSync(join(folder, `${kind}.json`), "utf8")) as {
      features: unknown;
      rows: unknown[];
    };
    const dataset = loadFromDisk(join(folder, kind)) as Dataset;
    const { train } = await loadDataset(join(folder, `${kind}.parquet`));
    compare(`save_to_disk, ${kind}`, dataset, wanted.features, wanted.rows);
    compare(`to_parquet, ${kind}`, train, wanted.features, wanted.rows);
    // Rows that pass through values in between, and rows that are copied as they are stored.
    const mapped = await dataset.map((row) => row);
    await mapped.saveToDisk(join(folder, `attune_${kind}`));
    await train.toParquet(join(folder, `attune_${kind}.parquet`));
  }

  await saved.saveToDisk(join(folder, "attune_saved"), { numShards: 3 });
  await saved.shuffle({ seed: 3 }).saveToDisk(join(folder, "attune_shuffled"));
  await splits.saveToDisk(join(folder, "attune_saved_dict"));
  await parquet.toParquet(join(folder, "attune.parquet"), { batchSize: 700 });
  runPython("check");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
