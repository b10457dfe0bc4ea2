// The values of a JSON file, one after another: a line each, the elements of one array, or the rows of one field of an object.
import { FileFormatError } from "../../support/errors.js";
import { inexactInteger } from "../exact-json.js";

/** A value and the line of the file on which it begins. */
export interface JsonValue {
  readonly value: unknown;
  readonly line: number;
}

/** A value that goes on for more characters than this is refused: a bracket was hardly ever closed, or this is no JSON. */
const LONGEST_VALUE = 1 << 28;

/**
 * The values of a file: elements where the text is an array, else one value after another, whatever lines they take.
 *
 * @throws FileFormatError, naming file and line, where text is no JSON, ends within a value, or holds an integer that is not
 * exact as a number.
 */
export async function* jsonValues(file: string, pieces: AsyncIterable<string>): AsyncGenerator<JsonValue, void, void> {
  const scanner = new ValueScanner(file);
  for await (const piece of pieces) {
    scanner.push(piece);
    for (let value = scanner.next(false); value !== undefined; value = scanner.next(false)) yield value;
  }
  for (let value = scanner.next(true); value !== undefined; value = scanner.next(true)) yield value;
  scanner.end();
}

/** The lines of a file as values: JSON Lines, whose errors stay within their lines. Empty lines are none. */
export async function* jsonLines(file: string, pieces: AsyncIterable<string>): AsyncGenerator<JsonValue, void, void> {
  let text = "";
  let line = 1;
  for await (const piece of pieces) {
    text += piece;
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      const content = text.slice(start, end);
      if (content.trim() !== "") yield { value: parseJson(file, content, line), line };
      start = end + 1;
      line++;
    }
    text = text.slice(start);
    if (text.length > LONGEST_VALUE)
      throw new FileFormatError(`${file}: line ${line} does not end: this may be no JSON Lines`);
  }
  if (text.trim() !== "") yield { value: parseJson(file, text, line), line };
}

/** The value of a text. Throws FileFormatError, naming file and line, where it is no JSON or an integer loses digits. */
export function parseJson(file: string, text: string, line: number): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileFormatError(`${file}, line ${line}: ${reason}`, { cause: error });
  }
  const inexact = inexactInteger(text);
  if (inexact === undefined) return value;
  throw new FileFormatError(
    `${file}, line ${line}: the integer ${inexact} is too large to be exact as a number: write such values as strings`,
  );
}

const OPENING = new Set(["{", "["]);
const NOT_PLAIN = /["{}[\]]/g;

/** Finds where values end, by brackets and quotes, and leaves what is in them to JSON.parse. */
class ValueScanner {
  readonly #file: string;
  #text = "";
  #at = 0;
  #line = 1;
  #inArray: boolean | undefined; // undefined before the first character
  #isClosed = false; // behind the array's closing bracket
  #separator = false; // a comma is due before the next element
  #depth = 0; // brackets that are open at #scanned
  #scanned = 0; // how far the value at #at was looked through
  #inString = false;

  constructor(file: string) {
    this.#file = file;
  }

  push(piece: string): void {
    this.#text = this.#text.slice(this.#at) + piece;
    this.#scanned = Math.max(0, this.#scanned - this.#at);
    this.#at = 0;
  }

  next(isEnd: boolean): JsonValue | undefined {
    if (this.#scanned <= this.#at && !this.#begin()) return undefined;
    const end = this.#endOfValue(isEnd);
    if (end === undefined) {
      if (isEnd) throw this.#error("the file ends within a value: it is cut off, or a bracket or quote is not closed");
      if (this.#text.length - this.#at > LONGEST_VALUE)
        throw this.#error("a value has not ended: a bracket or quote may be open");
      return undefined;
    }
    const text = this.#text.slice(this.#at, end);
    const { line } = { line: this.#line };
    const value = parseJson(this.#file, text, line);
    this.#pass(end);
    this.#separator = this.#inArray === true;
    return { value, line };
  }

  /** Throws where an array was opened and not closed. */
  end(): void {
    if (this.#inArray && !this.#isClosed) throw this.#error("the file ends before its array does: it is cut off");
  }

  /** Moves to the first character of the next value; false where there is none yet. */
  #begin(): boolean {
    for (;;) {
      const blank = /[^\s]/g;
      blank.lastIndex = this.#at;
      const found = blank.exec(this.#text)?.index;
      this.#pass(found ?? this.#text.length);
      if (found === undefined) return false;
      const character = this.#text[found];
      if (this.#isClosed) throw this.#error(`there is ${JSON.stringify(character)} behind the end of the array`);
      if (this.#inArray === undefined) {
        this.#inArray = character === "[";
        if (!this.#inArray) return true;
        this.#pass(found + 1);
      } else if (this.#inArray && character === "]") {
        this.#isClosed = true;
        this.#pass(found + 1);
      } else if (this.#separator) {
        if (character !== ",") throw this.#error(`there is ${JSON.stringify(character)} where a comma or ] should be`);
        this.#separator = false;
        this.#pass(found + 1);
      } else {
        return true;
      }
    }
  }

  /** Behind the value that begins at #at; undefined where its end is not in the text yet. */
  #endOfValue(isEnd: boolean): number | undefined {
    const text = this.#text;
    if (this.#scanned <= this.#at) this.#scanned = this.#at;
    const first = text[this.#at];
    if (!OPENING.has(first) && first !== '"') {
      const plain = this.#inArray ? /[,\]\s]/g : /\s/g;
      plain.lastIndex = this.#at;
      const end = plain.exec(text)?.index;
      return end ?? (isEnd ? text.length : undefined);
    }
    for (let at = this.#scanned; ; ) {
      NOT_PLAIN.lastIndex = at;
      const found = this.#inString ? text.indexOf('"', at) : (NOT_PLAIN.exec(text)?.index ?? -1);
      if (found === -1) {
        this.#scanned = text.length;
        return undefined;
      }
      const character = text[found];
      at = found + 1;
      this.#scanned = at;
      if (this.#inString) {
        if (!isEscaped(text, found)) this.#inString = false;
      } else if (character === '"') {
        this.#inString = true;
      } else {
        this.#depth += OPENING.has(character) ? 1 : -1;
      }
      if (this.#depth === 0 && !this.#inString) return at;
      if (this.#depth < 0) throw this.#error(`there is a ${character} too many`);
    }
  }

  #pass(to: number): void {
    for (let at = this.#text.indexOf("\n", this.#at); at !== -1 && at < to; at = this.#text.indexOf("\n", at + 1))
      this.#line++;
    this.#at = to;
    this.#scanned = to;
  }

  #error(reason: string): FileFormatError {
    return new FileFormatError(`${this.#file}, line ${this.#line}: ${reason}`);
  }
}

/** True where an odd number of backslashes stands before the quote at `at`. */
function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === "\\") slashes++;
  return slashes % 2 === 1;
}
