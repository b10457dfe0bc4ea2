// What every reader of files gives: rows as columns, some at a time, and words for where a row stands.
import { DataError } from "../../support/errors.js";
import type { ArrayData } from "../arrow/array.js";
import type { StructFeature } from "../features.js";

/** Rows of a file. */
export interface RowBatch {
  /** Values by column, as many as there are rows; null where there is none. */
  readonly columns: ReadonlyMap<string, readonly unknown[]>;
  readonly length: number;
  /** Where row `i` of the batch stands in its file, for messages: "reviews.csv, line 7". */
  readonly where: (i: number) => string;
}

/** Rows of a file in Arrow's layout: an array for each column, in the order of the features. */
export interface ArrayBatch {
  readonly columns: readonly ArrayData[];
  readonly length: number;
}

/** Thrown where a text is not of the type that the first ones of its column told, so that all have to be asked. */
export class OtherType extends Error {}

/** A file's rows, read from the beginning or from a later row on. */
export interface FileReader {
  /** The types of the columns of these files, as far as can be known without their rows; undefined: as the values are. */
  features(files: readonly string[]): Promise<StructFeature | undefined>;
  /** The rows of a file from `firstRow` on, with the types that `features` gave. */
  read(file: string, features: StructFeature | undefined, firstRow: number): AsyncIterable<RowBatch>;
}

/** Rows of a batch of text formats. */
export const BATCH_ROWS = 2000;

/** Rows that are read to infer types from where a stream has to know them before it reads the rest. */
export const INFERENCE_ROWS = 10_000;

/** A function for `conversion` that says which column of which row holds what it should not. */
export function refuseAt(column: string, where: () => string): (reason: string) => never {
  return (reason) => {
    throw new DataError(`${where()}: column "${column}" holds ${reason}`);
  };
}
