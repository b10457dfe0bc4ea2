// What a streamed dataset is made of: streams, which are opened for a run over their rows, and cursors, which give the rows of
// a run one after another and say at any time where they stand.

/** A row by columns. */
export type StreamRow = Record<string, unknown>;

/** Where a cursor stands, as JSON can hold it. */
export type StreamState = { readonly [field: string]: unknown };

/** The rows of one run. */
export interface Cursor {
  /** The next row; undefined behind the last. */
  next(): Promise<StreamRow | undefined>;
  /** Where the run stands: a cursor that is opened with it gives the rows that this one has not given yet. */
  state(): StreamState;
  /** Closes what is open. */
  close(): Promise<void>;
}

/** Rows that can be run over, again and again. */
export interface Stream {
  /** A run of epoch `epoch`, from the beginning or from where `state` was taken in the same epoch. */
  open(epoch: number, state?: StreamState): Cursor;
  /** The parts that can be read apart from each other: files, mostly. */
  readonly numShards: number;
  /** A stream of some of the parts, in that order. */
  withShards(shards: readonly number[]): Stream;
  /** The parts in a random order of `seed`, and another in each epoch. Streams whose order is fixed stay as they are. */
  withShuffledShards(seed: number): Stream;
}

/** A stream over one other, which hands its parts through. */
export abstract class Stage implements Stream {
  readonly source: Stream;

  constructor(source: Stream) {
    this.source = source;
  }

  abstract open(epoch: number, state?: StreamState): Cursor;

  /** The same stage over another stream. */
  protected abstract over(source: Stream): Stream;

  get numShards(): number {
    return this.source.numShards;
  }

  withShards(shards: readonly number[]): Stream {
    return this.over(this.source.withShards(shards));
  }

  withShuffledShards(seed: number): Stream {
    return this.over(this.source.withShuffledShards(seed));
  }
}

/** The state of the stream beneath, as a stage keeps it. */
export function sourceState(state: StreamState | undefined): StreamState | undefined {
  return state?.source as StreamState | undefined;
}

/** The row's values of these columns; null where it has none. */
export function onlyColumns(row: StreamRow, names: readonly string[]): StreamRow {
  return Object.fromEntries(names.map((name) => [name, row[name] ?? null]));
}
