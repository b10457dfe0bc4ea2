// The pages of a Parquet column chunk, decompressed and checked before anything decodes them: sizes and counts that are
// taken as they stand can send a decoder round in circles or fill the memory; here they become an error.
// Layout: parquet.thrift (ColumnMetaData, PageHeader) and Encodings.md of the Parquet format.
import * as zlib from "node:zlib";
import type { AsyncBuffer, ColumnMetaData, Compressors, DataReader, FileMetaData, RowGroup } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getSchemaPath } from "hyparquet/src/schema.js";
import { readVarInt } from "hyparquet/src/thrift.js";
import { unpackSnappy } from "./snappy.js";

const MAGIC = 4; // "PAR1" at the beginning of a file
const TAIL = 8; // the footer's length and "PAR1" at its end

// Beside Snappy, what this Node's zlib knows (Zstandard from 22.15 on).
const decompressors: Required<Pick<Compressors, "SNAPPY" | "GZIP" | "BROTLI">> & Compressors = {
  SNAPPY: (input, length) => unpackSnappy(input, new Uint8Array(length)),
  GZIP: (input) => zlib.gunzipSync(input),
  BROTLI: (input) => zlib.brotliDecompressSync(input),
};
if ("zstdDecompressSync" in zlib && typeof zlib.zstdDecompressSync === "function") {
  const decompress: (input: Uint8Array) => Uint8Array = zlib.zstdDecompressSync.bind(zlib);
  decompressors.ZSTD = (input) => decompress(input);
}

/** Compressions that are read, by Parquet's names. */
export const codecs: readonly string[] = Object.keys(decompressors);

/** A page of values: of a dictionary, or of rows. */
export interface Page {
  readonly isDictionary: boolean;
  readonly encoding: string;
  /** Values, nulls among them. */
  readonly count: number;
  /** Runs of definition levels; undefined where the column has none. */
  readonly definitions: Uint8Array | undefined;
  /** The values that are not null, encoded. */
  readonly values: Uint8Array;
}

/** What is done with the pages of a column chunk, one after another. */
export interface PageUse {
  /** Takes a page. What stands in it is gone when the next one is read, unless `unpacked` is there. */
  readonly page?: (page: Page) => void;
  /** Is told of a page's bytes as they stand in the file, and of what they are decompressed: to keep. */
  readonly unpacked?: (compressed: Uint8Array, unpacked: Uint8Array) => void;
}

/** Memory for the page that is read, which is looked at once: the next one overwrites it. */
let passing = new Uint8Array(0);
const MOST_PASSING = 4 << 20; // pages are a megabyte, mostly

/** `length` bytes for a page that goes. */
function passingBytes(length: number): Uint8Array {
  if (length > MOST_PASSING) return new Uint8Array(length);
  if (length > passing.length) passing = new Uint8Array(length);
  return passing.subarray(0, length);
}

/**
 * Reads and checks the pages of a column chunk, for `use`.
 *
 * @throws Error, with the reason, where they are damaged or their compression is not supported; what `use` throws
 */
export async function readPages(
  file: AsyncBuffer,
  metadata: FileMetaData,
  group: RowGroup,
  chunk: ColumnMetaData,
  use: PageUse,
): Promise<void> {
  const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset); // 0 where there is no dictionary
  const end = start + Number(chunk.total_compressed_size);
  if (!(start >= MAGIC && end >= start && end <= file.byteLength - TAIL)) {
    throw new Error(`its data should stand at bytes ${start} to ${end} of a file of ${file.byteLength}`);
  }
  const flat = chunk.path_in_schema.length === 1;
  if (flat && chunk.num_values !== group.num_rows) {
    throw new Error(`it has ${chunk.num_values} values in a group of ${group.num_rows} rows`);
  }
  const path = getSchemaPath(metadata.schema, chunk.path_in_schema);
  const levels = { repetition: getMaxRepetitionLevel(path), definition: getMaxDefinitionLevel(path) };
  const unpack = (compressed: Uint8Array, length: number): Uint8Array => {
    if (chunk.codec === "UNCOMPRESSED") return compressed;
    const { unpacked } = use;
    if (unpacked === undefined && chunk.codec === "SNAPPY") return unpackSnappy(compressed, passingBytes(length));
    const page = decompress(chunk.codec, compressed, length);
    unpacked?.(compressed, page);
    return page;
  };

  const bytes = new Uint8Array(await file.slice(start, end));
  const reader = readerOf(bytes);
  let values = 0;
  while (reader.offset < bytes.length - 1) {
    const header = parquetHeader(reader);
    const from = reader.offset;
    const size = header.compressed_page_size;
    const unpacked = header.uncompressed_page_size;
    const { data_page_header: v1, data_page_header_v2: v2, dictionary_page_header: dictionary } = header;
    const count = (v1 ?? v2 ?? dictionary)?.num_values;
    if (!(isCount(size) && from + size <= bytes.length && isCount(unpacked) && isCount(count))) throw damagedPage();
    if (unpacked > Number(chunk.total_uncompressed_size)) throw damagedPage();
    if (dictionary !== undefined && count > unpacked) throw damagedPage(); // each value has a byte at least
    reader.offset += size;

    const compressed = bytes.subarray(from, reader.offset);
    let page: Page;
    if (v2 !== undefined) {
      const lengths = [v2.repetition_levels_byte_length, v2.definition_levels_byte_length];
      const data = lengths[0] + lengths[1];
      if (!(lengths.every(isCount) && data <= size && data <= unpacked && isCount(v2.num_rows))) throw damagedPage();
      const repetitions = compressed.subarray(0, lengths[0]);
      const definitions = compressed.subarray(lengths[0], data);
      if (levels.repetition > 0) checkRuns(repetitions, bitsOf(levels.repetition), count);
      if (levels.definition > 0) checkRuns(definitions, bitsOf(levels.definition), count);
      const rest = compressed.subarray(data);
      page = {
        isDictionary: false,
        encoding: v2.encoding,
        count,
        definitions: levels.definition > 0 ? definitions : undefined,
        values: v2.is_compressed === false ? rest : unpack(rest, unpacked - data),
      };
    } else {
      let rest = unpack(compressed, unpacked);
      let definitions: Uint8Array | undefined;
      if (v1 !== undefined && levels.repetition > 0) {
        const [repetitions, behind] = sizedBytes(rest);
        checkRuns(repetitions, bitsOf(levels.repetition), count);
        rest = behind;
      }
      if (v1 !== undefined && levels.definition > 0) {
        [definitions, rest] = sizedBytes(rest);
        checkRuns(definitions, bitsOf(levels.definition), count);
      }
      const encoding = v1 === undefined ? (dictionary?.encoding ?? "PLAIN") : v1.encoding;
      page = { isDictionary: v1 === undefined, encoding, count, definitions, values: rest };
    }
    if (!page.isDictionary) {
      values += count;
      checkValues(page, chunk);
    }
    use.page?.(page);
  }
  if (values !== Number(chunk.num_values)) {
    throw new Error(`its pages have ${values} values, where ${chunk.num_values} are said to be`);
  }
}

function decompress(codec: ColumnMetaData["codec"], compressed: Uint8Array, length: number): Uint8Array {
  const decompressor = decompressors[codec];
  if (decompressor !== undefined) return decompressor(compressed, length);
  const remedy = codec === "ZSTD" ? " (Node.js reads it from 22.15 on)" : "";
  throw new Error(`its compression ${codec} is not supported${remedy}`);
}

/** Checks the values of a page where they are written in runs. */
function checkValues({ values, encoding, count }: Page, chunk: ColumnMetaData): void {
  if (encoding === "RLE" && chunk.type === "BOOLEAN") {
    checkRuns(sizedBytes(values)[0], 1, count);
  } else if (encoding?.endsWith("_DICTIONARY") && values.length > 0) {
    const width = values[0];
    if (width > 32) throw damagedPage();
    if (width > 0) checkRuns(values.subarray(1), width, count);
  }
}

/** The bytes whose number stands before them, and those behind. */
export function sizedBytes(bytes: Uint8Array): [sized: Uint8Array, behind: Uint8Array] {
  const { view } = readerOf(bytes);
  const end = 4 + (bytes.length < 4 ? Number.POSITIVE_INFINITY : view.getUint32(0, true));
  if (end > bytes.length) throw damagedPage();
  return [bytes.subarray(4, end), bytes.subarray(end)];
}

/**
 * Walks over runs of repeated or bit-packed values, `width` bits each. Throws where a run is far longer than all values
 * together could be.
 */
function checkRuns(bytes: Uint8Array, width: number, count: number): void {
  const runs = readerOf(bytes);
  for (let seen = 0; seen < count && runs.offset < bytes.length; ) {
    const header = readVarInt(runs);
    const packed = (header & 1) === 1;
    const run = packed ? (header >> 1) * 8 : header >>> 1;
    if (run < 0 || run > count + 512) throw damagedPage(); // bit-packed runs are padded, some writers' by whole blocks
    runs.offset += Math.ceil((packed ? run * width : width) / 8);
    seen += run;
  }
}

function readerOf(bytes: Uint8Array): DataReader {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
}

/** The bits that hold the numbers 0 to `most`. */
function bitsOf(most: number): number {
  return 32 - Math.clz32(most);
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

export function damagedPage(): Error {
  return new Error("a page of it is damaged");
}
