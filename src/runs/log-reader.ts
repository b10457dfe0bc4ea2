// Follows attune_log.jsonl: reads what was appended since it looked last. A damaged line is counted and left out, a last
// line that is not whole yet waits for its rest.

import { runLogFile } from "../trainer/run-files.js";
import type { EndLine, LoggedNumber, RowLine, RunLogLine, StartLine } from "../trainer/run-log.js";
import { History } from "./history.js";
import { type Inside, within } from "./inside.js";

const CHUNK_BYTES = 4 << 20;
const LONGEST_LINE = 1 << 20;
const LINE_END = 0x0a;

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
  #offset = 0;
  #inode: number | undefined;
  /** Bytes of the last line, while it is not whole. */
  #rest: Buffer = Buffer.alloc(0);
  /** Whether the rest belongs to a line that is too long to be one of ours. */
  #skipping = false;
  /** What is taken from a row's time to give the seconds of training. */
  #origin = 0;

  /** @param run The run's folder, as a path within `inside`. */
  constructor(inside: Inside, run: string) {
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
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, Math.max(0, size - this.#offset)));
      while (this.#offset < size) {
        const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, size - this.#offset), this.#offset);
        if (bytesRead === 0) break;
        this.#offset += bytesRead;
        this.#take(chunk.subarray(0, bytesRead));
      }
      return replaced || this.#offset > before;
    } finally {
      await file.close();
    }
  }

  #forget(): void {
    this.history = new History();
    this.start = undefined;
    this.began = undefined;
    this.end = undefined;
    this.updated = undefined;
    this.damaged = 0;
    this.#offset = 0;
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

  #takeLine(text: string): void {
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
    if (line.event === "start" && isNumber(line.rows) && isNumber(line.step)) this.#takeStart(line);
    else if (line.event === "log" && isNumber(line.step) && isRecord(line.values)) this.#takeRow(line);
    else if (line.event === "end") this.end = line;
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

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isRecord(value: unknown): value is Readonly<Record<string, LoggedNumber>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
