// shuffle over a stream: rows leave a buffer in random order. The order of a seed and an epoch is that of datasets 5.2: a
// full buffer is shuffled, half of it given, and the other half kept for the next round.
import { type GeneratorState, NumpyGenerator } from "../../support/numpy-generator.js";
import { fromJsonValue, toJsonValue } from "./row-json.js";
import { type Cursor, Stage, type Stream, type StreamRow, type StreamState, sourceState } from "./stream.js";

/** The rows through a buffer. */
export class ShuffleStage extends Stage {
  readonly #seed: number;
  readonly #bufferSize: number;

  constructor(source: Stream, seed: number, bufferSize: number) {
    super(source);
    this.#seed = seed;
    this.#bufferSize = bufferSize;
  }

  protected over(source: Stream): Stream {
    return new ShuffleStage(source, this.#seed, this.#bufferSize);
  }

  open(epoch: number, state?: StreamState): Cursor {
    const generator = new NumpyGenerator(this.#seed);
    const ofEpoch = epoch === 0 ? generator : new NumpyGenerator(generator.seed63() - BigInt(epoch));
    return new ShuffleCursor(this.source.open(epoch, sourceState(state)), ofEpoch, this.#bufferSize, state);
  }
}

class ShuffleCursor implements Cursor {
  readonly #source: Cursor;
  readonly #generator: NumpyGenerator;
  readonly #bufferSize: number;
  #buffer: StreamRow[] = [];
  #ready: StreamRow[] = []; // to be given, the next one last
  #isEnd = false;

  constructor(source: Cursor, generator: NumpyGenerator, bufferSize: number, state: StreamState | undefined) {
    this.#source = source;
    this.#generator = generator;
    this.#bufferSize = bufferSize;
    if (state === undefined) return;
    this.#buffer = fromJsonValue(state.buffer) as StreamRow[];
    this.#ready = fromJsonValue(state.ready) as StreamRow[];
    this.#isEnd = state.isEnd === true;
    generator.state = state.generator as GeneratorState;
  }

  async next(): Promise<StreamRow | undefined> {
    while (this.#ready.length === 0) {
      if (this.#isEnd) return undefined;
      while (this.#buffer.length < this.#bufferSize) {
        const row = await this.#source.next();
        if (row === undefined) {
          this.#isEnd = true;
          break;
        }
        this.#buffer.push(row);
      }
      const order = Array.from(this.#generator.permutation(this.#buffer.length), (at) => this.#buffer[at]);
      const kept = this.#isEnd ? 0 : Math.floor(this.#bufferSize / 2);
      this.#ready = order.slice(0, order.length - kept).reverse();
      this.#buffer = order.slice(order.length - kept);
    }
    return this.#ready.pop();
  }

  state(): StreamState {
    return {
      source: this.#source.state(),
      buffer: toJsonValue(this.#buffer),
      ready: toJsonValue(this.#ready),
      isEnd: this.#isEnd,
      generator: this.#generator.state,
    };
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}
