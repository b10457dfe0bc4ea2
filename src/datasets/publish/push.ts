// pushToHub of datasets: Parquet files and a card, in one commit, as Python's push_to_hub lays them out, so that
// `load_dataset("owner/name")` finds them on both sides.
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readHubText } from "../../hub/download.js";
import { HubError, type Published, type PublishOptions } from "../../hub/index.js";
import { publish, publishedTree } from "../../hub/publish/commit.js";
import { expectLogin } from "../../hub/publish/repo.js";
import type { Addition } from "../../hub/publish/source.js";
import { ConfigError } from "../../support/errors.js";
import type { ArrayData } from "../arrow/array.js";
import { sameFeature } from "../features.js";
import { featuresOfTable, recordBatches, schemaOfTable } from "../record-batches.js";
import { sizeInBytes } from "../saved-folder.js";
import type { Table } from "../table.js";
import { shard } from "../verbs/shard.js";
import { toParquet } from "../verbs/to-parquet.js";
import { type SplitInfo, updatedCard } from "./card.js";

export interface DatasetPushOptions extends Omit<PublishOptions, "repoType" | "parentCommit"> {
  /** The configuration. Default "default". */
  readonly configName?: string;
  /** Make it the configuration that is loaded where none is named. Default false. */
  readonly setDefault?: boolean;
  /** The folder of the files. Default: the configuration's name, "data" for "default". */
  readonly dataDir?: string;
  /** The size from which on rows go to the next file: bytes, or a number with KB, MB or GB. Default "500MB". */
  readonly maxShardSize?: number | string;
  /** A number of files for each split, in place of maxShardSize. */
  readonly numShards?: number;
}

const CARD = "README.md";
const ATTEMPTS = 5; // where somebody else changes the repository between reading its card and writing it

/**
 * Publishes splits as a configuration of the dataset `repoId`.
 * @throws ConfigError for names that cannot be, or features that differ; HubError, naming the folder that holds the files,
 *   where the Hub does not take them
 */
export async function pushSplits(
  splits: ReadonlyMap<string, Table>,
  repoId: string,
  options: DatasetPushOptions = {},
): Promise<Published> {
  const { configName = "default", setDefault = false, dataDir, maxShardSize = "500MB", numShards, ...hub } = options;
  const settings = {
    name: configName,
    isDefault: setDefault,
    dataDir: dataDir ?? (configName === "default" ? "data" : configName),
  };
  checkNames(configName, [...splits.keys()], numShards);
  checkFeatures(splits);
  const shardSize = sizeInBytes(maxShardSize, "pushToHub: maxShardSize");
  await expectLogin(hub);
  const folder = await mkdtemp(join(tmpdir(), "attune-push-"));
  try {
    const written = await writeSplits(
      folder,
      splits,
      settings.dataDir,
      (bytes) => numShards ?? Math.ceil(bytes / shardSize),
    );
    const published = await commitFiles(repoId, written, settings, { commitMessage: "Upload dataset", ...hub });
    await rm(folder, { recursive: true, force: true });
    return published;
  } catch (error) {
    if (!(error instanceof HubError)) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    throw new HubError(
      error.kind,
      `${error.message}. Nothing was published, and nothing is lost: the Parquet files are in ${folder}. Call pushToHub again; ` +
        "what was uploaded already does not go again",
      { cause: error, status: error.status },
    );
  }
}

interface Written {
  readonly additions: readonly Addition[];
  readonly splits: readonly SplitInfo[];
  readonly features: ReturnType<typeof featuresOfTable>;
  readonly bytes: number;
}

async function writeSplits(
  folder: string,
  splits: ReadonlyMap<string, Table>,
  dataDir: string,
  shardsFor: (bytes: number) => number,
): Promise<Written> {
  const additions: Addition[] = [];
  const infos: SplitInfo[] = [];
  let bytes = 0;
  for (const [name, table] of splits) {
    const size = arrowSize(table);
    infos.push({ name, num_bytes: size, num_examples: table.length });
    const count = Math.max(1, Math.min(shardsFor(size), table.length));
    for (let index = 0; index < count; index++) {
      const file = `${name}-${five(index)}-of-${five(count)}.parquet`;
      const path = join(folder, file);
      await toParquet(count === 1 ? table : shard(table, { numShards: count, index }), path);
      bytes += (await stat(path)).size;
      additions.push({ path: `${dataDir}/${file}`, content: { file: path } });
    }
  }
  const [first] = splits.values();
  return { additions, splits: infos, features: featuresOfTable(first), bytes };
}

/** Bytes of the columns in Arrow, as `dataset_info` counts them. */
function arrowSize(table: Table): number {
  let size = 0;
  for (const { columns } of recordBatches(table, schemaOfTable(table))) {
    for (const column of columns) size += sizeOfArray(column);
  }
  return size;
}

function sizeOfArray({ validity, offsets, values, data, children }: ArrayData): number {
  const buffers = [validity, offsets, values, ...data];
  const own = buffers.reduce((sum, buffer) => sum + (buffer?.byteLength ?? 0), 0);
  return children.reduce((sum, child) => sum + sizeOfArray(child), own);
}

async function commitFiles(
  repoId: string,
  written: Written,
  settings: { readonly name: string; readonly dataDir: string; readonly isDefault: boolean },
  options: PublishOptions,
): Promise<Published> {
  const { additions, splits, features, bytes } = written;
  const hub: PublishOptions = { ...options, repoType: "dataset" };
  for (let attempt = 1; ; attempt++) {
    const { id, commit, tree } = await publishedTree(repoId, hub);
    const isOld = (path: string) => splits.some(({ name }) => path.startsWith(`${settings.dataDir}/${name}-`));
    const old = [...tree.keys()].filter(isOld);
    const replaced = old.reduce((sum, path) => sum + (tree.get(path)?.size ?? 0), 0);
    const { token, endpoint } = hub;
    const text = tree.has(CARD)
      ? await readHubText(id, CARD, { repoType: "dataset", revision: commit, token, endpoint })
      : undefined;
    const card = updatedCard(text, { ...settings, features, splits, uploaded: bytes, replaced });
    const files = [...additions, { path: CARD, content: new TextEncoder().encode(card) }];
    const removed = old.filter((path) => !additions.some((addition) => addition.path === path));
    try {
      return await publish(id, files, { ...hub, parentCommit: commit }, removed);
    } catch (error) {
      const moved = error instanceof HubError && error.kind === "conflict" && error.status === 412;
      if (!moved || attempt >= ATTEMPTS) throw error;
    }
  }
}

function checkNames(config: string, splits: readonly string[], numShards: number | undefined): void {
  if (config === "data" || !/^[^<>:/\\|?*]+$/.test(config)) {
    throw new ConfigError(`pushToHub: "${config}" cannot be a configuration's name`);
  }
  const wrong = splits.find((name) => !/^\w+(\.\w+)*$/.test(name));
  if (wrong !== undefined)
    throw new ConfigError(`pushToHub: "${wrong}" cannot be a split's name: letters, digits, _ and .`);
  if (splits.length === 0) throw new ConfigError("pushToHub: there is no split to publish");
  if (numShards !== undefined && !(Number.isInteger(numShards) && numShards > 0)) {
    throw new ConfigError(`pushToHub: numShards is ${numShards}: give a whole number above 0`);
  }
}

function checkFeatures(splits: ReadonlyMap<string, Table>): void {
  const [first, ...others] = [...splits].map(([name, table]) => ({ name, features: featuresOfTable(table) }));
  for (const { name, features } of others) {
    if (sameFeature(first.features, features)) continue;
    throw new ConfigError(
      `pushToHub: the splits "${first.name}" and "${name}" have different features, which one configuration cannot hold`,
    );
  }
}

function five(number: number): string {
  return String(number).padStart(5, "0");
}
