// The rows of files as a streamed dataset.
import { ConfigError } from "../support/errors.js";
import { readerOf } from "./file-formats.js";
import type { ReadOptions } from "./read-table.js";
import { ArrowReader } from "./readers/arrow.js";
import type { FileReader } from "./readers/batch.js";
import { ParquetReader } from "./readers/parquet.js";
import type { SplitSlice } from "./split-spec.js";
import { FileStream } from "./streaming/file-stream.js";
import { IterableDataset } from "./streaming/iterable-dataset.js";

/** The rows of files, read as they are asked for; of text formats the first rows are read at once, to tell the types. */
export async function streamFiles(files: readonly string[], given: ReadOptions): Promise<IterableDataset> {
  const { format, wished } = given;
  const reader = readerFor(given);
  const features = await reader.features(files);
  const dataset = new IterableDataset(new FileStream(reader, features, files), features);
  return wished !== undefined && (format === "parquet" || format === "arrow") ? dataset.cast(wished) : dataset;
}

function readerFor({ format, options, declared, wished }: ReadOptions): FileReader {
  if (format === "parquet") return new ParquetReader(declared);
  if (format === "arrow") return new ArrowReader(declared?.features);
  return readerOf(format, options, wished ?? declared?.features, false);
}

/** The rows of a slice of a stream. Throws ConfigError where it counts from the end or in percents, which nobody knows. */
export function sliceStream<Row extends object>(
  dataset: IterableDataset<Row>,
  { split, from = 0, to, unit }: SplitSlice,
): IterableDataset<Row> {
  if (from === 0 && to === undefined) return dataset;
  if (unit === "%" || from < 0 || (to ?? 0) < 0) {
    throw new ConfigError(
      `the slice of split "${split}" counts ${unit === "%" ? "in percents" : "from the end"}, and the length of a streamed ` +
        'dataset is not known: give numbers of rows from the beginning, "train[:1000]", or load it without streaming',
    );
  }
  const rest = from === 0 ? dataset : dataset.skip(from);
  return to === undefined ? rest : rest.take(Math.max(0, to - from));
}
