// map over a stream: a function over each row or batch of rows as they come.
import { DataError } from "../../support/errors.js";
import { isObject } from "../../support/json-object.js";
import { batchHint, callAt, nameRows } from "../verbs/call.js";
import {
  type Cursor,
  onlyColumns,
  Stage,
  type Stream,
  type StreamRow,
  type StreamState,
  sourceState,
} from "./stream.js";

/** How the function is called. */
export interface StreamMap {
  /** Returns fields for a row, or columns for a batch. */
  readonly fn: (input: never, context: never) => unknown;
  /** Rows of a batch; undefined for single rows. */
  readonly batchSize: number | undefined;
  /** Leave out a last batch of fewer rows. */
  readonly dropLastBatch: boolean;
  /** The columns that the function is given; undefined for all. */
  readonly given: readonly string[] | undefined;
  readonly removed: ReadonlySet<string>;
  /** What the function is given beside its rows. */
  readonly inputs: object | undefined;
}

type Call = (input: unknown, context: object) => unknown;

/** The rows with what a function returned for them. */
export class MapStage extends Stage {
  readonly #map: StreamMap;

  constructor(source: Stream, map: StreamMap) {
    super(source);
    this.#map = map;
  }

  protected over(source: Stream): Stream {
    return new MapStage(source, this.#map);
  }

  open(epoch: number, state?: StreamState): Cursor {
    const source = this.source.open(epoch, sourceState(state));
    return this.#map.batchSize === undefined
      ? new RowMapCursor(source, this.#map, state)
      : new BatchMapCursor(source, this.#map, this.#map.batchSize, state);
  }
}

class RowMapCursor implements Cursor {
  readonly #source: Cursor;
  readonly #map: StreamMap;
  #index: number;

  constructor(source: Cursor, map: StreamMap, state: StreamState | undefined) {
    this.#source = source;
    this.#map = map;
    this.#index = Number(state?.index ?? 0);
  }

  async next(): Promise<StreamRow | undefined> {
    const row = await this.#source.next();
    if (row === undefined) return undefined;
    const index = this.#index++;
    const { fn, inputs, removed, given } = this.#map;
    const where = `row ${index}`;
    const input = given === undefined ? row : onlyColumns(row, given);
    const returned = await callAt("map", where, () => (fn as Call)(input, { ...inputs, index, rank: 0 }));
    return { ...without(row, removed), ...fieldsOf(returned, where) };
  }

  state(): StreamState {
    return { source: this.#source.state(), index: this.#index };
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

class BatchMapCursor implements Cursor {
  readonly #source: Cursor;
  readonly #map: StreamMap;
  readonly #size: number;
  #index: number; // of the first row behind the batch
  #rows: StreamRow[] = [];
  #at = 0;
  /** Where the source stood before the batch whose rows are given, and of which row that was. */
  #before: StreamState;
  #beforeIndex: number;
  #skip: number; // rows of the next batch that were given before the state was taken

  constructor(source: Cursor, map: StreamMap, size: number, state: StreamState | undefined) {
    this.#source = source;
    this.#map = map;
    this.#size = size;
    this.#index = Number(state?.index ?? 0);
    this.#skip = Number(state?.given ?? 0);
    this.#before = source.state();
    this.#beforeIndex = this.#index;
  }

  async next(): Promise<StreamRow | undefined> {
    while (this.#at >= this.#rows.length) {
      const before = this.#source.state();
      const input: StreamRow[] = [];
      while (input.length < this.#size) {
        const row = await this.#source.next();
        if (row === undefined) break;
        input.push(row);
      }
      this.#before = before;
      this.#beforeIndex = this.#index;
      this.#at = this.#skip;
      this.#skip = 0;
      if (input.length === 0 || (this.#map.dropLastBatch && input.length < this.#size)) {
        this.#rows = [];
        this.#at = 0;
        return undefined;
      }
      this.#rows = await this.#call(input);
      this.#index += input.length;
    }
    return this.#rows[this.#at++];
  }

  async #call(input: StreamRow[]): Promise<StreamRow[]> {
    const { fn, inputs, removed, given } = this.#map;
    const first = this.#index;
    const where = nameRows(first, first + input.length);
    const names = Object.keys(input[0]);
    const columns = Object.fromEntries((given ?? names).map((name) => [name, input.map((row) => row[name] ?? null)]));
    const indices = input.map((_, i) => first + i);
    const returned = await callAt(
      "map",
      where,
      () => (fn as Call)(columns, { ...inputs, indices, rank: 0 }),
      batchHint(indices.length),
    );
    const entries = Object.entries(fieldsOf(returned, where)).filter(([, values]) => typeof values !== "function");
    const kept = names.filter((name) => !removed.has(name) && !entries.some(([each]) => each === name));
    const length = (entries[0]?.[1] as ArrayLike<unknown> | undefined)?.length ?? input.length;
    for (const [name, values] of entries) {
      const found = (values as Partial<ArrayLike<unknown>> | null)?.length;
      if (typeof values !== "object" || found !== length) {
        throw new DataError(
          `map: the function returned ${String(found)} values as column "${name}" for ${where}, ${length} as "${entries[0][0]}"`,
        );
      }
    }
    if (length !== input.length && kept.length > 0) {
      throw new DataError(
        `map: the function returned ${length} rows for ${where}, beside which ${kept.map((name) => `"${name}"`).join(", ")} ` +
          `cannot be kept: return ${input.length}, or name these columns in removeColumns`,
      );
    }
    return Array.from({ length }, (_, i) => {
      const row: StreamRow = {};
      for (const name of kept) row[name] = input[i][name];
      for (const [name, values] of entries) row[name] = (values as ArrayLike<unknown>)[i];
      return row;
    });
  }

  state(): StreamState {
    if (this.#at >= this.#rows.length && this.#skip === 0)
      return { source: this.#source.state(), index: this.#index, given: 0 };
    return { source: this.#before, index: this.#beforeIndex, given: this.#skip > 0 ? this.#skip : this.#at };
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

function without(row: StreamRow, removed: ReadonlySet<string>): StreamRow {
  if (removed.size === 0) return row;
  return Object.fromEntries(Object.entries(row).filter(([name]) => !removed.has(name)));
}

function fieldsOf(returned: unknown, where: string): StreamRow {
  if (isObject(returned) && !ArrayBuffer.isView(returned)) {
    return Object.fromEntries(Object.entries(returned));
  }
  const what = returned === null || returned === undefined ? String(returned) : `a ${typeof returned}`;
  throw new DataError(
    `map: the function returned ${what} for ${where}: return an object of columns ` +
      "(an arrow function that returns one needs parentheses: row => ({ ... }))",
  );
}
