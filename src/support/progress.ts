// Progress on standard error: on a terminal one live line, elsewhere (CI, a log file) a line every so often. It is drawn
// when work is reported, never by a timer, so a display that is not ended keeps no process alive.
import { isLogged } from "./log.js";
import { cutToWidth, displayWidth, type Terminal, terminal } from "./terminal.js";

/** `auto`: live on a terminal, else lines; silent where ATTUNE_LOG is below info. */
export type ProgressMode = "auto" | "live" | "lines" | "silent";

export interface ProgressOptions {
  /** What is going on, at the beginning of the line: "train". */
  description?: string;
  /** How many units there will be; without it there is neither bar nor time left. */
  total?: number;
  /** How many are done already, as in a resumed run; they don't count for the rate. Default 0. */
  initial?: number;
  /** What is counted, in the plural: "steps" by default. */
  unit?: string;
  mode?: ProgressMode;
  /** Seconds between two lines where no live line is possible. Default 10. */
  lineInterval?: number;
  /** Leave the last state on the screen at the end. Default true; a nested display may want false. */
  leave?: boolean;
  /** Where to draw; standard error by default. */
  terminal?: Terminal;
  /** A clock in seconds; monotonic time by default. */
  now?: () => number;
}

/** What to show beside the count: numbers are shortened, text stands as it is, undefined removes a field. */
export type ProgressFields = Record<string, number | string | undefined>;

const REDRAW_SECONDS = 0.1;
const RATE_MEMORY_SECONDS = 30; // the rate is a mean that forgets what lies further back than about this

/** A progress display; `end()` (or `using`) finishes it. */
export class Progress implements Disposable {
  readonly #description: string;
  readonly #total: number | undefined;
  readonly #initial: number;
  readonly #unit: string;
  readonly #mode: "live" | "lines" | "silent";
  readonly #interval: number;
  readonly #leave: boolean;
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #started: number;
  readonly #render = () => this.line(this.#terminal.columns - 1);
  #completed: number;
  #fields: ProgressFields = {};
  #drawnAt: number;
  #measuredAt: number;
  #measured: number;
  #recentUnits = 0;
  #recentSeconds = 0;
  #ended = false;

  constructor(options: ProgressOptions = {}) {
    this.#description = options.description ?? "";
    this.#total = options.total;
    this.#initial = options.initial ?? 0;
    this.#unit = options.unit ?? "steps";
    this.#terminal = options.terminal ?? terminal;
    this.#mode = chooseMode(options.mode ?? "auto", this.#terminal);
    this.#interval = options.lineInterval ?? 10;
    this.#leave = options.leave ?? true;
    this.#now = options.now ?? (() => performance.now() / 1000);
    this.#completed = this.#initial;
    this.#measured = this.#initial;
    this.#started = this.#drawnAt = this.#measuredAt = this.#now();
    if (this.#mode === "live") this.#terminal.addLive(this.#render);
  }

  /** Units done so far, `initial` included. */
  get completed(): number {
    return this.#completed;
  }

  /** Counts `units` more as done and sets fields; fields not named keep what they showed. */
  advance(units = 1, fields?: ProgressFields): void {
    this.update(this.#completed + units, fields);
  }

  /** Says that `completed` units are done in all and sets fields; fields not named keep what they showed. */
  update(completed: number, fields?: ProgressFields): void {
    this.#completed = completed;
    if (fields) Object.assign(this.#fields, fields);
    if (this.#ended || this.#mode === "silent") return;
    const now = this.#now();
    if (now - this.#drawnAt < (this.#mode === "live" ? REDRAW_SECONDS : this.#interval)) return;
    this.#drawnAt = now;
    this.#measureRate(now);
    if (this.#mode === "live") this.#terminal.redraw();
    else this.#terminal.writeLine(this.line());
  }

  /** Finishes the display; with `leave` its last state stays as a line. Later calls do nothing. */
  end(fields?: ProgressFields): void {
    if (this.#ended) return;
    if (fields) Object.assign(this.#fields, fields);
    this.#ended = true;
    if (this.#mode === "live") this.#terminal.removeLive(this.#render);
    if (this.#mode !== "silent" && this.#leave) {
      this.#terminal.writeLine(this.line(this.#mode === "live" ? this.#terminal.columns - 1 : undefined));
    }
  }

  [Symbol.dispose](): void {
    this.end();
  }

  /**
   * The line as it would be drawn now: without `width` bare; on `width` columns without what does not fit at its end, and
   * with a bar as wide as they allow.
   */
  line(width?: number): string {
    const elapsed = this.#now() - this.#started;
    const rate = this.#ended ? (this.#completed - this.#initial) / elapsed : this.#rate(elapsed);
    const parts = [`${this.#completed}${this.#total === undefined ? "" : `/${this.#total}`} ${this.#unit}`];
    parts.push(formatDuration(elapsed));
    if (!this.#ended && this.#total !== undefined && rate > 0) {
      parts.push(`${formatDuration(Math.max(0, this.#total - this.#completed) / rate)} left`);
    }
    if (rate > 0 && Number.isFinite(rate)) parts.push(formatRate(rate, this.#unit));
    for (const [name, value] of Object.entries(this.#fields)) {
      if (value !== undefined) parts.push(`${name} ${typeof value === "number" ? formatNumber(value) : value}`);
    }
    const head = this.#description === "" ? "" : `${this.#description}  `;
    const total = this.#total;
    const done = total ? Math.min(1, Math.max(0, this.#completed / total)) : 1;
    const begin = total === undefined ? head : `${head}${String(Math.floor(100 * done)).padStart(3)}%  `;
    if (width === undefined) return begin + parts.join("  ");
    const room = () => width - displayWidth(begin + parts.join("  "));
    while (room() < 0 && parts.length > 1) parts.pop(); // half a number would be another number
    const barWidth = total === undefined ? 0 : Math.min(30, room() - 4);
    return cutToWidth(begin + (barWidth < 5 ? "" : `${bar(done, barWidth)}  `) + parts.join("  "), width);
  }

  /** Adds what was done since the last measurement to means that decay with time. */
  #measureRate(now: number): void {
    const seconds = now - this.#measuredAt;
    const decay = Math.exp(-seconds / RATE_MEMORY_SECONDS);
    this.#recentUnits = this.#recentUnits * decay + (this.#completed - this.#measured);
    this.#recentSeconds = this.#recentSeconds * decay + seconds;
    this.#measuredAt = now;
    this.#measured = this.#completed;
  }

  #rate(elapsed: number): number {
    const mean = (this.#completed - this.#initial) / elapsed;
    // Units that take longer than the memory are not remembered from one to the next.
    return this.#recentSeconds > 0 && mean * RATE_MEMORY_SECONDS >= 3 ? this.#recentUnits / this.#recentSeconds : mean;
  }
}

function chooseMode(mode: ProgressMode, on: Terminal): "live" | "lines" | "silent" {
  if (mode !== "auto") return mode;
  if (!isLogged("info")) return "silent";
  return on.isInteractive ? "live" : "lines";
}

function bar(done: number, width: number): string {
  const filled = Math.floor(done * width);
  return `[${"=".repeat(filled)}${" ".repeat(width - filled)}]`;
}

/** `75` -> "1:15", `3675` -> "1:01:15". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** Below one unit a second, what a unit takes says more. */
function formatRate(rate: number, unit: string): string {
  return rate >= 1 ? `${significant(rate, 3)} ${unit}/s` : `${significant(1 / rate, 3)} s/${unit.replace(/s$/, "")}`;
}

/** Whole numbers as they are, others with four significant digits, with an exponent where zeros would fill the line. */
function formatNumber(value: number): string {
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size < 1e-3 || size >= 1e6 ? value.toExponential(2).replace(/\.?0+e/, "e") : significant(value, 4);
}

function significant(value: number, digits: number): string {
  return Math.abs(value) >= 10 ** (digits - 1) ? String(Math.round(value)) : value.toPrecision(digits);
}
