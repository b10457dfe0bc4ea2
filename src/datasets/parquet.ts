// Reads Parquet files (through hyparquet) into columns: features from the Hub's metadata in the file, else from the
// file's own schema; 64-bit integers as numbers. Whatever is wrong with a file is said with its name.
import * as zlib from "node:zlib";
import type { Compressors, DecodedArray, FileMetaData, ParquetScan } from "hyparquet";
import { asyncBufferFromFile, parquetMetadataAsync, parquetScan } from "hyparquet";
import { DataError, FileFormatError } from "../support/errors.js";
import { type Column, MemoryColumn } from "./column.js";
import { ClassLabel, type Feature, List, Value } from "./features.js";
import { fits } from "./infer.js";
import { type DeclaredFeatures, fileFeatures } from "./parquet-features.js";

/** The columns of a Parquet file, with its rows counted. */
export interface ParquetTable {
  readonly columns: ReadonlyMap<string, Column>;
  readonly length: number;
}

/**
 * The rows of a Parquet file. Features are those declared, else those of the file.
 *
 * Throws FileFormatError where the file is missing, damaged, of a kind that is not read, or holds other columns than
 * declared; DataError where a number has no exact form in JavaScript or a label is outside its classes.
 */
export async function readParquet(file: string, declared?: DeclaredFeatures): Promise<ParquetTable> {
  const { metadata, scan } = await open(file);
  const features = fileFeatures(file, metadata, declared);

  const columns = new Map<string, Column>();
  for (const [name, feature] of Object.entries(features)) {
    const values: unknown[] = [];
    const convert = converter(feature, (reason) => {
      throw new DataError(`${file}: column "${name}" holds ${reason} at row ${values.length}`);
    });
    for (const range of scan.ranges) {
      const chunk = await readChunk(file, scan, name, range);
      for (let i = 0; i < chunk.length; i++) values.push(convert(chunk[i]));
    }
    columns.set(name, new MemoryColumn(feature, values));
  }
  return { columns, length: Number(metadata.num_rows) };
}

async function open(file: string): Promise<{ metadata: FileMetaData; scan: ParquetScan }> {
  try {
    const buffer = await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer);
    return { metadata, scan: await parquetScan({ file: buffer, metadata, utf8: false, compressors }) };
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** One column of a row group; as many values as the group has rows. */
async function readChunk(
  file: string,
  scan: ParquetScan,
  column: string,
  range: { rowStart: number; rowEnd: number },
): Promise<DecodedArray> {
  const chunk = await scan.readColumn({ column, ...range }).catch((error: unknown) => {
    throw unreadable(file, error, column);
  });
  const rows = range.rowEnd - range.rowStart;
  if (chunk.length !== rows) {
    throw new FileFormatError(
      `${file} is damaged: column "${column}" has ${chunk.length} values where ${rows} rows are said to be`,
    );
  }
  return chunk;
}

function unreadable(file: string, error: unknown, column?: string): FileFormatError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return new FileFormatError(`there is no file ${file}`, { cause: error });
  const part = column === undefined ? "" : ` (column "${column}")`;
  const reason = error instanceof Error ? error.message : String(error);
  return new FileFormatError(
    `cannot read ${file}${part} as Parquet: ${reason}. If the file is damaged or incomplete, fetch or write it again`,
    { cause: error },
  );
}

// Snappy and uncompressed pages are hyparquet's own; the rest is what this Node's zlib knows (Zstandard from 22.15 on).
const compressors: Compressors = {
  GZIP: (input) => zlib.gunzipSync(input),
  BROTLI: (input) => zlib.brotliDecompressSync(input),
};
if ("zstdDecompressSync" in zlib && typeof zlib.zstdDecompressSync === "function") {
  const decompress: (input: Uint8Array) => Uint8Array = zlib.zstdDecompressSync.bind(zlib);
  compressors.ZSTD = (input) => decompress(input);
}

/** Turns values as hyparquet gives them into those of a feature; `refuse` is told of one that the feature cannot hold. */
function converter(feature: Feature, refuse: (reason: string) => never): (value: unknown) => unknown {
  // 64-bit integers arrive as bigints; datasets give numbers, and refuse what would lose digits
  const exact = (value: unknown): unknown => {
    if (typeof value !== "bigint") return value ?? null;
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    return refuse(`the integer ${value}, too large to be exact as a number (store such values as strings)`);
  };
  if (feature instanceof Value) return exact;
  if (feature instanceof ClassLabel) {
    return (value) => {
      const label = exact(value);
      return fits(feature, label)
        ? label
        : refuse(`the label ${String(label)}, outside its ${feature.numClasses} classes`);
    };
  }
  if (feature instanceof List) {
    const convert = converter(feature.feature, refuse);
    return (value) => (value === null || value === undefined ? null : Array.from(value as ArrayLike<unknown>, convert));
  }
  const fields = Object.entries(feature).map(([name, field]) => [name, converter(field, refuse)] as const);
  return (value) => {
    if (value === null || value === undefined) return null;
    const struct = value as Readonly<Record<string, unknown>>;
    return Object.fromEntries(fields.map(([name, convert]) => [name, convert(struct[name])]));
  };
}
