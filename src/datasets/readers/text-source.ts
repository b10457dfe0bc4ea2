// The text of a file, piece by piece: decoded strictly, without a byte order mark, unpacked where its name ends in .gz.
import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pipeline } from "node:stream";
import { TextDecoder } from "node:util";
import { createGunzip } from "node:zlib";
import { ConfigError, FileFormatError } from "../../support/errors.js";

/** How bytes become text. */
export interface EncodingOptions {
  /** A name of the WHATWG standard: "utf-8" (default), "windows-1252", "utf-16le", "shift_jis", ... */
  encoding?: string;
  /** What to do with bytes that are none of it: an error (default), or the sign U+FFFD in their place. */
  encodingErrors?: "strict" | "replace";
}

const PIECE_BYTES = 1 << 20;
const LEAST_PIECE = 1 << 16;

/**
 * The text of `file` in pieces of about a megabyte.
 *
 * @throws FileFormatError where there is no such file, it cannot be unpacked, or bytes are not of the encoding, saying at
 * which byte and in which line; ConfigError where there is no such encoding.
 */
export async function* readText(file: string, options: EncodingOptions = {}): AsyncGenerator<string, void, void> {
  const decoder = decoderOf(options);
  let bytesBefore = 0;
  try {
    for await (const chunk of await openBytes(file)) {
      const bytes = chunk as Buffer;
      const text = decode(decoder, bytes);
      if (text === undefined) throw await invalid(file, options.encoding, bytes, bytesBefore);
      bytesBefore += bytes.length;
      if (text !== "") yield text;
    }
    const rest = decode(decoder, undefined);
    if (rest === undefined) throw cutOff(file, options.encoding);
    if (rest !== "") yield rest;
  } catch (error) {
    throw unreadable(file, error);
  }
}

/**
 * The text of `file` in UTF-8, in pieces of about a megabyte that end between characters; what is UTF-8 in the file already
 * never becomes text on the way. The pieces are the caller's, to write in. Throws as readText does.
 */
export async function* readUtf8(file: string, options: EncodingOptions = {}): AsyncGenerator<Uint8Array, void, void> {
  const { encoding = "utf-8", encodingErrors = "strict" } = options;
  if (!/^utf-?8$/i.test(encoding) || encodingErrors !== "strict") {
    for await (const text of readText(file, options)) yield Buffer.from(text);
    return;
  }
  let rest: Uint8Array = new Uint8Array(0); // a character that has begun
  let bytesBefore = 0;
  try {
    for await (const chunk of await openBytes(file)) {
      const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
      const whole = bytes.subarray(0, endOfCharacters(bytes));
      if (!isUtf8(whole)) throw await invalid(file, options.encoding, whole, bytesBefore);
      rest = bytes.subarray(whole.length);
      const text = bytesBefore === 0 && isAtMark(whole) ? whole.subarray(3) : whole;
      bytesBefore += whole.length;
      if (text.length > 0) yield text;
    }
    if (rest.length > 0) throw cutOff(file, options.encoding);
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Where the last whole character of UTF-8 ends. */
function endOfCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return size > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** True of a text that begins with a byte order mark. */
function isAtMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function cutOff(file: string, encoding = "UTF-8"): FileFormatError {
  return new FileFormatError(`${file} ends within a character: it is cut off, or not ${encoding}`);
}

function decoderOf({ encoding = "utf-8", encodingErrors = "strict" }: EncodingOptions): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: encodingErrors === "strict" });
  } catch (error) {
    throw new ConfigError(`there is no encoding ${JSON.stringify(encoding)}: "utf-8" is, or "windows-1252"`, {
      cause: error,
    });
  }
}

/** The bytes of a file, unpacked, in pieces. */
async function openBytes(file: string): Promise<AsyncIterable<Buffer>> {
  if ((await stat(file)).isDirectory()) throw new FileFormatError(`${file} is a folder, where a file is needed`);
  if (!file.endsWith(".gz")) return readPieces(file);
  const unpacked = createGunzip({ chunkSize: PIECE_BYTES });
  // an error of the file ends `unpacked`, whose reader sees it
  pipeline(createReadStream(file, { highWaterMark: PIECE_BYTES }), unpacked, () => undefined);
  return unpacked;
}

/** A file's bytes, of which the next piece is read while the last one is used: half of what a stream of Node's takes. */
async function* readPieces(file: string): AsyncGenerator<Buffer, void, void> {
  const handle = await open(file);
  let reading: Promise<Buffer> | undefined;
  try {
    const { size } = await handle.stat();
    const room = Math.min(PIECE_BYTES, Math.max(size, LEAST_PIECE)); // a pipe has no size
    const read = async (): Promise<Buffer> => {
      const buffer = Buffer.allocUnsafeSlow(room);
      return buffer.subarray(0, (await handle.read(buffer, 0, room)).bytesRead);
    };
    reading = read();
    for (let piece = await reading; piece.length > 0; piece = await reading) {
      reading = read();
      reading.catch(() => undefined); // whoever waits for it hears of it
      yield piece;
    }
  } finally {
    await reading?.catch(() => undefined);
    await handle.close();
  }
}

/** The text of the next bytes, or of what is left at the end; undefined where they are none. */
function decode(decoder: TextDecoder, bytes: Uint8Array | undefined): string | undefined {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

const NEWLINE = 10;

/** The line in which byte `end` of the file stands, from 1. */
async function lineOf(file: string, end: number): Promise<number> {
  let line = 1;
  let before = 0;
  for await (const chunk of await openBytes(file)) {
    const bytes = (chunk as Buffer).subarray(0, end - before);
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) line++;
    before += bytes.length;
    if (before === end) break;
  }
  return line;
}

/** The error of bytes that are none of the encoding, or not from one of them on; `before` stand before them in the file. */
async function invalid(
  file: string,
  encoding: string | undefined,
  bytes: Uint8Array,
  before: number,
): Promise<FileFormatError> {
  const at = encoding === undefined || /^utf-?8$/i.test(encoding) ? firstInvalid(bytes) : 0;
  const end = before + at;
  const place = at === 0 ? `from byte ${before} on` : `at byte ${end}, in line ${await lineOf(file, end)}`;
  return new FileFormatError(
    `${file} is not ${encoding ?? "UTF-8"} ${place}: name its encoding, { encoding: "windows-1252" } say, or take what ` +
      'cannot be read as U+FFFD, { encodingErrors: "replace" }',
  );
}

/** The first byte at which `bytes` stop being UTF-8; 0 where that is a character that began before them. */
function firstInvalid(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at];
    const length = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : 4;
    if (lead >= 0x80 && (lead < 0xc2 || lead > 0xf4)) return at;
    if (length > 1) {
      const second = bytes[at + 1] ?? 0x80;
      const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
      const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
      if (second < least || second > most) return at;
      for (let i = 2; i < length; i++) if (((bytes[at + i] ?? 0x80) & 0xc0) !== 0x80) return at;
    }
    at += length;
  }
  return 0;
}

function unreadable(file: string, error: unknown): unknown {
  if (error instanceof FileFormatError || error instanceof ConfigError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return new FileFormatError(`there is no file ${file}`, { cause: error });
  const remedy = code?.startsWith("Z_") ? ". It is cut off or damaged: fetch or write it again" : "";
  return new FileFormatError(`cannot read ${file}: ${message}${remedy}`, { cause: error });
}
