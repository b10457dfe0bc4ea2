// map: a function over every row or batch of rows; the columns it returns are added, or replace those of the same name.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../../support/errors.js";
import { Progress } from "../../support/progress.js";
import type { Column } from "../column.js";
import type { Feature } from "../features.js";
import { alignColumn, columnOf, type Table } from "../table.js";
import { TableBuilder, tableOfParts } from "../table-builder.js";
import { type BatchFunction, checkInputs, type RowFunction } from "./call.js";
import { columnsRead } from "./columns-read.js";
import { type CachePlace, lookUp } from "./mapping/cached.js";
import { type FunctionModule, loadFunction } from "./mapping/function-module.js";
import { type MapPlan, ROWS_A_TURN, runMap } from "./mapping/run.js";
import { runWorkers } from "./mapping/workers.js";

/** How map calls the function, which columns it drops, and where the result goes. */
export interface MapOptions<Inputs extends object, Removed extends string, Input extends string = string> {
  /** Call the function with batches of rows, as columns, instead of single rows. Default false. */
  batched?: boolean;
  /** Rows a call with `batched`; null for all rows at once. Default 1000. */
  batchSize?: number | null;
  /** Leave out a last batch of fewer rows than batchSize. Default false. */
  dropLastBatch?: boolean;
  /** The columns that the function is given. Default: all; of them those are read that it asks for. */
  inputColumns?: Input | readonly Input[];
  /** Columns of the dataset that the result leaves out, unless the function returns columns of these names. */
  removeColumns?: Removed | readonly Removed[];
  /** What the function uses beside its rows, a tokenizer say: handed to it in its second argument. */
  with?: Inputs;
  /** Types of columns that the function returns. Default: a replaced column's where the values fit it, else inferred. */
  features?: Readonly<Record<string, Feature>>;
  /** Worker threads, for a function that is given by its module. Default 1: the thread that calls. */
  numProc?: number;
  /** Seconds that a worker thread may take for a batch, or for 1000 single rows, before map gives up. Default: as long as it takes. */
  timeout?: number;
  /** Reuse a cached result, and cache this one, where all that it depends on is known. Default true. */
  cache?: boolean;
  /** What progress and messages say is going on. Default "map". */
  description?: string;
  /** Rows of a record batch on disk: fewer where rows are large. Default 1000. */
  writerBatchSize?: number;
}

/**
 * The table with what `fn` returned for its rows. A batched function may return another number of rows than it was
 * given, provided that no column of the table is kept beside its own.
 *
 * @throws DataError, naming rows and columns, where the function throws, returns something else than columns of values,
 * returns columns of unequal length or of changing type; ConfigError on wrong options; AttuneError where the disk is full.
 */
export async function map(
  table: Table,
  fn: RowFunction | BatchFunction | FunctionModule,
  options: MapOptions<object, string> = {},
): Promise<Table> {
  const plan = planOf(table, fn, options);
  if (typeof fn === "function" && (options.numProc ?? 1) > 1) {
    throw new ConfigError(
      "map: numProc is for functions that worker threads can load: export the function from a module of its own, and " +
        'give { module: new URL("./tokenize.js", import.meta.url) } in its place',
    );
  }
  if (table.length === 0) return assemble(table, undefined, plan.removed);
  const place = await lookUpMap(table, fn, plan, options);
  const mapped = place?.found ?? (await run(table, fn, plan, options, place));
  return assemble(table, mapped, plan.removed);
}

function planOf(
  table: Table,
  fn: RowFunction | BatchFunction | FunctionModule,
  options: MapOptions<object, string>,
): MapPlan {
  const { batched = false, batchSize = 1000, inputColumns, with: inputs, dropLastBatch = false } = options;
  const removed = [...new Set([options.removeColumns ?? []].flat())];
  // A batch reads its columns when the function asks for them; a row is made of all that it may ask for.
  const read = batched || typeof fn !== "function" ? undefined : columnsRead(fn, [...table.columns.keys()]);
  const given = inputColumns === undefined ? read : [...new Set([inputColumns].flat())];
  for (const name of [...removed, ...(given ?? [])]) columnOf(table, name);
  checkInputs("map", inputs);
  if (batchSize !== null) expectRows("batchSize", batchSize, ", or null for all rows at once");
  expectRows("numProc", options.numProc ?? 1);
  checkTimeout(options);
  expectRows("writerBatchSize", options.writerBatchSize ?? 1);
  const size = batched ? (batchSize ?? Math.max(1, table.length)) : ROWS_A_TURN;
  return { batched, size, dropLastBatch, inputColumns: given, removed };
}

function checkTimeout({ timeout, numProc = 1 }: MapOptions<object, string>): void {
  if (timeout === undefined) return;
  if (!(timeout > 0)) throw new ConfigError(`map: timeout is ${timeout}: give seconds above 0`);
  if (numProc === 1)
    throw new ConfigError("map: timeout is for worker threads, which can be stopped: give numProc too");
}

function expectRows(name: string, value: number, otherwise = ""): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new ConfigError(`map: ${name} is ${value}: give a whole number above 0${otherwise}`);
}

function lookUpMap(
  table: Table,
  fn: RowFunction | BatchFunction | FunctionModule,
  plan: MapPlan,
  options: MapOptions<object, string>,
): Promise<CachePlace | undefined> {
  if (options.cache === false) return Promise.resolve(undefined);
  return lookUp({
    verb: "map",
    description: options.description,
    table,
    columns: plan.inputColumns ?? [...table.columns.keys()],
    fn,
    inputs: options.with ?? {},
    options: [
      plan.batched,
      plan.batched ? plan.size : undefined,
      plan.dropLastBatch,
      options.features,
      Array.from(table.columns, ([name, { feature }]) => [name, feature]), // which a replaced column may keep
    ],
  });
}

/** Runs the function and gives what it returned, from the cache's draft where there is a place for it. */
async function run(
  table: Table,
  fn: RowFunction | BatchFunction | FunctionModule,
  plan: MapPlan,
  options: MapOptions<object, string>,
  place: CachePlace | undefined,
): Promise<Table> {
  const { numProc = 1, features, writerBatchSize: batchRows } = options;
  const wished = {
    ...Object.fromEntries([...table.columns].map(([name, { feature }]) => [name, feature])),
    ...features,
  };
  using progress = new SlowProgress(options.description ?? "map", table.length);
  const done = (rows: number): void => progress.advance(rows);
  const draft = place?.draft();
  if (typeof fn !== "function" && numProc > 1) {
    const folder = draft?.folder ?? mkdtempSync(join(tmpdir(), "attune-"));
    try {
      const task = { table, fn, inputs: options.with ?? {}, plan, folder, wished, strict: false, batchRows };
      const written = await runWorkers(task, { count: numProc, timeout: options.timeout }, done);
      if (draft !== undefined && place !== undefined) return draft.publish(written, place.dependencies);
      return tableOfParts(written.parts, written.features, written.length);
    } catch (error) {
      draft?.discard();
      throw error;
    } finally {
      if (draft === undefined) rmSync(folder, { recursive: true, force: true });
    }
  }
  const builder = new TableBuilder({ wished, batchRows, folder: draft?.folder });
  try {
    const called = typeof fn === "function" ? fn : ((await loadFunction(fn)) as RowFunction | BatchFunction);
    await runMap(table, called, options.with ?? {}, plan, { start: 0, end: table.length, rank: 0 }, builder, done);
    if (draft !== undefined && place !== undefined) return draft.publish(builder.finishFiles(), place.dependencies);
    return builder.finish();
  } catch (error) {
    builder.abandon();
    draft?.discard();
    throw error;
  }
}

/** A progress display that appears only where the work takes a while. */
class SlowProgress implements Disposable {
  readonly #description: string;
  readonly #total: number;
  readonly #started = performance.now();
  #completed = 0;
  #progress: Progress | undefined;

  constructor(description: string, total: number) {
    this.#description = description;
    this.#total = total;
  }

  advance(rows: number): void {
    this.#completed += rows;
    if (this.#progress !== undefined) this.#progress.update(this.#completed);
    else if (performance.now() - this.#started > 1000 && this.#completed < this.#total) {
      const [total, initial] = [this.#total, this.#completed];
      this.#progress = new Progress({ description: this.#description, total, initial, unit: "rows" });
    }
  }

  [Symbol.dispose](): void {
    this.#progress?.end();
  }
}

/** Kept columns in their place, replaced ones in theirs, new ones behind. */
function assemble(table: Table, mapped: Table | undefined, removed: readonly string[]): Table {
  const columns = new Map<string, Column>();
  for (const [name, column] of table.columns) {
    const replaced = mapped?.columns.get(name);
    if (replaced !== undefined) columns.set(name, replaced);
    else if (!removed.includes(name)) columns.set(name, alignColumn(table, column));
  }
  for (const [name, column] of mapped?.columns ?? []) columns.set(name, column);
  const [first] = columns.values();
  return { columns, rows: undefined, length: first?.length ?? table.length };
}
