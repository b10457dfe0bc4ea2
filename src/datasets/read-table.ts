// The rows of files as a table: Parquet and Arrow with the types they have, text formats with those that their values tell
// or that are asked for.

import { FileFormatError } from "../support/errors.js";
import { openArrowTable } from "./arrow-table.js";
import { cachedTable } from "./cache/cached-table.js";
import { describeFeature, type StructFeature, sameFeature } from "./features.js";
import { type FileOptions, type FormatName, optionsOf, readerOf } from "./file-formats.js";
import { digest } from "./fingerprint/digest.js";
import { fingerprintOfFile } from "./fingerprint/file.js";
import { readParquet } from "./parquet.js";
import type { DeclaredFeatures } from "./parquet-features.js";
import { type Table, tableOf } from "./table.js";
import { TableBuilder } from "./table-builder.js";
import { cast } from "./verbs/cast.js";
import { concatenate } from "./verbs/concatenate.js";

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
    const table = await cachedTable("load", dependencies, () => readParquetFiles(files, declared));
    return inTypes(table, wished);
  }
  const reader = readerOf(format, options, wished ?? declared?.features, true);
  return cachedTable("load", dependencies, async (folder) => {
    const features = await reader.features(files);
    const builder = new TableBuilder({ names: Object.keys(features ?? {}), wished: features, strict: true, folder });
    try {
      for (const file of files) {
        for await (const batch of reader.read(file, features, 0)) {
          builder.append(batch.columns, batch.length, batch.where);
        }
      }
    } catch (error) {
      builder.abandon();
      throw error;
    }
    return builder;
  });
}

function inTypes(table: Table, wished: StructFeature | undefined): Table {
  return wished === undefined ? table : cast(table, wished);
}

/** The files' rows. Throws FileFormatError where files differ in columns or types. */
async function readParquetFiles(files: readonly string[], declared: DeclaredFeatures | undefined): Promise<Table> {
  const parts: Table[] = [];
  for (const file of files) {
    const { columns, length } = await readParquet(file, declared);
    const part = tableOf(columns, length);
    if (parts.length > 0) checkAlike([files[0], parts[0]], [file, part]);
    parts.push(part);
  }
  return concatenate(parts);
}

type FileTable = readonly [file: string, table: Table];

function checkAlike([firstFile, first]: FileTable, [file, table]: FileTable): void {
  for (const name of new Set([...first.columns.keys(), ...table.columns.keys()])) {
    const [expected, found] = [first.columns.get(name)?.feature, table.columns.get(name)?.feature];
    if (expected !== undefined && found !== undefined && sameFeature(expected, found)) continue;
    const [here, there] = [found, expected].map((feature) =>
      feature === undefined ? "none" : describeFeature(feature),
    );
    throw new FileFormatError(
      `the files of a split differ: column "${name}" is ${here} in ${file}, ${there} in ${firstFile}`,
    );
  }
}
