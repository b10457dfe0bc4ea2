// Reads Parquet files (through hyparquet) into columns: features from the Hub's metadata in the file, else from the
// file's own schema; 64-bit integers as numbers. Whatever is wrong with a file is said with its name.
import type { AsyncBuffer, DecodedArray, FileMetaData, ParquetScan, RowGroup } from "hyparquet";
import { asyncBufferFromFile, parquetMetadataAsync, parquetScan } from "hyparquet";
import { DataError, FileFormatError } from "../support/errors.js";
import { type Column, MemoryColumn } from "./column.js";
import { ClassLabel, type Feature, List, Value } from "./features.js";
import { fits } from "./infer.js";
import { type DeclaredFeatures, fileFeatures } from "./parquet-features.js";
import { CheckedPages } from "./parquet-pages.js";

/** The columns of a Parquet file, with its rows counted. */
export interface ParquetTable {
  readonly columns: ReadonlyMap<string, Column>;
  readonly length: number;
}

/**
 * The rows of a Parquet file. Features are those declared, else those of the file.
 *
 * @throws FileFormatError where the file is missing, damaged, of a kind that is not read, or holds other columns than
 * declared; DataError where a number has no exact form in JavaScript or a label is outside its classes.
 */
export async function readParquet(path: string, declared?: DeclaredFeatures): Promise<ParquetTable> {
  const file = await openParquet(path);
  const features = fileFeatures(path, file.metadata, declared);
  const length = Number(file.metadata.num_rows);

  const columns = new Map<string, Column>();
  for (const [name, feature] of Object.entries(features)) {
    const values: unknown[] = [];
    const convert = converter(feature, (reason) => {
      throw new DataError(`${path}: column "${name}" holds ${reason} at row ${values.length}`);
    });
    for (const group of file.metadata.row_groups) {
      const chunk = await readChunk(file, group, name, values.length);
      for (let i = 0; i < chunk.length; i++) values.push(convert(chunk[i]));
    }
    if (values.length !== length) {
      throw new FileFormatError(
        `${path} is damaged: its row groups have ${values.length} rows, where ${length} are said to be`,
      );
    }
    columns.set(name, new MemoryColumn(feature, values));
  }
  return { columns, length };
}

/** An open file: its footer, and what reads its columns. */
export interface OpenFile {
  readonly path: string;
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly pages: CheckedPages;
  readonly scan: ParquetScan;
}

/** Opens a file and reads its footer. Throws FileFormatError where it is missing, damaged or no Parquet. */
export async function openParquet(path: string): Promise<OpenFile> {
  try {
    const buffer = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(buffer);
    const pages = new CheckedPages();
    const options = { file: buffer, metadata, utf8: false, useOffsetIndex: false, compressors: pages.compressors };
    return { path, buffer, metadata, pages, scan: await parquetScan(options) };
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** One column of a row group, whose first row is the file's row `start`; as many values as the group has rows. */
export async function readChunk(file: OpenFile, group: RowGroup, column: string, start: number): Promise<DecodedArray> {
  const rows = Number(group.num_rows);
  if (rows === 0) return [];
  try {
    await file.pages.prepare(file.buffer, file.metadata, group, column);
    const chunk = await file.scan.readColumn({ column, rowStart: start, rowEnd: start + rows });
    if (chunk.length === rows) return chunk;
    throw new Error(`there are ${chunk.length} values where ${rows} rows are said to be`);
  } catch (error) {
    throw unreadable(file.path, error, column);
  }
}

function unreadable(path: string, error: unknown, column?: string): FileFormatError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return new FileFormatError(`there is no file ${path}`, { cause: error });
  const part = column === undefined ? "" : ` (column "${column}")`;
  const reason = error instanceof Error ? error.message : String(error);
  return new FileFormatError(
    `cannot read ${path}${part} as Parquet: ${reason}. If the file is damaged or incomplete, fetch or write it again`,
    { cause: error },
  );
}

/** Turns values as hyparquet gives them into those of a feature; `refuse` is told of one that the feature cannot hold. */
export function converter(feature: Feature, refuse: (reason: string) => never): (value: unknown) => unknown {
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
