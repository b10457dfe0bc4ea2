// The rows of a table as a stream, in runs of rows that stand for the files that it might have come from.
import { NumpyGenerator } from "../../support/numpy-generator.js";
import { readRows, type Table } from "../table.js";
import type { Cursor, Stream, StreamRow, StreamState } from "./stream.js";

/** Rows `start` to `end` - 1. */
type Run = readonly [start: number, end: number];

const ROWS_READ = 1000;

/** The rows of a table; each run of rows is a shard. */
export class TableStream implements Stream {
  readonly #table: Table;
  readonly #runs: readonly Run[];
  readonly #isShuffled: boolean;

  constructor(table: Table, runs: readonly Run[], isShuffled = false) {
    this.#table = table;
    this.#runs = runs;
    this.#isShuffled = isShuffled;
  }

  get numShards(): number {
    return this.#runs.length;
  }

  withShards(shards: readonly number[]): Stream {
    return new TableStream(
      this.#table,
      shards.map((shard) => this.#runs[shard]),
      this.#isShuffled,
    );
  }

  withShuffledShards(seed: number): Stream {
    return new TableStream(this.#table, shuffled(this.#runs, seed), true);
  }

  open(epoch: number, state?: StreamState): Cursor {
    const runs = this.#isShuffled && epoch > 0 ? shuffled(this.#runs, epoch) : this.#runs;
    return new TableCursor(this.#table, runs, state);
  }
}

function shuffled(runs: readonly Run[], seed: number): Run[] {
  return Array.from(new NumpyGenerator(seed).permutation(runs.length), (at) => runs[at]);
}

class TableCursor implements Cursor {
  readonly #table: Table;
  readonly #runs: readonly Run[];
  #run: number;
  #row: number; // the next one of the run
  #rows: StreamRow[] = [];
  #at = 0;

  constructor(table: Table, runs: readonly Run[], state: StreamState | undefined) {
    this.#table = table;
    this.#runs = runs;
    this.#run = Number(state?.file ?? 0);
    this.#row = Number(state?.row ?? 0);
  }

  next(): Promise<StreamRow | undefined> {
    while (this.#at === this.#rows.length) {
      if (this.#run >= this.#runs.length) return Promise.resolve(undefined);
      const [start, end] = this.#runs[this.#run];
      const from = start + this.#row;
      this.#rows = readRows(this.#table, Math.min(from, end), Math.min(from + ROWS_READ, end));
      this.#at = 0;
      if (this.#rows.length > 0) break;
      this.#run++;
      this.#row = 0;
    }
    this.#row++;
    return Promise.resolve(this.#rows[this.#at++]);
  }

  state(): StreamState {
    return { file: this.#run, row: this.#row };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
