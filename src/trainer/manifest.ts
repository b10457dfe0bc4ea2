// attune_run.json: with what a run was made, so that two runs can be told apart (`attune diff`) and one made again.
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { arch, availableParallelism, cpus, hostname, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import type { Dataset } from "../datasets/index.js";
import { writeFileAtomic } from "../support/atomic.js";
import { fingerprint, isFingerprinted } from "../support/symbols.js";
import { version } from "../support/version.js";
import { currentBackend } from "../tensor/index.js";
import type { PreTrainedTokenizer } from "../tokenizers/index.js";
import type { TrainingArguments } from "./arguments.js";
import type { TrainableModel } from "./model.js";
import type { Plan } from "./optimizer.js";
import { manifestFile } from "./run-files.js";
import { sortedJson } from "./save.js";

/** What a manifest is made of. */
export interface ManifestContent {
  readonly args: TrainingArguments;
  readonly plan: Plan;
  readonly model: TrainableModel;
  readonly tokenizer: PreTrainedTokenizer | undefined;
  /** Datasets by what they are for. */
  readonly data: readonly (readonly [role: string, dataset: Dataset<object> | undefined])[];
  /** The step that the run went on from; 0 where it began anew. */
  readonly resumedAt: number;
}

/** Writes a run's manifest into its folder. */
export async function writeManifest(folder: string, content: ManifestContent): Promise<void> {
  const { args, plan, model, tokenizer, data, resumedAt } = content;
  const manifest = {
    version: 1,
    started: new Date().toISOString(),
    versions: { attune: version, node: process.versions.node },
    machine: describeMachine(),
    arguments: args.toRecord(),
    plan: { ...plan },
    resumedAt,
    model: {
      class: model.constructor.name,
      parameters: model.parameters().reduce((sum, { size }) => sum + size, 0),
      config: model.config ?? null,
    },
    tokenizer: isFingerprinted(tokenizer) ? tokenizer[fingerprint]() : null,
    data: Object.fromEntries(data.flatMap(([role, dataset]) => (dataset ? [[role, describeData(dataset)]] : []))),
  };
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(join(folder, manifestFile), sortedJson(manifest, 2));
}

function describeMachine(): object {
  return {
    host: hostname(),
    system: `${platform()} ${arch()} ${release()}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    processors: availableParallelism(),
    memory: totalmem(),
    engine: currentBackend().description,
  };
}

function describeData(dataset: Dataset<object>): object {
  return { rows: dataset.length, columns: dataset.columnNames, fingerprint: fingerprintOf(dataset) };
}

/** What the dataset says of itself; else a digest of its columns' types and its rows. */
function fingerprintOf(dataset: Dataset<object>): string {
  if (isFingerprinted(dataset)) return dataset[fingerprint]();
  const hash = createHash("sha256").update(JSON.stringify(dataset.features));
  for (const row of dataset) hash.update(JSON.stringify(row, digestible));
  return hash.digest("hex").slice(0, 16);
}

function digestible(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value;
}
