// The grammar of CSV, TSV and their like: UTF-8 in pieces to records of fields, which stay bytes until somebody asks for a
// text. Quotes are RFC 4180's, and strict: what follows a closing quote is a delimiter or the end of the record, so that a
// quote which was only text is found at once.
import { byteRoutines } from "../../backends/native/bytes.js";
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

/** A quoted field that goes on for more bytes than this is taken for a quote that was never closed. */
const LONGEST_FIELD = 1 << 24;

/** Positions of fields that are cut together, so that many columns take no more memory than a few. */
const MOST_SPANS = 1 << 20;

const [NEWLINE, RETURN] = [10, 13];

/**
 * The records of a text, whose first line is line `firstLine` of the file. Gives the same object whenever there is more of
 * the text: `next` goes to the next record until none is left that is whole. Pieces end between characters.
 *
 * @throws FileFormatError, naming file and line, where a quote is not closed or closes within a field; ConfigError on a wrong
 * dialect.
 */
export async function* csvRecords(
  file: string,
  pieces: AsyncIterable<Uint8Array>,
  dialect: CsvDialect,
  firstLine = 1,
): AsyncGenerator<CsvRecords, void, void> {
  const records = new CsvRecords(file, dialect, firstLine);
  for await (const piece of pieces) {
    records.push(piece);
    yield records;
  }
  records.end();
  yield records;
}

/** Records that were cut apart together; good until the next ones are. */
export interface RecordRun {
  readonly count: number;
  readonly columns: number;
  readonly bytes: Uint8Array;
  /** Where each field begins and ends, a record after another. */
  readonly spans: Int32Array;
  /** Bytes of each column. */
  readonly sizes: Float64Array;
}

/** The records of a text, one at a time. Lines end with \n, \r\n or \r; empty ones are no records. */
export class CsvRecords {
  /** The bytes in which the fields stand; they are the caller's until the next call of `next`. */
  bytes = Buffer.alloc(0);
  /** The number of fields of the record. */
  count = 0;
  /** Where each of them begins and ends. */
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  /** The line on which the record begins, from 1. */
  line = 0;

  readonly #file: string;
  readonly #delimiter: Sign;
  readonly #quote: Sign | undefined;
  readonly #escape: Sign | undefined;
  /** For each byte, whether something may begin with it that ends a field, or means more than itself. */
  readonly #stops = new Uint8Array(256);
  /** The same within quotes. */
  readonly #quotedStops = new Uint8Array(256);
  readonly #marked: number[] = []; // fields in which quotes or escapes stand
  #at = 0; // where the next record begins
  #room = Buffer.alloc(0); // memory of the text, used again for the next piece
  #spans = new Int32Array(0);
  #nextLine: number;
  #isWhole = false; // no more text will come

  constructor(file: string, dialect: CsvDialect, firstLine: number) {
    const { delimiter = ",", quoting = "minimal", quoteChar = '"', escapeChar } = dialect;
    if (quoting !== "minimal" && quoting !== "none")
      throw new ConfigError(`quoting is "minimal" or "none", not ${JSON.stringify(quoting)}`);
    this.#file = file;
    this.#delimiter = signOf("delimiter", delimiter);
    this.#quote = quoting === "none" ? undefined : signOf("quoteChar", quoteChar);
    this.#escape = escapeChar === undefined ? undefined : signOf("escapeChar", escapeChar);
    for (const byte of [NEWLINE, RETURN, this.#delimiter.first]) this.#stops[byte] = 1;
    this.#quotedStops[NEWLINE] = 1;
    if (this.#quote !== undefined) this.#quotedStops[this.#quote.first] = 1;
    if (this.#escape !== undefined) this.#stops[this.#escape.first] = this.#quotedStops[this.#escape.first] = 1;
    this.#nextLine = firstLine;
  }

  /** Takes more of the text, behind what is left of it, which moves to the front. */
  push(piece: Uint8Array): void {
    const rest = this.bytes.subarray(this.#at);
    const length = rest.length + piece.length;
    const room = length <= this.#room.length ? this.#room : Buffer.allocUnsafeSlow(length + (length >> 3));
    room.set(rest);
    room.set(piece, rest.length);
    this.#room = room;
    this.bytes = room.subarray(0, length);
    this.#at = 0;
  }

  /** No more text will come. */
  end(): void {
    this.#isWhole = true;
  }

  /**
   * Cuts the next records apart together where they are whole, regular and of `columns` fields, at most `most`. Undefined
   * where the next one is not, or nothing does that here: then `next` tells.
   */
  run(columns: number, most: number): RecordRun | undefined {
    const [delimiter, quote] = [this.#delimiter, this.#quote];
    const routines = byteRoutines();
    if (routines === undefined || columns === 0 || this.#escape !== undefined) return undefined;
    if (delimiter.length > 1 || (quote?.length ?? 1) > 1) return undefined;
    const room = 2 * columns * Math.min(most, Math.max(1, Math.floor(MOST_SPANS / (2 * columns))));
    if (this.#spans.length < room) this.#spans = new Int32Array(room);
    const { bytes } = this;
    const spans = this.#spans.subarray(0, room);
    const sizes = new Float64Array(columns);
    const place = Float64Array.of(this.#at, this.#nextLine);
    const count = routines.splitLines(bytes, place, columns, delimiter.first, quote?.first ?? -1, spans, sizes);
    [this.#at, this.#nextLine] = place;
    return count === 0 ? undefined : { count, columns, bytes, spans, sizes };
  }

  /** Field `i` of the record. */
  text(i: number): string {
    return this.bytes.toString("utf8", this.starts[i], this.ends[i]);
  }

  /** Goes to the next record; false where more text is needed or, at the end, none is left. */
  next(): boolean {
    const { bytes } = this;
    for (;;) {
      if (this.#at >= bytes.length) return false;
      const first = bytes[this.#at];
      if (first !== NEWLINE && first !== RETURN) break;
      const next = this.#behindLineEnd(this.#at);
      if (next === undefined) return false;
      this.#at = next;
      this.#nextLine++;
    }
    const end = this.#scan();
    if (end === undefined) {
      if (bytes.length - this.#at > LONGEST_FIELD) {
        throw this.#error(
          `line ${this.#nextLine} has not ended after ${LONGEST_FIELD} bytes: this may be no text file`,
        );
      }
      return false;
    }
    if (this.#marked.length > 0) this.#mend();
    this.#at = end;
    return true;
  }

  /** Finds the fields of the record that begins here; returns what is behind it, undefined where the text ends within it. */
  #scan(): number | undefined {
    const { bytes } = this;
    const length = bytes.length;
    const delimiter = this.#delimiter;
    const quote = this.#quote;
    const escaping = this.#escape;
    this.count = 0;
    if (this.#marked.length > 0) this.#marked.length = 0;
    const [stops, quotedStops] = [this.#stops, this.#quotedStops];
    let lines = 0;
    let at = this.#at;
    for (;;) {
      let start = at;
      let isMarked = false;
      if (quote !== undefined && bytes[at] === quote.first && isAt(bytes, at, quote)) {
        const opened = this.#nextLine + lines;
        at += quote.length;
        start = at;
        for (;;) {
          if (at >= length) {
            if (this.#isWhole || length - this.#at > LONGEST_FIELD) throw this.#unclosed(opened);
            return undefined;
          }
          const byte = bytes[at];
          if (quotedStops[byte] === 0) {
            at++;
            continue;
          }
          const isQuote = byte === quote.first && isAt(bytes, at, quote);
          if (isQuote && !this.#isDoubled(at, quote)) break;
          if (isQuote) {
            isMarked = true;
            at += 2 * quote.length;
          } else if (escaping !== undefined && byte === escaping.first && isAt(bytes, at, escaping)) {
            isMarked = true;
            at += escaping.length + 1;
          } else {
            if (byte === NEWLINE) lines++;
            at++;
          }
        }
        this.#field(start, at, isMarked);
        at += quote.length;
        if (at >= length && !this.#isWhole) return undefined; // a second quote may follow
        if (at < length && !this.#endsField(at)) throw this.#unquoted(at, lines);
      } else {
        for (; at < length; at++) {
          const byte = bytes[at];
          if (stops[byte] === 0) continue;
          if (byte === NEWLINE || byte === RETURN || (byte === delimiter.first && isAt(bytes, at, delimiter))) break;
          if (escaping !== undefined && byte === escaping.first && isAt(bytes, at, escaping)) {
            isMarked = true;
            at += escaping.length;
          }
        }
        if (at >= length && !this.#isWhole) return undefined;
        at = Math.min(at, length);
        this.#field(start, at, isMarked);
      }
      if (at >= length || bytes[at] !== delimiter.first || !isAt(bytes, at, delimiter)) break;
      at += delimiter.length;
      if (at >= length && !this.#isWhole) return undefined;
    }
    const end = this.#behindLineEnd(at);
    if (end === undefined) return undefined;
    this.line = this.#nextLine;
    this.#nextLine += lines + 1;
    return end;
  }

  #field(start: number, end: number, isMarked: boolean): void {
    if (this.count === this.starts.length) {
      this.starts = grown(this.starts);
      this.ends = grown(this.ends);
    }
    if (isMarked) this.#marked.push(this.count);
    this.starts[this.count] = start;
    this.ends[this.count++] = end;
  }

  /** Whether a quote within quotes is followed by another one, so that both stand for one. */
  #isDoubled(at: number, quote: Sign): boolean {
    const next = at + quote.length;
    return this.bytes[next] === quote.first && isAt(this.bytes, next, quote);
  }

  #endsField(at: number): boolean {
    const byte = this.bytes[at];
    return byte === NEWLINE || byte === RETURN || isAt(this.bytes, at, this.#delimiter);
  }

  /** The position behind the line end at `at`; undefined where a \n may still follow a \r. */
  #behindLineEnd(at: number): number | undefined {
    const { bytes } = this;
    if (bytes[at] !== RETURN) return Math.min(at + 1, bytes.length);
    if (at + 1 === bytes.length && !this.#isWhole) return undefined;
    return bytes[at + 1] === NEWLINE ? at + 2 : at + 1;
  }

  /** Takes escapes and the second of two quotes out of fields, in place. */
  #mend(): void {
    const { bytes } = this;
    const [quote, escaping] = [this.#quote, this.#escape];
    for (const field of this.#marked) {
      const [start, end] = [this.starts[field], this.ends[field]];
      const isQuoted = quote !== undefined && start >= quote.length && isAt(bytes, start - quote.length, quote);
      let to = start;
      for (let at = start; at < end; ) {
        let size = 1;
        if (isQuoted && isAt(bytes, at, quote)) {
          at += quote.length;
          size = quote.length;
        } else if (escaping !== undefined && isAt(bytes, at, escaping)) at += escaping.length;
        for (; size > 0 && at < end; size--) bytes[to++] = bytes[at++];
      }
      this.ends[field] = to;
    }
  }

  #unclosed(line: number): FileFormatError {
    return this.#error(
      `the quote that opens in line ${line} is never closed: close it, or if quotes are only characters in this file, as in ` +
        'GLUE\'s, load it with { quoting: "none" }',
    );
  }

  #unquoted(at: number, lines: number): FileFormatError {
    const near = this.bytes.toString("utf8", Math.max(this.#at, at - 20), at + 10);
    return this.#error(
      `a quoted field ends in the middle of text in line ${this.#nextLine + lines} (${JSON.stringify(near)}). ` +
        'If quotes are only characters in this file, as in GLUE\'s, load it with { quoting: "none" }',
    );
  }

  #error(reason: string): FileFormatError {
    return new FileFormatError(`${this.#file}: ${reason}`);
  }
}

/** A character that tells fields apart, as it stands in UTF-8. */
interface Sign {
  readonly bytes: Uint8Array;
  readonly first: number;
  readonly length: number;
}

function signOf(name: string, value: string): Sign {
  if (Array.from(value).length !== 1 || value === "\n" || value === "\r")
    throw new ConfigError(`${name} is one character, not ${JSON.stringify(value)}`);
  const bytes = new TextEncoder().encode(value);
  return { bytes, first: bytes[0], length: bytes.length };
}

function isAt(bytes: Uint8Array, at: number, sign: Sign): boolean {
  if (bytes[at] !== sign.first) return false;
  for (let i = 1; i < sign.length; i++) if (bytes[at + i] !== sign.bytes[i]) return false;
  return true;
}

function grown(positions: Int32Array): Int32Array<ArrayBuffer> {
  const more = new Int32Array(2 * positions.length);
  more.set(positions);
  return more;
}
