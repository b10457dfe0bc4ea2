// Follows attune_log.jsonl: reads what was appended since it looked last. A damaged line is counted and left out, a last
// line that is not whole yet waits for its rest.
import type { FileHandle } from "node:fs/promises";
import { runLogFile } from "../trainer/run-files.js";
import type { EndLine, LoggedNumber, RowLine, RunLogLine, StartLine } from "../trainer/run-log.js";
import { History } from "./history.js";
import { type Inside, within } from "./inside.js";
import type { LogState, LogStore } from "./log-store.js";

/** What is read at once takes a few milliseconds: a server answers between two of them. */
const CHUNK_BYTES = 512 << 10;
const LONGEST_LINE = 1 << 20;
const LINE_END = 0x0a;
/** Of a log that has grown by so much what was read is kept, and only of one so long a first look takes samples. */
const LONG_BYTES = 4 << 20;
const SAMPLES = 48;
const SAMPLE_BYTES = 6 << 10;
const MARK_BYTES = 64;

export class LogReader {
  history = new History();
  /** The newest line `start`. */
  start: StartLine | undefined;
  /** When the run began, in milliseconds since 1970: its first start that still holds. */
  began: number | undefined;
  end: EndLine | undefined;
  /** When the newest line was written. */
  updated: number | undefined;
  /** Lines that could not be read. */
  damaged = 0;
  readonly #inside: Inside;
  readonly #path: string;
  readonly #store: LogStore | undefined;
  /** Up to where the store has it. */
  #storedTo = 0;
  #offset = 0;
  #inode: number | undefined;
  /** Bytes of the last line, while it is not whole. */
  #rest: Buffer = Buffer.alloc(0);
  /** Whether the rest belongs to a line that is too long to be one of ours. */
  #skipping = false;
  /** What is taken from a row's time to give the seconds of training. */
  #origin = 0;

  /** @param run The run's folder, as a path within `inside`. @param store Keeps what was read of long logs. */
  constructor(inside: Inside, run: string, store?: LogStore) {
    this.#store = store;
    this.#inside = inside;
    this.#path = within(run, runLogFile);
  }

  /** Reads what is new. @returns Whether something was. @throws NotThere where the file is not there any more */
  async refresh(): Promise<boolean> {
    const file = await this.#inside.open(this.#path);
    try {
      const { size, ino } = await file.stat();
      const replaced = (this.#inode !== undefined && ino !== this.#inode) || size < this.#offset;
      if (replaced) this.#forget();
      this.#inode = ino;
      const before = this.#offset;
      if (before === 0 && size >= LONG_BYTES) await this.#restore(file, ino, size);
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, Math.max(0, size - this.#offset)));
      while (this.#offset < size) {
        const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, size - this.#offset), this.#offset);
        if (bytesRead === 0) break;
        this.#offset += bytesRead;
        this.#take(chunk.subarray(0, bytesRead));
      }
      if (this.#offset - this.#storedTo >= LONG_BYTES) await this.#keepRead(file, ino);
      return replaced || this.#offset > before;
    } finally {
      await file.close();
    }
  }

  /**
   * A first look at a log that is long and not kept: samples of it, and its ends. This reader then holds a rough history,
   * and is for nothing else.
   * @returns whether there was reason to
   */
  async glance(): Promise<boolean> {
    const file = await this.#inside.open(this.#path);
    try {
      const { size, ino } = await file.stat();
      if (size < LONG_BYTES || (await this.#restore(file, ino, size))) return false;
      const bytes = Buffer.alloc(SAMPLE_BYTES);
      for (let sample = 0; sample < SAMPLES; sample++) {
        const position = Math.floor((sample / (SAMPLES - 1)) * (size - SAMPLE_BYTES));
        const { bytesRead } = await file.read(bytes, 0, SAMPLE_BYTES, position);
        const lines = bytes
          .toString("utf8", 0, bytesRead)
          .split("\n")
          .slice(position > 0 ? 1 : 0, -1);
        for (const line of lines) this.#takeLine(line, true);
      }
      this.damaged = 0;
      return true;
    } finally {
      await file.close();
    }
  }

  /** Goes on from what is kept of this log. */
  async #restore(file: FileHandle, inode: number, size: number): Promise<boolean> {
    const stored = this.#store?.read(this.#inside.place(this.#path));
    if (!stored) return false;
    const { state, history } = stored;
    if (state.inode !== inode || state.offset > size) return false;
    const marks = await marksOf(file, state.offset);
    if (marks.first !== state.first || marks.last !== state.last) return false;
    const { start, began, end, updated, damaged, origin, rest, skipping } = state.reader as unknown as Kept;
    this.history = history;
    this.start = start;
    this.began = began;
    this.end = end;
    this.updated = updated;
    this.damaged = damaged;
    this.#origin = origin;
    this.#rest = Buffer.from(rest, "base64");
    this.#skipping = skipping;
    this.#offset = state.offset;
    this.#storedTo = state.offset;
    return true;
  }

  /** Keeps what was read so far, and lets it go from memory. */
  async #keepRead(file: FileHandle, inode: number): Promise<void> {
    const offset = this.#offset;
    this.#storedTo = offset; // not tried again at once where it fails
    if (!this.#store) return;
    const { start, began, end, updated, damaged } = this;
    const kept: Kept = {
      ...{ start, began, end, updated, damaged },
      origin: this.#origin,
      rest: this.#rest.toString("base64"),
      skipping: this.#skipping,
    };
    const state: LogState = { inode, offset, ...(await marksOf(file, offset)), reader: { ...kept } };
    const log = this.#inside.place(this.#path);
    await this.#store.write(log, state, this.history);
    const stored = this.#store.read(log);
    if (stored?.state.offset === offset) this.history = stored.history;
  }

  #forget(): void {
    this.history = new History();
    this.start = undefined;
    this.began = undefined;
    this.end = undefined;
    this.updated = undefined;
    this.damaged = 0;
    this.#offset = 0;
    this.#storedTo = 0;
    this.#rest = Buffer.alloc(0);
    this.#skipping = false;
  }

  #take(chunk: Buffer): void {
    const whole = chunk.lastIndexOf(LINE_END) + 1;
    if (whole === 0) {
      this.#keep(chunk);
      return;
    }
    const text = Buffer.concat([this.#rest, chunk.subarray(0, whole - 1)]).toString("utf8");
    this.#rest = Buffer.alloc(0);
    const lines = text.split("\n");
    if (this.#skipping) lines.shift();
    this.#skipping = false;
    for (const line of lines) if (line !== "") this.#takeLine(line);
    this.#keep(chunk.subarray(whole));
  }

  #keep(bytes: Buffer): void {
    if (this.#skipping) return;
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (this.#rest.length <= LONGEST_LINE) return;
    this.#rest = Buffer.alloc(0);
    this.#skipping = true;
    this.damaged++;
  }

  /** @param sampled Lines before it were left out. */
  #takeLine(text: string, sampled = false): void {
    let line: RunLogLine | null;
    try {
      line = JSON.parse(text) as RunLogLine | null;
    } catch {
      this.damaged++;
      return;
    }
    if (typeof line !== "object" || line === null || !isNumber(line.time)) {
      this.damaged++;
      return;
    }
    if (line.event === "start" && isNumber(line.rows) && isNumber(line.step)) {
      if (sampled) this.#takeSampledStart(line);
      else this.#takeStart(line);
    } else if (line.event === "log" && isNumber(line.step) && isRecord(line.values)) {
      if (sampled) this.#dropFrom(line.step);
      this.#takeRow(line);
    } else if (line.event === "end") this.end = line;
    else if (line.event !== "checkpoint") {
      this.damaged++;
      return;
    }
    this.updated = line.time;
  }

  #takeStart(line: StartLine): void {
    this.history.cut(line.rows);
    if (this.history.length === 0) this.began = undefined;
    this.began ??= line.time;
    this.#origin = line.time - 1000 * this.history.lastSeconds;
    this.start = line;
    this.end = undefined;
  }

  /** Among samples nobody knows which rows a start takes back; those that come after it say so by their steps. */
  #takeSampledStart(line: StartLine): void {
    this.began ??= line.time;
    if (this.start === undefined) this.#origin = line.time;
    this.start = line;
    this.end = undefined;
  }

  /** Takes back sampled rows of later steps, which were logged before a stop. */
  #dropFrom(step: number): void {
    const { history } = this;
    while (history.last && history.last.step > step) history.cut(history.length - 1);
  }

  #takeRow({ time, step, epoch, tokens, values, figures }: RowLine): void {
    this.history.add({
      step,
      epoch: isNumber(epoch) ? epoch : Number.NaN,
      tokens: isNumber(tokens) ? tokens : Number.NaN,
      seconds: tokens === undefined ? Number.NaN : (time - this.#origin) / 1000,
      values: numbersOf(values, isRecord(figures) ? figures : {}),
    });
  }
}

function* numbersOf(...records: Readonly<Record<string, LoggedNumber>>[]): Generator<[string, number]> {
  for (const record of records) {
    for (const key of Object.keys(record)) {
      const value = record[key];
      if (typeof value === "number") yield [key, value];
      else if (value === "NaN" || value === "Infinity" || value === "-Infinity") yield [key, Number(value)];
    }
  }
}

/** What a reader wants back of an earlier one. */
interface Kept {
  readonly start: StartLine | undefined;
  readonly began: number | undefined;
  readonly end: EndLine | undefined;
  readonly updated: number | undefined;
  readonly damaged: number;
  readonly origin: number;
  readonly rest: string;
  readonly skipping: boolean;
}

/** By what a log is known again that was read up to a place. */
async function marksOf(file: FileHandle, offset: number): Promise<Pick<LogState, "first" | "last">> {
  const at = async (position: number) => {
    const bytes = Buffer.alloc(MARK_BYTES);
    const { bytesRead } = await file.read(bytes, 0, MARK_BYTES, position);
    return bytes.toString("base64", 0, bytesRead);
  };
  return { first: await at(0), last: await at(Math.max(0, offset - MARK_BYTES)) };
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isRecord(value: unknown): value is Readonly<Record<string, LoggedNumber>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
