// Tables over Arrow files on disk: a table is there as soon as its files are opened, however large they are.
import { FileFormatError } from "../support/errors.js";
import { checkStored, featuresOf } from "./arrow/features.js";
import { ArrowFile } from "./arrow/file.js";
import { sameLayout } from "./arrow/types.js";
import { ArrowColumn, FileBatches, FileChunks } from "./arrow-column.js";
import type { Column } from "./column.js";
import { describeFeature, type StructFeature, sameFeature } from "./features.js";
import { digest } from "./fingerprint/digest.js";
import { type Table, tableOf } from "./table.js";

/** What is known of Arrow files beside what they say themselves. */
export interface ArrowTableOptions {
  /** The features of their columns. Default: those of the files. */
  readonly features?: StructFeature;
  /** Where these features stand, for messages. */
  readonly source?: string;
  /** A string that changes whenever the files' contents do: see Column.fingerprint. */
  readonly fingerprint?: string;
}

/**
 * The rows of Arrow files, stream or file format, one after another. Only the places of their batches are read.
 *
 * @throws FileFormatError where a file is missing, damaged, of a kind that is not read, or differs from the others
 */
export function openArrowTable(paths: readonly string[], options: ArrowTableOptions = {}): Table {
  const opened = new Map<string, ArrowFile>(); // a file that is named often is opened once
  const files = paths.map((path) => {
    const file = opened.get(path) ?? new ArrowFile(path);
    opened.set(path, file);
    return file;
  });
  const [first] = files;
  if (first === undefined) return tableOf(new Map(), 0);
  for (const file of opened.values()) checkSame(first, file);
  const features = options.features ?? readFeatures(first);
  checkDescribed(first, features, options.source ?? "its description");
  const batches = new FileBatches(files);
  const columns = new Map<string, Column>(
    first.schema.fields.map(({ name }, i) => {
      const fingerprint = options.fingerprint === undefined ? undefined : digest(options.fingerprint, name);
      return [name, new ArrowColumn(name, features[name], new FileChunks(batches, i, fingerprint))];
    }),
  );
  return tableOf(columns, batches.starts[batches.starts.length - 1]);
}

function readFeatures(file: ArrowFile): StructFeature {
  try {
    return featuresOf(file.schema);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileFormatError(`${file.path}: ${reason}`, { cause: error });
  }
}

/** Throws FileFormatError where a file does not hold the columns that are said to be in it. */
function checkDescribed({ path, schema }: ArrowFile, features: StructFeature, source: string): void {
  const missing = Object.keys(features).find((name) => !schema.fields.some((field) => field.name === name));
  if (missing !== undefined) throw new FileFormatError(`${path} has no column "${missing}", which ${source} names`);
  for (const field of schema.fields) {
    if (!Object.hasOwn(features, field.name)) {
      throw new FileFormatError(`${path} has a column "${field.name}", which ${source} does not name`);
    }
    try {
      checkStored(field.name, features[field.name], field);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new FileFormatError(`${path} and ${source} disagree: ${reason}`, { cause: error });
    }
  }
}

/** Throws FileFormatError where two files that make one table differ in their columns. */
function checkSame(first: ArrowFile, file: ArrowFile): void {
  const fields = [first, file].map(({ schema }) => schema.fields);
  const [features, others] = [first, file].map(readFeatures);
  for (const [i, field] of fields[0].entries()) {
    const other = fields[1][i];
    if (
      other?.name === field.name &&
      sameLayout(field, other) &&
      sameFeature(features[field.name], others[field.name])
    ) {
      continue;
    }
    const [here, there] = [others, features].map((each) => {
      return Object.hasOwn(each, field.name) ? describeFeature(each[field.name]) : "none";
    });
    throw new FileFormatError(
      `the files of a split differ: column "${field.name}" is ${here} in ${file.path}, ${there} in ${first.path}`,
    );
  }
  if (fields[1].length === fields[0].length) return;
  const extra = fields[1][fields[0].length];
  throw new FileFormatError(
    `the files of a split differ: column "${extra.name}" is in ${file.path}, but not in ${first.path}`,
  );
}
