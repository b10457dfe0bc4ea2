// Streams made of several: one after another, or by turns.
import { cumulative, type GeneratorState, NumpyGenerator } from "../../support/numpy-generator.js";
import type { StoppingStrategy } from "../verbs/interleave.js";
import type { Cursor, Stream, StreamRow, StreamState } from "./stream.js";

/** A stream over several others, whose parts are all of theirs. */
abstract class Several implements Stream {
  readonly sources: readonly Stream[];

  constructor(sources: readonly Stream[]) {
    this.sources = sources;
  }

  abstract open(epoch: number, state?: StreamState): Cursor;
  protected abstract over(sources: readonly Stream[]): Stream;

  get numShards(): number {
    return this.sources.reduce((sum, { numShards }) => sum + numShards, 0);
  }

  /** The parts of each source among `shards`, which number those of all sources one after another. */
  withShards(shards: readonly number[]): Stream {
    let first = 0;
    const sources = this.sources.map((source) => {
      const own = shards
        .filter((shard) => shard >= first && shard < first + source.numShards)
        .map((shard) => shard - first);
      first += source.numShards;
      return source.withShards(own);
    });
    return this.over(sources);
  }

  withShuffledShards(seed: number): Stream {
    return this.over(this.sources.map((source) => source.withShuffledShards(seed)));
  }
}

/** The rows of streams one after another. */
export class ChainedStream extends Several {
  protected over(sources: readonly Stream[]): Stream {
    return new ChainedStream(sources);
  }

  open(epoch: number, state?: StreamState): Cursor {
    return new ChainedCursor(this.sources, epoch, state);
  }
}

class ChainedCursor implements Cursor {
  readonly #streams: readonly Stream[];
  readonly #epoch: number;
  #at: number;
  #source: Cursor | undefined;

  constructor(streams: readonly Stream[], epoch: number, state: StreamState | undefined) {
    this.#streams = streams;
    this.#epoch = epoch;
    this.#at = Number(state?.at ?? 0);
    this.#source = this.#streams[this.#at]?.open(epoch, state?.source as StreamState | undefined);
  }

  async next(): Promise<StreamRow | undefined> {
    while (this.#source !== undefined) {
      const row = await this.#source.next();
      if (row !== undefined) return row;
      await this.#source.close();
      this.#at++;
      this.#source = this.#streams[this.#at]?.open(this.#epoch);
    }
    return undefined;
  }

  state(): StreamState {
    return { at: this.#at, ...(this.#source === undefined ? {} : { source: this.#source.state() }) };
  }

  async close(): Promise<void> {
    await this.#source?.close();
  }
}

/** Whose turn it is. */
export interface Turns {
  readonly probabilities: readonly number[] | undefined;
  readonly seed: number;
  readonly stoppingStrategy: StoppingStrategy;
}

/** The rows of streams by turns: for a seed, in the order of Python's streamed `interleave_datasets`. */
export class InterleavedStream extends Several {
  readonly #turns: Turns;

  constructor(sources: readonly Stream[], turns: Turns) {
    super(sources);
    this.#turns = turns;
  }

  protected over(sources: readonly Stream[]): Stream {
    return new InterleavedStream(sources, this.#turns);
  }

  open(epoch: number, state?: StreamState): Cursor {
    return new InterleavedCursor(this.sources, this.#turns, epoch, state);
  }
}

/** A source whose next row is read ahead, so that its end is known with its last row. */
interface Ahead {
  cursor: Cursor;
  next: StreamRow | undefined;
  isRead: boolean;
  /** Where the cursor stood before it read ahead. */
  before: StreamState;
}

class InterleavedCursor implements Cursor {
  readonly #streams: readonly Stream[];
  readonly #turns: Turns;
  readonly #epoch: number;
  readonly #bounds: Float64Array | undefined;
  readonly #generator: NumpyGenerator;
  readonly #sources: Ahead[];
  readonly #isThrough: boolean[];
  #turn: number; // in a circle, the source that is next

  constructor(streams: readonly Stream[], turns: Turns, epoch: number, state: StreamState | undefined) {
    this.#streams = streams;
    this.#turns = turns;
    this.#epoch = epoch;
    this.#bounds = turns.probabilities && cumulative(turns.probabilities);
    const generator = new NumpyGenerator(turns.seed);
    this.#generator = epoch === 0 ? generator : new NumpyGenerator(generator.seed63() - BigInt(epoch));
    if (state !== undefined) this.#generator.state = state.generator as GeneratorState;
    const states = (state?.sources ?? []) as readonly StreamState[];
    this.#sources = streams.map((stream, i) => this.#open(stream, states[i]));
    this.#isThrough = (state?.isThrough as boolean[] | undefined)?.slice() ?? streams.map(() => false);
    this.#turn = Number(state?.turn ?? 0);
  }

  #open(stream: Stream, state?: StreamState): Ahead {
    const cursor = stream.open(this.#epoch, state);
    return { cursor, next: undefined, isRead: false, before: cursor.state() };
  }

  async next(): Promise<StreamRow | undefined> {
    const withReplacement = this.#turns.stoppingStrategy !== "all_exhausted_without_replacement";
    for (;;) {
      if (this.#isOver()) return undefined;
      const at = this.#nextTurn();
      if (this.#isThrough[at] && !withReplacement) continue;
      const source = this.#sources[at];
      if (!source.isRead) await this.#readAhead(source);
      const row = source.next;
      if (row === undefined) {
        this.#isThrough[at] = true; // it has no rows at all
        continue;
      }
      await this.#readAhead(source);
      if (source.next === undefined) {
        this.#isThrough[at] = true;
        if (withReplacement) {
          await source.cursor.close();
          this.#sources[at] = this.#open(this.#streams[at]);
        }
      }
      return row;
    }
  }

  #isOver(): boolean {
    if (this.#turns.stoppingStrategy === "first_exhausted") return this.#isThrough.some(Boolean);
    return this.#isThrough.every(Boolean);
  }

  #nextTurn(): number {
    if (this.#bounds !== undefined) return this.#generator.weighted(this.#bounds);
    const turn = this.#turn;
    this.#turn = (turn + 1) % this.#streams.length;
    return turn;
  }

  async #readAhead(source: Ahead): Promise<void> {
    source.before = source.cursor.state();
    source.next = await source.cursor.next();
    source.isRead = true;
  }

  state(): StreamState {
    return {
      sources: this.#sources.map(({ before, isRead, cursor }) => (isRead ? before : cursor.state())),
      isThrough: [...this.#isThrough],
      turn: this.#turn,
      generator: this.#generator.state,
    };
  }

  async close(): Promise<void> {
    for (const { cursor } of this.#sources) await cursor.close();
  }
}
