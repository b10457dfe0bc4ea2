// The rows of files, read as they are asked for.
import { NumpyGenerator } from "../../support/numpy-generator.js";
import type { StructFeature } from "../features.js";
import type { FileReader, RowBatch } from "../readers/batch.js";
import type { Cursor, Stream, StreamRow, StreamState } from "./stream.js";

/** The rows of files, one file after another; each file is a shard. */
export class FileStream implements Stream {
  readonly #reader: FileReader;
  readonly #features: StructFeature | undefined;
  readonly #files: readonly string[];
  readonly #isShuffled: boolean;

  constructor(reader: FileReader, features: StructFeature | undefined, files: readonly string[], isShuffled = false) {
    this.#reader = reader;
    this.#features = features;
    this.#files = files;
    this.#isShuffled = isShuffled;
  }

  get numShards(): number {
    return this.#files.length;
  }

  withShards(shards: readonly number[]): Stream {
    return this.#with(
      shards.map((shard) => this.#files[shard]),
      this.#isShuffled,
    );
  }

  withShuffledShards(seed: number): Stream {
    return this.#with(shuffled(this.#files, seed), true);
  }

  #with(files: readonly string[], isShuffled: boolean): FileStream {
    return new FileStream(this.#reader, this.#features, files, isShuffled);
  }

  open(epoch: number, state?: StreamState): Cursor {
    const files = this.#isShuffled && epoch > 0 ? shuffled(this.#files, epoch) : this.#files;
    return new FileCursor(this.#reader, this.#features, files, state);
  }
}

/** Files in numpy's order for a seed, as datasets shuffles the shards of a stream. */
function shuffled(files: readonly string[], seed: number): string[] {
  return Array.from(new NumpyGenerator(seed).permutation(files.length), (at) => files[at]);
}

class FileCursor implements Cursor {
  readonly #reader: FileReader;
  readonly #features: StructFeature | undefined;
  readonly #files: readonly string[];
  #file: number;
  #row: number; // the next one of the file
  #batches: AsyncIterator<RowBatch> | undefined;
  #rows: readonly StreamRow[] = [];
  #at = 0;

  constructor(
    reader: FileReader,
    features: StructFeature | undefined,
    files: readonly string[],
    state: StreamState | undefined,
  ) {
    this.#reader = reader;
    this.#features = features;
    this.#files = files;
    this.#file = Number(state?.file ?? 0);
    this.#row = Number(state?.row ?? 0);
  }

  async next(): Promise<StreamRow | undefined> {
    while (this.#at === this.#rows.length) {
      if (this.#file >= this.#files.length) return undefined;
      this.#batches ??= this.#reader.read(this.#files[this.#file], this.#features, this.#row)[Symbol.asyncIterator]();
      const batch = await this.#batches.next();
      this.#at = 0;
      if (batch.done) {
        this.#rows = [];
        this.#batches = undefined;
        this.#file++;
        this.#row = 0;
      } else {
        this.#rows = rowsOfBatch(batch.value);
      }
    }
    this.#row++;
    return this.#rows[this.#at++];
  }

  state(): StreamState {
    return { file: this.#file, row: this.#row };
  }

  async close(): Promise<void> {
    await this.#batches?.return?.();
    this.#batches = undefined;
  }
}

function rowsOfBatch({ columns, length }: RowBatch): StreamRow[] {
  const entries = [...columns];
  return Array.from({ length }, (_, i) => {
    const row: StreamRow = {};
    for (const [name, values] of entries) row[name] = values[i];
    return row;
  });
}
