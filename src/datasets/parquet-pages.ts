// Checks a Parquet column chunk's pages before hyparquet decodes them, and decompresses them. hyparquet takes sizes and
// counts as they stand, so that damaged ones can send it round in circles or fill the memory; here they become an error.
// Layout: parquet.thrift (ColumnMetaData, PageHeader) and Encodings.md of the Parquet format.
import * as zlib from "node:zlib";
import type { AsyncBuffer, ColumnMetaData, Compressors, DataReader, FileMetaData, RowGroup } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getSchemaPath } from "hyparquet/src/schema.js";
import { readVarInt } from "hyparquet/src/thrift.js";
import { snappyDecompress } from "./snappy.js";

const MAGIC = 4; // "PAR1" at the beginning of a file
const TAIL = 8; // the footer's length and "PAR1" at its end

// Beside Snappy, what this Node's zlib knows (Zstandard from 22.15 on).
const decompressors: Required<Pick<Compressors, "SNAPPY" | "GZIP" | "BROTLI">> & Compressors = {
  SNAPPY: snappyDecompress,
  GZIP: (input) => zlib.gunzipSync(input),
  BROTLI: (input) => zlib.brotliDecompressSync(input),
};
if ("zstdDecompressSync" in zlib && typeof zlib.zstdDecompressSync === "function") {
  const decompress: (input: Uint8Array) => Uint8Array = zlib.zstdDecompressSync.bind(zlib);
  decompressors.ZSTD = (input) => decompress(input);
}

/** The pages of one column in one row group, checked; hyparquet takes them, decompressed, through `compressors`. */
export class CheckedPages {
  readonly #ready: { compressed: Uint8Array; page: Uint8Array }[] = [];

  /** What hyparquet decompresses with. */
  readonly compressors: Compressors = Object.fromEntries(
    Object.keys(decompressors).map((codec) => [codec, (input: Uint8Array) => this.#take(input)]),
  );

  /** Reads and checks the pages of a column and all its parts. Throws an Error that says what is damaged. */
  async prepare(file: AsyncBuffer, metadata: FileMetaData, group: RowGroup, column: string): Promise<void> {
    this.#ready.length = 0;
    for (const { meta_data: chunk } of group.columns) {
      if (chunk === undefined) throw new Error("a column chunk is not described");
      if (chunk.path_in_schema[0] === column) await this.#prepareChunk(file, metadata, group, chunk);
    }
  }

  async #prepareChunk(
    file: AsyncBuffer,
    metadata: FileMetaData,
    group: RowGroup,
    chunk: ColumnMetaData,
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
    const levels = [getMaxRepetitionLevel(path), getMaxDefinitionLevel(path)];

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
      if (v2 === undefined) {
        const page = readerOf(this.#unpack(chunk, compressed, unpacked));
        if (v1 === undefined) continue;
        values += count;
        for (const most of levels) if (most > 0) checkRuns(page, bitsOf(most), count);
        checkValues(page, v1.encoding, chunk, count);
      } else {
        values += count;
        const lengths = [v2.repetition_levels_byte_length, v2.definition_levels_byte_length];
        const data = lengths[0] + lengths[1];
        if (!(lengths.every(isCount) && data <= size && data <= unpacked && isCount(v2.num_rows))) throw damagedPage();
        const page = readerOf(compressed);
        for (const [i, most] of levels.entries()) {
          const level = readerOf(compressed.subarray(page.offset, page.offset + lengths[i]));
          if (most > 0) checkRuns(level, bitsOf(most), count, lengths[i]);
          page.offset += lengths[i];
        }
        const rest = compressed.subarray(data);
        const plain = v2.is_compressed === false ? rest : this.#unpack(chunk, rest, unpacked - data);
        checkValues(readerOf(plain), v2.encoding, chunk, count);
      }
    }
    if (values !== Number(chunk.num_values)) {
      throw new Error(`its pages have ${values} values, where ${chunk.num_values} are said to be`);
    }
  }

  #unpack(chunk: ColumnMetaData, compressed: Uint8Array, length: number): Uint8Array {
    if (chunk.codec === "UNCOMPRESSED") return compressed;
    const decompress = decompressors[chunk.codec];
    if (decompress === undefined) {
      const remedy = chunk.codec === "ZSTD" ? " (Node.js reads it from 22.15 on)" : "";
      throw new Error(`its compression ${chunk.codec} is not supported${remedy}`);
    }
    const page = decompress(compressed, length);
    this.#ready.push({ compressed, page });
    return page;
  }

  #take(compressed: Uint8Array): Uint8Array {
    const found = this.#ready.findIndex((each) => Buffer.compare(each.compressed, compressed) === 0); // mostly the first
    if (found === -1) throw new Error("a page is not where its column's pages are");
    return this.#ready.splice(found, 1)[0].page;
  }
}

/** Checks the values of a page, which begin at the reader's position, where they are written in runs. */
function checkValues(page: DataReader, encoding: string, chunk: ColumnMetaData, count: number): void {
  if (encoding === "RLE" && chunk.type === "BOOLEAN") {
    checkRuns(page, 1, count);
  } else if (encoding?.endsWith("_DICTIONARY") && page.offset < page.view.byteLength) {
    const width = page.view.getUint8(page.offset++);
    if (width > 32) throw damagedPage();
    if (width > 0) checkRuns(page, width, count, page.view.byteLength - page.offset);
  }
}

/**
 * Walks over runs of repeated or bit-packed values, `width` bits each, and leaves the reader behind them. Their length in
 * bytes stands before them where it isn't given. Throws where a run is far longer than all values together could be.
 */
function checkRuns(page: DataReader, width: number, count: number, length?: number): void {
  const bytes = length ?? page.view.getUint32(page.offset, true);
  if (length === undefined) page.offset += 4;
  const end = page.offset + bytes;
  if (end > page.view.byteLength) throw damagedPage();
  for (let seen = 0; seen < count && page.offset < end; ) {
    const header = readVarInt(page);
    const packed = (header & 1) === 1;
    const run = packed ? (header >> 1) * 8 : header >>> 1;
    if (run < 0 || run > count + 512) throw damagedPage(); // bit-packed runs are padded, some writers' by whole blocks
    page.offset += Math.ceil((packed ? run * width : width) / 8);
    seen += run;
  }
  page.offset = end;
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

function damagedPage(): Error {
  return new Error("a page of it is damaged");
}
