// map on several threads: each gets paths and a range of rows, and writes its own files; together they are the result, in
// the order of the rows, the same as that of one thread.
import { Worker } from "node:worker_threads";
import { AttuneError, ConfigError, DataError, FileFormatError } from "../../../support/errors.js";
import { isSerializable, serialize } from "../../../support/symbols.js";
import { featureOf, fieldOf } from "../../arrow/features.js";
import { ArrowFile } from "../../arrow/file.js";
import { cacheSettled } from "../../cache/entries.js";
import { ONE_TYPE } from "../../column-builder.js";
import { describeFeature, type Feature, type StructFeature, sameFeature } from "../../features.js";
import { unifyFeatures } from "../../infer.js";
import { type Part, settleParts } from "../../part-writer.js";
import { featureFromJson } from "../../read-features.js";
import type { Table } from "../../table.js";
import type { WrittenTable } from "../../table-builder.js";
import { SAME_COLUMNS } from "./calls.js";
import { type FunctionModule, urlOf } from "./function-module.js";
import type { MapPlan } from "./run.js";
import { shareTable } from "./shared-table.js";
import type { WorkerMessage, WorkerTask } from "./worker.js";

/** What all threads are told. */
export interface WorkersTask {
  readonly table: Table;
  readonly fn: FunctionModule;
  readonly inputs: object;
  readonly plan: MapPlan;
  readonly folder: string;
  readonly wished: Readonly<Record<string, Feature | undefined>>;
  readonly strict: boolean;
  readonly batchRows: number | undefined;
}

/** How many threads there are, and how many seconds one may be silent; undefined: as long as it likes. */
export interface Threads {
  readonly count: number;
  readonly timeout: number | undefined;
}

/**
 * Maps a table on `count` threads. Ranges end where batches do, so the function is called as on one thread.
 *
 * @throws what runMap throws, of the first thread that fails, AttuneError where one is silent for longer than `timeout`; the
 * others are stopped
 */
export async function runWorkers(
  task: WorkersTask,
  { count, timeout }: Threads,
  done: (rows: number) => void,
): Promise<WrittenTable> {
  const { table, plan, folder } = task;
  const inputs = Object.fromEntries(Object.entries(task.inputs).map(([name, value]) => [name, sendable(name, value)]));
  await cacheSettled(); // files have their last names
  const names = plan.inputColumns ?? [...table.columns.keys()];
  const others = [...table.columns.keys()].filter((name) => !names.includes(name));
  const shared = shareTable(table, [...names, ...others], folder);
  const { name = "default" } = task.fn;
  const common = {
    table: shared,
    module: urlOf(task.fn),
    name,
    inputs,
    plan,
    folder,
    strict: task.strict,
    batchRows: task.batchRows,
  };
  const wished = JSON.stringify(
    Object.fromEntries(Object.entries(task.wished).filter(([, feature]) => feature !== undefined)),
  );
  const running = new Set<Worker>();
  const results = rangesOf(table.length, plan.size, count).map((range) => {
    const prefix = `part-${String(range.rank).padStart(3, "0")}`;
    return runWorker({ ...common, wished, prefix, range }, running, timeout, done);
  });
  try {
    return merge(await Promise.all(results));
  } finally {
    await Promise.all([...running].map((worker) => worker.terminate()));
    await Promise.allSettled(results);
  }
}

/** Ranges of rows of nearly equal length that end where batches of `size` do. */
function rangesOf(rows: number, size: number, count: number): WorkerTask["range"][] {
  const batches = Math.ceil(rows / size);
  const used = Math.max(1, Math.min(count, batches));
  const end = (rank: number) => Math.min(rows, Math.round((rank * batches) / used) * size);
  return Array.from({ length: used }, (_, rank) => ({ rank, start: end(rank), end: end(rank + 1) }));
}

function sendable(name: string, value: unknown): WorkerTask["inputs"][string] {
  if (isSerializable(value)) return { made: value[serialize]() };
  try {
    structuredClone(value);
  } catch (error) {
    throw new ConfigError(
      `map: the input \`${name}\` cannot be sent to a worker thread: give plain data, an object with a method ` +
        `[Symbol.for("attune.serialize")](), or let the function's module make it`,
      { cause: error },
    );
  }
  return { value };
}

type Result = Extract<WorkerMessage, { kind: "done" }>;

function runWorker(
  task: WorkerTask,
  running: Set<Worker>,
  timeout: number | undefined,
  done: (rows: number) => void,
): Promise<Result> {
  let silence: NodeJS.Timeout | undefined;
  return new Promise<Result>((resolve, reject) => {
    const execArgv = process.execArgv.filter((argument) => !argument.startsWith("--input-type")); // of `node --eval` alone
    const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: task, execArgv });
    running.add(worker);
    let next = task.range.start;
    if (timeout !== undefined) {
      silence = setTimeout(() => reject(silent(timeout, next, task.range.end)), Math.min(1000 * timeout, LONGEST_WAIT));
    }
    worker.on("message", (message: WorkerMessage) => {
      silence?.refresh();
      if (message.kind === "progress") next += message.rows;
      if (message.kind === "progress") done(message.rows);
      else if (message.kind === "done") resolve(message);
      else reject(errorOf(message));
    });
    worker.on("error", reject);
    worker.on("exit", (code) => {
      running.delete(worker);
      reject(new AttuneError(`map: a worker thread ended with status ${code} before its rows were mapped`));
    });
  }).finally(() => clearTimeout(silence));
}

const LONGEST_WAIT = 2 ** 31 - 1; // milliseconds that a timer can count

function silent(timeout: number, next: number, end: number): AttuneError {
  return new AttuneError(
    `map: a worker thread has said nothing for ${timeout} s, in the batch of row ${next} of those before ${end}: see what ` +
      "the function waits for there, or give it more time, { timeout }",
  );
}

function errorOf({ name, message, ours }: Extract<WorkerMessage, { kind: "failed" }>): Error {
  const kinds = { ConfigError, DataError, FileFormatError };
  const Kind = kinds[name as keyof typeof kinds] ?? AttuneError;
  return new Kind(ours ? message : `map: a worker thread failed: ${name}: ${message}`);
}

/** The threads' files as one table; where they differ in a column's type, in the type that holds all. */
function merge(results: readonly Result[]): WrittenTable {
  const filled = results.filter(({ parts }) => parts.length > 0);
  const parts = filled.flatMap((result) => result.parts.map(({ path }): Part => ({ path, fields: fieldsOf(path) })));
  const described = filled.map(({ features }) => featureFromJson(JSON.parse(features)) as StructFeature);
  const names = Object.keys(described[0] ?? {});
  const features: Record<string, Feature> = {};
  const fields = names.map((name, i) => {
    const different = described.find((each) => Object.keys(each).join() !== names.join());
    if (different !== undefined) {
      throw new DataError(
        `map: the function returned ${names.join(", ")} for some rows, and ${Object.keys(different).join(", ")} for others: ${SAME_COLUMNS}`,
      );
    }
    const stored = parts.map((part) => featureOf(part.fields[i])).reduce((a, b) => unify(name, a, b));
    const same = described.every((each) => sameFeature(each[name], described[0][name]));
    features[name] = same ? described[0][name] : stored;
    return fieldOf(name, features[name], stored);
  });
  settleParts(parts, fields);
  return { parts, features, length: results.reduce((sum, { length }) => sum + length, 0) };
}

function fieldsOf(path: string): Part["fields"] {
  const file = new ArrowFile(path);
  file.close();
  return file.schema.fields;
}

function unify(name: string, a: Feature, b: Feature): Feature {
  const both = unifyFeatures(a, b);
  if (both !== undefined) return both;
  throw new DataError(
    `column "${name}" is ${describeFeature(b)} in some rows, but ${describeFeature(a)} before them: ${ONE_TYPE}`,
  );
}
