// An open Parquet file: its footer, and its columns as hyparquet decodes them. Whatever is wrong with a file is said with its
// name.
import { closeSync, openSync, readSync, statSync } from "node:fs";
import type {
  AsyncBuffer,
  Compressors,
  DecodedArray,
  FileMetaData,
  ParquetParsers,
  ParquetScan,
  RowGroup,
  SchemaElement,
} from "hyparquet";
import { parquetMetadataAsync, parquetScan } from "hyparquet";
import { FileFormatError } from "../../support/errors.js";
import { codecs, readPages } from "./pages.js";

/** An open file: its footer, and what reads its columns. */
export interface OpenFile {
  readonly path: string;
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly scan: ParquetScan;
  /** The pages of the column that hyparquet is to decode. */
  readonly unpacked: UnpackedPages;
}

/** Opens a file and reads its footer. Throws FileFormatError where it is missing, damaged or no Parquet. */
export async function openParquet(path: string): Promise<OpenFile> {
  try {
    const buffer = bufferOf(path);
    const metadata = await parquetMetadataAsync(buffer);
    const unpacked = new UnpackedPages();
    const { compressors } = unpacked;
    const decoded = { ...metadata, schema: metadata.schema.map(withoutDecimal) };
    const options = {
      file: buffer,
      metadata: decoded,
      utf8: false,
      useOffsetIndex: false,
      compressors,
      parsers: PARSERS,
    };
    return { path, buffer, metadata, unpacked, scan: await parquetScan(options) };
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Decimals as the integers that they are stored as: hyparquet would multiply them by what no number is exactly. */
function withoutDecimal(element: SchemaElement): SchemaElement {
  return element.converted_type === "DECIMAL" ? { ...element, converted_type: undefined } : element;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new Error("text that is not UTF-8", { cause: error });
  }
}

function nanoseconds(ticks: bigint | null | undefined, each: bigint): bigint | undefined {
  return ticks === null || ticks === undefined ? undefined : ticks * each;
}

/**
 * JSON and shapes as they are stored, which hyparquet would parse by itself; timestamps in nanoseconds, of which it would
 * keep milliseconds; text that is no text is refused.
 */
const PARSERS: Partial<ParquetParsers> = {
  stringFromBytes: textOf,
  jsonFromBytes: (bytes) => bytes,
  geometryFromBytes: (bytes) => bytes,
  geographyFromBytes: (bytes) => bytes,
  timestampFromMilliseconds: (milliseconds) => nanoseconds(milliseconds, 1_000_000n),
  timestampFromMicroseconds: (microseconds) => nanoseconds(microseconds, 1000n),
  timestampFromNanoseconds: (each) => each,
};

/** Reads a file by ranges. Each read opens the file, so that none stays open. */
function bufferOf(path: string): AsyncBuffer {
  const { size } = statSync(path);
  return { byteLength: size, slice: (start, end = size) => readRange(path, start, end).buffer };
}

function readRange(path: string, start: number, end: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.max(0, end - start));
  const descriptor = openSync(path, "r");
  try {
    for (let done = 0; done < bytes.length; ) {
      const read = readSync(descriptor, bytes, done, Math.min(bytes.length - done, MOST_BYTES), start + done);
      if (read === 0) throw new Error(`it ends at byte ${start + done}, and did not when it was opened`);
      done += read;
    }
  } finally {
    closeSync(descriptor);
  }
  return bytes;
}

const MOST_BYTES = 1 << 30; // of one call: systems end a single read at 2 GiB

/** One column of a row group, whose first row is the file's row `start`; as many values as the group has rows. */
export async function readChunk(file: OpenFile, group: RowGroup, column: string, start: number): Promise<DecodedArray> {
  const rows = Number(group.num_rows);
  if (rows === 0) return [];
  try {
    file.unpacked.clear();
    for (const { meta_data: chunk } of group.columns) {
      if (chunk === undefined) throw new Error("a column chunk is not described");
      if (chunk.path_in_schema[0] !== column) continue;
      await readPages(file.buffer, file.metadata, group, chunk, {
        unpacked: (compressed, page) => file.unpacked.add(compressed, page),
      });
    }
    const chunk = await file.scan.readColumn({ column, rowStart: start, rowEnd: start + rows });
    if (chunk.length === rows) return chunk;
    throw new Error(`there are ${chunk.length} values where ${rows} rows are said to be`);
  } catch (error) {
    throw unreadable(file.path, error, column);
  }
}

/** The error that says what is wrong with a file, or a column of it. */
export function unreadable(path: string, error: unknown, column?: string): FileFormatError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return new FileFormatError(`there is no file ${path}`, { cause: error });
  const part = column === undefined ? "" : ` (column "${column}")`;
  const reason = error instanceof Error ? error.message : String(error);
  return new FileFormatError(
    `cannot read ${path}${part} as Parquet: ${reason}. If the file is damaged or incomplete, fetch or write it again`,
    { cause: error },
  );
}

/** Pages that are checked and decompressed: hyparquet gets them where it would decompress them itself. */
class UnpackedPages {
  readonly #pages: { compressed: Uint8Array; page: Uint8Array }[] = [];

  /** What hyparquet decompresses with. */
  readonly compressors: Compressors = Object.fromEntries(
    codecs.map((codec) => [codec, (input: Uint8Array) => this.#take(input)]),
  );

  add(compressed: Uint8Array, page: Uint8Array): void {
    this.#pages.push({ compressed, page });
  }

  clear(): void {
    this.#pages.length = 0;
  }

  #take(compressed: Uint8Array): Uint8Array {
    const found = this.#pages.findIndex((each) => Buffer.compare(each.compressed, compressed) === 0); // mostly the first
    if (found === -1) throw new Error("a page is not where its column's pages are");
    return this.#pages.splice(found, 1)[0].page;
  }
}
