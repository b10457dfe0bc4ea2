// The grammar of CSV, TSV and their like: text in pieces to records of fields. Quotes are RFC 4180's, and strict: what
// follows a closing quote is a delimiter or the end of the record, so that a quote which was only text is found at once.
import { ConfigError, FileFormatError } from "../../support/errors.js";

/** How fields are told apart. */
export interface CsvDialect {
  /** One character between fields. Default "," and "\t" in files named .tsv. */
  delimiter?: string;
  /** "minimal" (default): fields may stand in quotes. "none": a quote is a character as any other, as in GLUE's files. */
  quoting?: "minimal" | "none";
  /** Default `"`. */
  quoteChar?: string;
  /** A character that takes the meaning off the next one. Default: none; a quote within quotes is doubled. */
  escapeChar?: string;
}

/** A line's fields. */
export interface CsvRecord {
  readonly fields: readonly string[];
  /** The line on which it begins, from 1. */
  readonly line: number;
}

/** A quoted field that goes on for more characters than this is taken for a quote that was never closed. */
const LONGEST_FIELD = 1 << 24;

/**
 * The records of a text, whose first line is line `firstLine` of the file. Lines end with \n, \r\n or \r; empty ones are
 * no records.
 *
 * @throws FileFormatError, naming file and line, where a quote is not closed or closes within a field; ConfigError on a wrong
 * dialect.
 */
export async function* csvRecords(
  file: string,
  pieces: AsyncIterable<string>,
  dialect: CsvDialect,
  firstLine = 1,
): AsyncGenerator<CsvRecord, void, void> {
  const parser = new RecordParser(file, dialect, firstLine);
  for await (const piece of pieces) {
    parser.push(piece);
    for (let record = parser.next(false); record !== undefined; record = parser.next(false)) yield record;
  }
  for (let record = parser.next(true); record !== undefined; record = parser.next(true)) yield record;
}

const LINE_END = /[\r\n]/g;

class RecordParser {
  readonly #file: string;
  readonly #delimiter: string;
  readonly #quote: string | undefined;
  readonly #escape: string | undefined;
  #text = "";
  #at = 0; // where the next record begins
  #line: number;

  constructor(file: string, dialect: CsvDialect, firstLine: number) {
    const { delimiter = ",", quoting = "minimal", quoteChar = '"', escapeChar } = dialect;
    this.#file = file;
    this.#line = firstLine;
    this.#delimiter = oneCharacter("delimiter", delimiter);
    if (quoting !== "minimal" && quoting !== "none") {
      throw new ConfigError(`quoting is "minimal" or "none", not ${JSON.stringify(quoting)}`);
    }
    this.#quote = quoting === "none" ? undefined : oneCharacter("quoteChar", quoteChar);
    this.#escape = escapeChar === undefined ? undefined : oneCharacter("escapeChar", escapeChar);
  }

  push(piece: string): void {
    this.#text = this.#text.slice(this.#at) + piece;
    this.#at = 0;
  }

  /** The next record that is whole; undefined where more text is needed or, at the end, none is left. */
  next(isEnd: boolean): CsvRecord | undefined {
    for (;;) {
      const start = this.#at;
      if (start >= this.#text.length) return undefined;
      LINE_END.lastIndex = start;
      const found = LINE_END.exec(this.#text)?.index ?? -1;
      if (found === -1 && !isEnd) {
        if (this.#text.length - start <= LONGEST_FIELD) return undefined;
        throw this.#error(
          `line ${this.#line} has not ended after ${LONGEST_FIELD} characters: this may be no text file`,
        );
      }
      const end = found === -1 ? this.#text.length : found;
      const line = this.#text.slice(start, end);
      if (this.#isPlain(line)) {
        const next = this.#behindLineEnd(end, isEnd);
        if (next === undefined) return undefined;
        const number = this.#line;
        this.#at = next;
        this.#line++;
        if (line === "") continue;
        return { fields: line.split(this.#delimiter), line: number };
      }
      return this.#quoted(start, isEnd);
    }
  }

  #isPlain(line: string): boolean {
    if (this.#quote !== undefined && line.includes(this.#quote)) return false;
    return this.#escape === undefined || !line.includes(this.#escape);
  }

  /** The position behind the line end at `end`; undefined where a \n may still follow a \r. */
  #behindLineEnd(end: number, isEnd: boolean): number | undefined {
    if (this.#text[end] !== "\r") return Math.min(end + 1, this.#text.length);
    if (end + 1 === this.#text.length && !isEnd) return undefined;
    return this.#text[end + 1] === "\n" ? end + 2 : end + 1;
  }

  /** A record in which quotes or escapes stand. */
  #quoted(start: number, isEnd: boolean): CsvRecord | undefined {
    const text = this.#text;
    const fields: string[] = [];
    let field = "";
    let at = start;
    let lines = 0;
    for (;;) {
      if (field === "" && this.#quote !== undefined && text[at] === this.#quote) {
        const opened = this.#line + lines;
        at++;
        for (;;) {
          const end = this.#endOfPlain(at);
          if (end === -1) {
            if (isEnd || text.length - start > LONGEST_FIELD) throw this.#unclosed(opened);
            return undefined;
          }
          const plain = text.slice(at, end);
          field += plain;
          lines += plain.split("\n").length - 1;
          if (text[end] !== this.#escape && text[end + 1] !== this.#quote) {
            at = end;
            break;
          }
          if (end + 1 >= text.length && !isEnd) return undefined;
          field += text[end + 1] ?? ""; // what was escaped, or the second of two quotes
          at = end + 2;
        }
        at++;
        if (text[at] === undefined && !isEnd) return undefined;
        if (text[at] !== undefined && text[at] !== this.#delimiter && text[at] !== "\n" && text[at] !== "\r") {
          throw this.#error(
            `a quoted field ends in the middle of text in line ${this.#line + lines} (${JSON.stringify(text.slice(Math.max(start, at - 20), at + 10))}). ` +
              'If quotes are only characters in this file, as in GLUE\'s, load it with { quoting: "none" }',
          );
        }
      } else {
        for (; at < text.length; at++) {
          const character = text[at];
          if (character === this.#delimiter || character === "\n" || character === "\r") break;
          if (character === this.#escape) at++;
          field += text[at] ?? "";
        }
        if (at >= text.length && !isEnd) return undefined;
      }
      fields.push(field);
      field = "";
      if (text[at] !== this.#delimiter) break;
      at++;
      if (at >= text.length && !isEnd) return undefined;
    }
    const next = this.#behindLineEnd(Math.min(at, text.length), isEnd);
    if (next === undefined) return undefined;
    const record = { fields, line: this.#line };
    this.#at = next;
    this.#line += lines + 1;
    return record;
  }

  /** The next quote or escape from `at` on; -1 where there is none. */
  #endOfPlain(at: number): number {
    const quoted = this.#text.indexOf(this.#quote ?? "\0", at);
    const escaped = this.#escape === undefined ? -1 : this.#text.indexOf(this.#escape, at);
    return escaped === -1 || (quoted !== -1 && quoted < escaped) ? quoted : escaped;
  }

  #unclosed(line: number): FileFormatError {
    return this.#error(
      `the quote that opens in line ${line} is never closed: close it, or if quotes are only characters in this file, as in ` +
        'GLUE\'s, load it with { quoting: "none" }',
    );
  }

  #error(reason: string): FileFormatError {
    return new FileFormatError(`${this.#file}: ${reason}`);
  }
}

function oneCharacter(name: string, value: string): string {
  if (value.length === 1 && value !== "\n" && value !== "\r") return value;
  throw new ConfigError(`${name} is one character, not ${JSON.stringify(value)}`);
}
