// The rows of files as a table: Parquet and Arrow with the types they have, text formats with those that their values tell
// or that are asked for.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DataError, FileFormatError } from "../support/errors.js";
import type { ArrayData } from "./arrow/array.js";
import { openArrowTable } from "./arrow-table.js";
import { cachedTable } from "./cache/cached-table.js";
import { LOAD } from "./cache/entries.js";
import { describeFeature, type StructFeature, sameFeature } from "./features.js";
import { type FileOptions, type FormatName, optionsOf, readerOf } from "./file-formats.js";
import { digest } from "./fingerprint/digest.js";
import { fingerprintOfFile } from "./fingerprint/file.js";
import { planColumns, readColumn } from "./parquet/column.js";
import { type DeclaredFeatures, fileFeatures } from "./parquet/features.js";
import { type OpenFile, openParquet } from "./parquet/file.js";
import { OtherType } from "./readers/batch.js";
import { CsvReader } from "./readers/csv.js";
import type { Table } from "./table.js";
import { TableBuilder } from "./table-builder.js";
import { cast } from "./verbs/cast.js";

/** What is known of files beside what they say themselves. */
export interface ReadOptions {
  readonly format: FormatName;
  readonly options: FileOptions;
  /** The types that the dataset's card declares. */
  readonly declared: DeclaredFeatures | undefined;
  /** The types that the caller asks for. */
  readonly wished: StructFeature | undefined;
}

/**
 * The rows of the files, one file after another. Arrow files are read where they are; what other formats hold goes into
 * Arrow files of the cache, from which the same files open at once the next time.
 *
 * @throws FileFormatError where a file is missing, damaged, or differs from the others or from what is declared; DataError
 * where a value is not what its column holds.
 */
export async function readTable(files: readonly string[], given: ReadOptions): Promise<Table> {
  const { format, options, declared, wished } = given;
  if (format === "arrow") {
    const fingerprint = digest("arrow", ...files.map(fingerprintOfFile));
    return inTypes(openArrowTable(files, { features: declared?.features, fingerprint }), wished);
  }
  const dependencies = {
    "the files": digest(...files.map(fingerprintOfFile)),
    "the options": JSON.stringify([format, optionsOf(format, options), declared?.features, wished]),
  };
  if (format === "parquet") {
    const table = await cachedTable(LOAD, dependencies, (folder) => readParquet(files, declared, folder));
    return inTypes(table, wished);
  }
  const reader = readerOf(format, options, wished ?? declared?.features, true);
  return cachedTable(LOAD, dependencies, async (folder) => {
    if (!(reader instanceof CsvReader && reader.isInferring)) {
      return fill(await reader.features(files), { folder }, async (builder, features) => {
        for (const file of files) {
          for await (const batch of reader.read(file, features, 0)) {
            builder.append(batch.columns, batch.length, batch.where);
          }
        }
      });
    }
    return readCsv(files, reader, folder);
  });
}

/** Rows that are asked for the types of a CSV file that is read whole: a wrong guess is found, and costs time only. */
const FIRST_ROWS = 2000;

/**
 * The rows of CSV files, in the types that all of their texts tell. The first rows tell them mostly: only where a later text
 * is of another type are all texts asked before they are read again.
 */
async function readCsv(files: readonly string[], reader: CsvReader, folder: string | undefined): Promise<TableBuilder> {
  const read: Fill = async (builder, features = {}) => {
    for (const file of files) {
      for await (const { columns, length } of reader.readArrays(file, features)) {
        builder.appendArrays(
          columns.map((array) => [array]),
          length,
        );
      }
    }
  };
  try {
    return await fill(await reader.features(files, FIRST_ROWS), { folder }, read);
  } catch (error) {
    if (!(error instanceof OtherType)) throw error;
  }
  if (folder !== undefined) for (const name of readdirSync(folder)) rmSync(join(folder, name));
  return fill(await reader.features(files, Number.POSITIVE_INFINITY), { folder }, read);
}

type Fill = (builder: TableBuilder, features: StructFeature | undefined) => Promise<void>;

/** A builder of columns of these types, filled; given up where that fails. */
async function fill(
  features: StructFeature | undefined,
  options: { readonly folder: string | undefined },
  read: Fill,
): Promise<TableBuilder> {
  const builder = new TableBuilder({
    names: Object.keys(features ?? {}),
    wished: features,
    strict: true,
    ...options,
  });
  try {
    await read(builder, features);
  } catch (error) {
    builder.abandon();
    throw error;
  }
  return builder;
}

function inTypes(table: Table, wished: StructFeature | undefined): Table {
  return wished === undefined ? table : cast(table, wished);
}

/**
 * The rows of Parquet files, in Arrow's layout, a row group at a time.
 *
 * @throws FileFormatError where a file is missing, damaged, of a kind that is not read, or holds other columns than declared
 * or than the first; DataError where a number has no exact form in JavaScript or a label is outside its classes
 */
async function readParquet(
  files: readonly string[],
  declared: DeclaredFeatures | undefined,
  folder: string | undefined,
): Promise<TableBuilder> {
  const opened: OpenFile[] = [];
  for (const file of files) opened.push(await openParquet(file));
  const features = opened.map(({ path, metadata }) => fileFeatures(path, metadata, declared));
  for (const [i, other] of features.entries()) checkAlike([files[0], features[0]], [files[i], other]);
  return fill(features[0], { folder }, async (builder) => {
    for (const [i, file] of opened.entries()) {
      const plans = planColumns(file.metadata, features[i]);
      let start = 0;
      for (const group of file.metadata.row_groups) {
        const columns: (readonly ArrayData[])[] = [];
        for (const plan of plans) {
          columns.push(
            await readColumn(file, group, plan, start, (reason, row) => {
              throw new DataError(`${file.path}: column "${plan.name}" holds ${reason} at row ${start + row}`);
            }),
          );
        }
        builder.appendArrays(columns, Number(group.num_rows));
        start += Number(group.num_rows);
      }
      if (start !== Number(file.metadata.num_rows)) {
        const rows = `its row groups have ${start} rows, where ${file.metadata.num_rows} are said to be`;
        throw new FileFormatError(`${file.path} is damaged: ${rows}`);
      }
    }
  });
}

type FileFeatures = readonly [file: string, features: StructFeature];

function checkAlike([firstFile, first]: FileFeatures, [file, features]: FileFeatures): void {
  for (const name of new Set([...Object.keys(first), ...Object.keys(features)])) {
    const [expected, found] = [first[name], features[name]];
    if (expected !== undefined && found !== undefined && sameFeature(expected, found)) continue;
    const [here, there] = [found, expected].map((feature) =>
      feature === undefined ? "none" : describeFeature(feature),
    );
    throw new FileFormatError(
      `the files of a split differ: column "${name}" is ${here} in ${file}, ${there} in ${firstFile}`,
    );
  }
}
