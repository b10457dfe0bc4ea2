// What was read of a long log, kept beside other things of this user's, so that the next start need not read it again: its
// columns as they are in memory, their overviews, and how far the log was read. A log that is not the one that was read, as
// far as its first and last bytes tell, is read anew.
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../support/atomic.js";
import { debug } from "../support/log.js";
import { NumberColumn } from "./columns.js";
import { type Column, History } from "./history.js";
import type { Overview } from "./overview.js";

const MAGIC = "attune-log-1\n\0\0\0";
const HEAD_BYTES = 24; // the magic, and the header's length
const LONGEST_HEADER = 4 << 20;
/** What is not used for so long, or is more than this, goes. */
const KEPT_DAYS = 30;
const MOST_BYTES = 8e9;

/** How far a log was read, and by what it is known to be the same. */
export interface LogState {
  readonly inode: number;
  readonly offset: number;
  /** Some of its first bytes, and some of the last that were read: in base64. */
  readonly first: string;
  readonly last: string;
  /** Whatever its reader wants back. */
  readonly reader: Readonly<Record<string, unknown>>;
}

/** A column's place in the file, counted in numbers, its length, and its last value, by its name where JSON has none. */
type Place = readonly [at: number, length: number, last: number | string];

interface Header extends LogState {
  /** How many numbers follow. */
  readonly numbers: number;
  readonly places: Readonly<Record<"steps" | "seconds" | "tokens" | "epochs", Place>>;
  readonly figures: readonly {
    readonly key: string;
    readonly rows: Place;
    readonly values: Place;
    readonly nonFinite: number;
    readonly overview: Readonly<Record<keyof Overview, Place>> | null;
  }[];
}

export class LogStore {
  readonly #folder: string;

  /** @param folder Of this user's alone; it is made. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  #pathOf(log: string): string {
    return join(this.#folder, `${createHash("sha256").update(log).digest("hex").slice(0, 32)}.columns`);
  }

  /** What is kept of a log, by its absolute path. Undefined where there is nothing, or nothing whole. */
  read(log: string): { readonly state: LogState; readonly history: History } | undefined {
    const path = this.#pathOf(log);
    let file: number | undefined;
    try {
      file = openSync(path, "r");
      const stored = readStored(file);
      void utimes(path, new Date(), new Date()).catch(() => undefined); // used
      return stored;
    } catch (error) {
      if (file !== undefined) closeSync(file);
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") debug(`${path} is not used: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** Keeps what was read. Where that fails, the next start reads the log again. */
  async write(log: string, state: LogState, history: History): Promise<void> {
    const path = this.#pathOf(log);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeFileAtomic(path, contentOf(state, history), { mode: 0o600 });
    } catch (error) {
      debug(`${path} cannot be written: ${(error as Error).message}`);
    }
  }

  /** Removes what nobody has used for long, and the oldest of what is too much. */
  async sweep(): Promise<void> {
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) => name.endsWith(".columns"));
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name);
        const found = await stat(path).catch(() => undefined);
        return { path, size: found?.size ?? 0, used: found?.mtimeMs ?? 0 };
      }),
    );
    let bytes = 0;
    for (const { path, size, used } of files.sort((a, b) => b.used - a.used)) {
      bytes += size;
      if (bytes > MOST_BYTES || Date.now() - used > KEPT_DAYS * 86_400_000) await rm(path, { force: true });
    }
  }
}

function* contentOf(state: LogState, history: History): Generator<Uint8Array> {
  const { figures, ...places } = history.columns;
  const parts: Float64Array[] = [];
  let at = 0;
  const place = (values: Float64Array): Place => {
    const own: Place = [at, values.length, jsonOf(values.at(-1))];
    parts.push(values);
    at += values.length;
    return own;
  };
  const known: { readonly rows: Float64Array; readonly place: Place }[] = [];
  /** Most figures are logged in the same rows. */
  const placeOfRows = (rows: Float64Array): Place => {
    const twin = known.find(
      (other) => other.rows.length === rows.length && rows.every((row, i) => row === other.rows[i]),
    );
    if (twin) return twin.place;
    const own = place(rows);
    known.push({ rows, place: own });
    return own;
  };
  const described: Omit<Header, "numbers"> = {
    ...state,
    places: {
      steps: place(places.steps.view()),
      seconds: place(places.seconds.view()),
      tokens: place(places.tokens.view()),
      epochs: place(places.epochs.view()),
    },
    figures: [...figures].map(([key, { rows, values }]) => {
      const overview = history.overview(key);
      return {
        key,
        rows: placeOfRows(rows.view()),
        values: place(values.view()),
        nonFinite: history.nonFinite(key),
        overview: overview
          ? {
              steps: place(overview.steps),
              seconds: place(overview.seconds),
              tokens: place(overview.tokens),
              values: place(overview.values),
            }
          : null,
      };
    }),
  };
  const text = Buffer.from(JSON.stringify({ ...described, numbers: at }));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, " ")]);
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, "latin1");
  head.writeDoubleLE(padded.length, 16);
  yield head;
  yield padded;
  for (const part of parts) yield new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
}

function jsonOf(value = Number.NaN): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** @throws where it is not whole */
function readStored(file: number): { readonly state: LogState; readonly history: History } {
  const head = Buffer.alloc(HEAD_BYTES);
  readFully(file, head, 0);
  const length = head.readDoubleLE(16);
  if (head.toString("latin1", 0, 16) !== MAGIC || !(length > 0 && length <= LONGEST_HEADER)) {
    throw new Error("it is of another version, or damaged");
  }
  const text = Buffer.alloc(length);
  readFully(file, text, HEAD_BYTES);
  const { places, figures, numbers, ...state } = JSON.parse(text.toString("utf8")) as Header;
  const origin = HEAD_BYTES + length;
  if (fstatSync(file).size !== origin + 8 * numbers) throw new Error("it is cut short");
  const held = new Held(file);
  const column = ([at, count, last]: Place) =>
    NumberColumn.stored(count, Number(last), () => held.read(origin + 8 * at, count));
  const restored = figures.map(({ key, rows, values, nonFinite, overview }): [string, Column] => {
    const own: Column = { rows: column(rows), values: column(values) };
    if (overview) {
      const [steps, seconds, tokens, points] = [overview.steps, overview.seconds, overview.tokens, overview.values].map(
        column,
      );
      own.digest = {
        of: values[1],
        nonFinite,
        overview: {
          get steps() {
            return steps.view();
          },
          get seconds() {
            return seconds.view();
          },
          get tokens() {
            return tokens.view();
          },
          get values() {
            return points.view();
          },
        },
      };
    }
    return [key, own];
  });
  const history = new History({
    steps: column(places.steps),
    seconds: column(places.seconds),
    tokens: column(places.tokens),
    epochs: column(places.epochs),
    figures: new Map(restored),
  });
  return { state, history };
}

const forgotten = new FinalizationRegistry<number>((file) => closeSync(file));

/** A file that is open for as long as a column of it may be asked for: it may be replaced meanwhile. */
class Held {
  readonly #file: number;

  constructor(file: number) {
    this.#file = file;
    forgotten.register(this, file);
  }

  read(position: number, count: number): Float64Array {
    const values = new Float64Array(count);
    readFully(this.#file, new Uint8Array(values.buffer), position);
    return values;
  }
}

function readFully(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const read = readSync(file, bytes, done, bytes.length - done, position + done);
    if (read === 0) throw new Error("it is cut short");
    done += read;
  }
}
