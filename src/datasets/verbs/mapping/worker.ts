// One of map's threads: opens the table by its paths, loads the function by its module, maps a range of rows and writes what
// the function returned into Arrow files.
import { parentPort, workerData } from "node:worker_threads";
import { AttuneError } from "../../../support/errors.js";
import type { Serialized } from "../../../support/symbols.js";
import type { StructFeature } from "../../features.js";
import type { Part } from "../../part-writer.js";
import { featureFromJson } from "../../read-features.js";
import { TableBuilder } from "../../table-builder.js";
import type { BatchFunction, RowFunction } from "../call.js";
import { loadFunction } from "./function-module.js";
import { type MapPlan, runMap } from "./run.js";
import { openShared, type SharedTable } from "./shared-table.js";

/** What a thread is told. */
export interface WorkerTask {
  readonly table: SharedTable;
  readonly module: string;
  readonly name: string;
  /** Inputs that `with` declares: as they are, or how to make them again. */
  readonly inputs: Readonly<Record<string, { readonly value: unknown } | { readonly made: Serialized }>>;
  readonly plan: MapPlan;
  readonly range: { readonly start: number; readonly end: number; readonly rank: number };
  readonly folder: string;
  readonly prefix: string;
  /** Features that are wished for, in their JSON form. */
  readonly wished: string;
  readonly strict: boolean;
  readonly batchRows: number | undefined;
}

/** What a thread tells. */
export type WorkerMessage =
  | { readonly kind: "progress"; readonly rows: number }
  | {
      readonly kind: "done";
      readonly parts: readonly Pick<Part, "path">[];
      readonly features: string;
      readonly length: number;
    }
  | { readonly kind: "failed"; readonly name: string; readonly message: string; readonly ours: boolean };

async function work(task: WorkerTask, tell: (message: WorkerMessage) => void): Promise<void> {
  const fn = await loadFunction({ module: task.module, name: task.name });
  const inputs: Record<string, unknown> = {};
  for (const [name, input] of Object.entries(task.inputs))
    inputs[name] = "made" in input ? await make(input.made) : input.value;
  const builder = new TableBuilder({
    folder: task.folder,
    prefix: task.prefix,
    wished: featureFromJson(JSON.parse(task.wished)) as StructFeature,
    strict: task.strict,
    batchRows: task.batchRows,
  });
  const table = openShared(task.table);
  await runMap(table, fn as RowFunction | BatchFunction, inputs, task.plan, task.range, builder, (rows) =>
    tell({ kind: "progress", rows }),
  );
  const { parts, features, length } = builder.finishFiles();
  tell({ kind: "done", parts: parts.map(({ path }) => ({ path })), features: JSON.stringify(features), length });
}

async function make({ module, restore, state }: Serialized): Promise<unknown> {
  const loaded = (await import(module)) as Readonly<Record<string, unknown>>;
  return (loaded[restore] as (state: unknown) => unknown)(state);
}

const port = parentPort;
if (port !== null) {
  const tell = (message: WorkerMessage): void => port.postMessage(message);
  work(workerData as WorkerTask, tell).catch((error: unknown) => {
    const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
    tell({ kind: "failed", name, message, ours: error instanceof AttuneError });
  });
}
