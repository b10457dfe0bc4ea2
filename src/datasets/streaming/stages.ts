// The stages of a stream that are a few lines each: rows chosen by a function, by their number, changed one by one, gathered,
// repeated.
import { DataError } from "../../support/errors.js";
import { callAt } from "../verbs/call.js";
import {
  type Cursor,
  onlyColumns,
  Stage,
  type Stream,
  type StreamRow,
  type StreamState,
  sourceState,
} from "./stream.js";

/** A cursor over another one, with a counter that its state keeps; `step` gives the next row. */
class CountingCursor implements Cursor {
  readonly source: Cursor;
  count: number;
  readonly #step: (cursor: CountingCursor) => Promise<StreamRow | undefined>;

  constructor(
    source: Cursor,
    state: StreamState | undefined,
    step: (cursor: CountingCursor) => Promise<StreamRow | undefined>,
  ) {
    this.source = source;
    this.count = Number(state?.count ?? 0);
    this.#step = step;
  }

  next(): Promise<StreamRow | undefined> {
    return this.#step(this);
  }

  state(): StreamState {
    return { source: this.source.state(), count: this.count };
  }

  close(): Promise<void> {
    return this.source.close();
  }
}

/** Which rows are kept, and how that is asked. */
export interface StreamFilter {
  readonly fn: (row: never, context: never) => unknown;
  /** What the function is given beside its row. */
  readonly inputs: object | undefined;
  /** The columns that it is given; undefined for all. */
  readonly given: readonly string[] | undefined;
}

/** The rows for which a function says true. */
export class FilterStage extends Stage {
  readonly #filter: StreamFilter;

  constructor(source: Stream, filter: StreamFilter) {
    super(source);
    this.#filter = filter;
  }

  protected over(source: Stream): Stream {
    return new FilterStage(source, this.#filter);
  }

  open(epoch: number, state?: StreamState): Cursor {
    const { inputs, given } = this.#filter;
    const fn = this.#filter.fn as (row: StreamRow, context: object) => unknown;
    return new CountingCursor(this.source.open(epoch, sourceState(state)), state, async (cursor) => {
      for (;;) {
        const row = await cursor.source.next();
        if (row === undefined) return undefined;
        const index = cursor.count++;
        const input = given === undefined ? row : onlyColumns(row, given);
        const keep = await callAt("filter", `row ${index}`, () => fn(input, { ...inputs, index, rank: 0 }));
        if (keep === true) return row;
        if (keep === false) continue;
        throw new DataError(`filter: the function returned ${String(keep)} for row ${index}: return true or false`);
      }
    });
  }
}

/** Each row, changed. */
export class RowStage extends Stage {
  readonly #change: (row: StreamRow, index: number) => StreamRow;

  constructor(source: Stream, change: (row: StreamRow, index: number) => StreamRow) {
    super(source);
    this.#change = change;
  }

  protected over(source: Stream): Stream {
    return new RowStage(source, this.#change);
  }

  open(epoch: number, state?: StreamState): Cursor {
    const change = this.#change;
    return new CountingCursor(this.source.open(epoch, sourceState(state)), state, async (cursor) => {
      const row = await cursor.source.next();
      return row === undefined ? undefined : change(row, cursor.count++);
    });
  }
}

/** A stage that counts rows from the first: the order beneath it is fixed, so that its rows are the same ones always. */
abstract class FixedStage extends Stage {
  override get numShards(): number {
    return 1;
  }

  override withShards(shards: readonly number[]): Stream {
    return shards.length === 0 ? this.over(this.source.withShards([])) : this;
  }

  override withShuffledShards(): Stream {
    return this;
  }
}

/** The first rows. */
export class TakeStage extends FixedStage {
  readonly #rows: number;

  constructor(source: Stream, rows: number) {
    super(source);
    this.#rows = rows;
  }

  protected over(source: Stream): Stream {
    return new TakeStage(source, this.#rows);
  }

  open(epoch: number, state?: StreamState): Cursor {
    const rows = this.#rows;
    return new CountingCursor(this.source.open(epoch, sourceState(state)), state, async (cursor) => {
      if (cursor.count >= rows) return undefined;
      const row = await cursor.source.next();
      if (row !== undefined) cursor.count++;
      return row;
    });
  }
}

/** The rows behind the first ones. */
export class SkipStage extends FixedStage {
  readonly #rows: number;

  constructor(source: Stream, rows: number) {
    super(source);
    this.#rows = rows;
  }

  protected over(source: Stream): Stream {
    return new SkipStage(source, this.#rows);
  }

  open(epoch: number, state?: StreamState): Cursor {
    const rows = this.#rows;
    return new CountingCursor(this.source.open(epoch, sourceState(state)), state, async (cursor) => {
      for (; cursor.count < rows; cursor.count++) if ((await cursor.source.next()) === undefined) return undefined;
      return cursor.source.next();
    });
  }
}

/** Every `step`-th row from row `offset` on. */
export class StepStage extends FixedStage {
  readonly #step: number;
  readonly #offset: number;

  constructor(source: Stream, step: number, offset: number) {
    super(source);
    this.#step = step;
    this.#offset = offset;
  }

  protected over(source: Stream): Stream {
    return new StepStage(source, this.#step, this.#offset);
  }

  open(epoch: number, state?: StreamState): Cursor {
    const [step, offset] = [this.#step, this.#offset];
    return new CountingCursor(this.source.open(epoch, sourceState(state)), state, async (cursor) => {
      for (;;) {
        const row = await cursor.source.next();
        if (row === undefined || cursor.count++ % step === offset) return row;
      }
    });
  }
}

/** Rows of lists, of `size` rows each. */
export class BatchStage extends Stage {
  readonly #size: number;
  readonly #dropLast: boolean;

  constructor(source: Stream, size: number, dropLast: boolean) {
    super(source);
    this.#size = size;
    this.#dropLast = dropLast;
  }

  protected over(source: Stream): Stream {
    return new BatchStage(source, this.#size, this.#dropLast);
  }

  open(epoch: number, state?: StreamState): Cursor {
    const [size, dropLast] = [this.#size, this.#dropLast];
    return new CountingCursor(this.source.open(epoch, sourceState(state)), state, async (cursor) => {
      const rows: StreamRow[] = [];
      while (rows.length < size) {
        const row = await cursor.source.next();
        if (row === undefined) break;
        rows.push(row);
      }
      if (rows.length === 0 || (dropLast && rows.length < size)) return undefined;
      return Object.fromEntries(Object.keys(rows[0]).map((name) => [name, rows.map((row) => row[name] ?? null)]));
    });
  }
}

/** The rows several times over, or without an end. A stream without rows ends at once. */
export class RepeatStage extends Stage {
  readonly #times: number;

  /** `times` is Infinity for no end. */
  constructor(source: Stream, times: number) {
    super(source);
    this.#times = times;
  }

  protected over(source: Stream): Stream {
    return new RepeatStage(source, this.#times);
  }

  open(epoch: number, state?: StreamState): Cursor {
    return new RepeatCursor(this.source, this.#times, epoch, state);
  }
}

class RepeatCursor implements Cursor {
  readonly #stream: Stream;
  readonly #times: number;
  readonly #epoch: number;
  #round: number;
  #hasRows: boolean;
  #source: Cursor;

  constructor(stream: Stream, times: number, epoch: number, state: StreamState | undefined) {
    this.#stream = stream;
    this.#times = times;
    this.#epoch = epoch;
    this.#round = Number(state?.round ?? 0);
    this.#hasRows = state?.hasRows === true;
    this.#source = stream.open(epoch, sourceState(state));
  }

  async next(): Promise<StreamRow | undefined> {
    while (this.#round < this.#times) {
      const row = await this.#source.next();
      if (row !== undefined) {
        this.#hasRows = true;
        return row;
      }
      if (!this.#hasRows) return undefined;
      this.#round++;
      await this.#source.close();
      this.#source = this.#stream.open(this.#epoch);
    }
    return undefined;
  }

  state(): StreamState {
    return { source: this.#source.state(), round: this.#round, hasRows: this.#hasRows };
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}
