// What the lines of a log say of a run. A damaged line is counted and left out, a last line that is not whole yet waits for
// its rest.
import { isObject } from "../support/json-object.js";
import type { EndLine, RunLogLine, StartLine } from "../trainer/run-log.js";
import { History, type RowValues } from "./history.js";
import { RowShape } from "./row-shape.js";

const LONGEST_LINE = 1 << 20;
const LINE_END = 0x0a;
/** Training logs rows of a few kinds. */
const MOST_SHAPES = 8;

/** What a content wants back to go on, beside its history. */
export interface KeptContent {
  readonly start: StartLine | undefined;
  readonly began: number | undefined;
  readonly end: EndLine | undefined;
  readonly updated: number | undefined;
  readonly damaged: number;
  readonly origin: number;
  /** In base64. */
  readonly rest: string;
  readonly skipping: boolean;
}

export class LogContent {
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
  /** Bytes of the last line, while it is not whole. */
  #rest: Buffer = Buffer.alloc(0);
  /** Whether the rest belongs to a line that is too long to be one of ours. */
  #skipping = false;
  /** What is taken from a row's time to give the seconds of training. */
  #origin = 0;
  readonly #shapes: RowShape[] = [];
  /** That of the last row. */
  #shape: RowShape | undefined;

  /** Goes on where another has stopped. */
  static restore({ origin, rest, skipping, ...said }: KeptContent, history: History): LogContent {
    const content = Object.assign(new LogContent(), said, { history });
    content.#origin = origin;
    content.#rest = Buffer.from(rest, "base64");
    content.#skipping = skipping;
    return content;
  }

  /** All of it but the history. */
  keep(): KeptContent {
    const { start, began, end, updated, damaged } = this;
    const rest = this.#rest.toString("base64");
    return { start, began, end, updated, damaged, origin: this.#origin, rest, skipping: this.#skipping };
  }

  /** Takes in what follows. The bytes may be used for others when it returns. */
  take(bytes: Buffer): void {
    const whole = bytes.lastIndexOf(LINE_END) + 1;
    let at = 0;
    if (whole > 0 && (this.#rest.length > 0 || this.#skipping)) {
      at = bytes.indexOf(LINE_END) + 1;
      if (!this.#skipping) this.#takeText(Buffer.concat([this.#rest, bytes.subarray(0, at - 1)]).toString("utf8"));
      this.#rest = Buffer.alloc(0);
      this.#skipping = false;
    }
    while (at < whole) at = this.#takeLine(bytes, at, whole);
    if (at < bytes.length) this.#wait(bytes.subarray(at));
  }

  /** Takes in some whole lines of several that follow, each time later ones: what it says is rough then. */
  takeSample(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) at = this.#takeLine(bytes, at, bytes.length, true);
  }

  #wait(bytes: Buffer): void {
    if (this.#skipping) return;
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (this.#rest.length <= LONGEST_LINE) return;
    this.#rest = Buffer.alloc(0);
    this.#skipping = true;
    this.damaged++;
  }

  /** @param end Behind the end of a line. @param sampled Lines before it were left out. @returns where the next line begins */
  #takeLine(bytes: Buffer, start: number, end: number, sampled = false): number {
    const stop = this.#takeRowOf(this.#shape, bytes, start, end, sampled);
    if (stop > 0) return stop;
    for (const shape of this.#shapes) {
      const other = shape === this.#shape ? -1 : this.#takeRowOf(shape, bytes, start, end, sampled);
      if (other > 0) return other;
    }
    const lineEnd = bytes.indexOf(LINE_END, start);
    this.#takeText(bytes.toString("utf8", start, lineEnd), sampled);
    return lineEnd + 1;
  }

  #takeRowOf(shape: RowShape | undefined, bytes: Buffer, start: number, end: number, sampled: boolean): number {
    const stop = shape?.read(bytes, start, end) ?? -1;
    if (!shape || stop < 0 || bytes[stop] !== LINE_END) return -1;
    this.#shape = shape;
    this.#takeRow(shape.time, shape.step, shape.epoch, shape.tokens, shape, sampled);
    return stop + 1;
  }

  #takeText(text: string, sampled = false): void {
    if (text === "") return;
    let line: RunLogLine | null;
    try {
      line = JSON.parse(text) as RunLogLine | null;
    } catch {
      this.damaged++;
      return;
    }
    if (typeof line !== "object" || line === null || !isNumber(line.time)) {
      this.damaged++;
    } else if (line.event === "start" && isNumber(line.rows) && isNumber(line.step)) {
      if (sampled) this.#takeSampledStart(line);
      else this.#takeStart(line);
      this.updated = line.time;
    } else if (line.event === "log" && isNumber(line.step) && isObject(line.values)) {
      this.#learn(text);
      const { time, step, epoch, tokens, values, figures } = line;
      this.#takeRow(time, step, epoch, tokens, numbersOf(values, isObject(figures) ? figures : {}), sampled);
    } else if (line.event === "end") {
      this.end = line;
      this.updated = line.time;
    } else if (line.event === "checkpoint") this.updated = line.time;
    else this.damaged++;
  }

  /** The next row may be like this one. */
  #learn(row: string): void {
    if (this.#shapes.length >= MOST_SHAPES) return;
    this.#shape = RowShape.of(row);
    if (this.#shape) this.#shapes.push(this.#shape);
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

  #takeRow(time: number, step: number, epoch: unknown, tokens: unknown, values: RowValues, sampled: boolean): void {
    if (sampled) this.#dropFrom(step);
    const place = {
      step,
      epoch: isNumber(epoch) ? epoch : Number.NaN,
      tokens: isNumber(tokens) ? tokens : Number.NaN,
      seconds: tokens === undefined ? Number.NaN : (time - this.#origin) / 1000,
    };
    this.history.add(place, values);
    this.updated = time;
  }

  /** Takes back sampled rows of later steps, which were logged before a stop. */
  #dropFrom(step: number): void {
    const { history } = this;
    while (history.last && history.last.step > step) history.cut(history.length - 1);
  }
}

/** The numbers of records, one after the other. */
export function numbersOf(...records: Readonly<Record<string, unknown>>[]): RowValues {
  const found = records.flatMap(Object.entries).flatMap(([key, value]): [string, number][] => {
    if (typeof value === "number") return [[key, value]];
    return value === "NaN" || value === "Infinity" || value === "-Infinity" ? [[key, Number(value)]] : [];
  });
  return { keys: found.map(([key]) => key), value: (key) => found[key][1] };
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
