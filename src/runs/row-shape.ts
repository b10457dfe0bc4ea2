// Most rows of a log have the keys of the row before, in the same order: the bytes between their numbers are the same. Such
// a row is read by comparing those bytes and reading the numbers between them, without the objects that JSON.parse makes.
// What is read is what JSON.parse would give; a line that is anything else is left to it.
import { isObject } from "../support/json-object.js";
import type { RowValues } from "./history.js";

const NUMBER = /(?<=":)-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?=[,}])/g;
/** Stands for the first number of a line, the next one for the second, while it is asked which is which. */
const FIRST_MARK = 7_000_001;
const LONGEST_SHAPE = 1 << 14;

export class RowShape implements RowValues {
  readonly keys: readonly string[];
  /** What stands before each number, and after the last one. */
  readonly #literals: readonly Uint8Array[];
  /** The numbers of the row that was read last, as they stand in it. */
  readonly #numbers: Float64Array;
  /** Which of them is what: time, step, epoch, tokens (-1 where there are none), and then that of each key. */
  readonly #which: readonly number[];
  readonly #scanner = new NumberScanner();

  private constructor(literals: readonly Uint8Array[], which: readonly number[], keys: readonly string[]) {
    this.#literals = literals;
    this.#numbers = new Float64Array(literals.length - 1);
    this.#which = which;
    this.keys = keys;
  }

  get time(): number {
    return this.#numbers[this.#which[0]];
  }

  get step(): number {
    return this.#numbers[this.#which[1]];
  }

  get epoch(): number {
    return this.#numbers[this.#which[2]];
  }

  get tokens(): number | undefined {
    return this.#which[3] < 0 ? undefined : this.#numbers[this.#which[3]];
  }

  value(key: number): number {
    return this.#numbers[this.#which[4 + key]];
  }

  /** The shape of a row; undefined for a line that is no row, or has other things in it than numbers of known places. */
  static of(text: string): RowShape | undefined {
    if (text.length > LONGEST_SHAPE) return undefined;
    const literals = text.split(NUMBER);
    // The same line with a mark for each number says which of them is what.
    const marked = literals.reduce((before, literal, i) => `${before}${FIRST_MARK + i - 1}${literal}`);
    const line = parseObject(marked);
    if (line?.event !== "log" || !isObject(line.values)) return undefined;
    const { time, step, epoch, tokens, values, figures = {} } = line;
    if (!isObject(figures)) return undefined;
    const entries = [...Object.entries(values), ...Object.entries(figures)];
    const whose = [time, step, epoch, ...(tokens === undefined ? [] : [tokens]), ...entries.map(([, value]) => value)];
    const which = whose.map((mark) => (typeof mark === "number" ? mark - FIRST_MARK : -1));
    const isEach = which.toSorted((a, b) => a - b).every((number, i) => number === i);
    if (!isEach || which.length !== literals.length - 1) return undefined;
    if (tokens === undefined) which.splice(3, 0, -1);
    const encoder = new TextEncoder();
    const bytes = literals.map((literal) => encoder.encode(literal));
    return new RowShape(
      bytes,
      which,
      entries.map(([key]) => key),
    );
  }

  /**
   * Reads a row of this shape.
   * @param start Where it begins.
   * @param end Where the bytes end that are there.
   * @returns where it ends; -1 for a line of another shape, or one that goes on beyond `end`
   */
  read(bytes: Buffer, start: number, end: number): number {
    const literals = this.#literals;
    const numbers = this.#numbers;
    const scanner = this.#scanner;
    let at = start;
    for (let i = 0; ; i++) {
      const literal = literals[i];
      const from = at;
      at += literal.length;
      if (at > end) return -1;
      for (let j = 0; j < literal.length; j++) if (bytes[from + j] !== literal[j]) return -1;
      if (i === numbers.length) return at;
      at = scanner.read(bytes, at, end);
      if (at < 0) return -1;
      numbers[i] = scanner.value;
    }
  }
}

const [ZERO, POINT, MINUS, PLUS, SMALL_E, LARGE_E] = Buffer.from("0.-+eE");
/** Powers of ten that float64 holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Reads numbers as JSON has them, each to the nearest float64. */
class NumberScanner {
  value = Number.NaN;
  #digits = 0;

  /** @returns where the number ends; -1 where there is none, or it may go on beyond `end` */
  read(bytes: Buffer, start: number, end: number): number {
    const isNegative = bytes[start] === MINUS;
    const whole = isNegative ? start + 1 : start;
    let at = this.#readDigits(bytes, whole, end, 0);
    if (at === whole || (bytes[whole] === ZERO && at > whole + 1)) return -1;
    let scale = 0;
    let mantissa = this.#digits;
    if (bytes[at] === POINT) {
      const fraction = at + 1;
      at = this.#readDigits(bytes, fraction, end, mantissa);
      if (at === fraction) return -1;
      mantissa = this.#digits;
      scale = fraction - at;
    }
    if (bytes[at] === SMALL_E || bytes[at] === LARGE_E) {
      const sign = bytes[at + 1];
      const exponent = sign === MINUS || sign === PLUS ? at + 2 : at + 1;
      at = this.#readDigits(bytes, exponent, end, 0);
      if (at === exponent) return -1;
      scale += sign === MINUS ? -this.#digits : this.#digits;
    }
    if (at >= end) return -1;
    if (mantissa <= Number.MAX_SAFE_INTEGER && scale <= 22 && scale >= -22) {
      // Rounded once: both numbers are exact.
      const size = scale < 0 ? mantissa / POWERS[-scale] : mantissa * POWERS[scale];
      this.value = isNegative ? -size : size;
    } else this.value = Number(bytes.toString("latin1", start, at));
    return at;
  }

  /** Goes on with a number's digits. @returns where they end */
  #readDigits(bytes: Buffer, start: number, end: number, before: number): number {
    let digits = before;
    let at = start;
    for (; at < end; at++) {
      const digit = bytes[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      digits = 10 * digits + digit;
    }
    this.#digits = digits;
    return at;
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
