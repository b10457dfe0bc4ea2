// Parquet files for streams: a row group at a time.

import type { StructFeature } from "../features.js";
import { converter, openParquet, readChunk } from "../parquet.js";
import { type DeclaredFeatures, fileFeatures } from "../parquet-features.js";
import { type FileReader, type RowBatch, refuseAt } from "./batch.js";

/** A reader of Parquet files, whose types are those declared, else those of the first file. */
export class ParquetReader implements FileReader {
  readonly #declared: DeclaredFeatures | undefined;

  constructor(declared: DeclaredFeatures | undefined) {
    this.#declared = declared;
  }

  async features([first]: readonly string[]): Promise<StructFeature | undefined> {
    if (first === undefined) return this.#declared?.features;
    return fileFeatures(first, (await openParquet(first)).metadata, this.#declared);
  }

  /** Row groups that end before `firstRow` are not read. Throws FileFormatError where a file has not the types of the first. */
  async *read(path: string, features?: StructFeature, firstRow = 0): AsyncGenerator<RowBatch, void, void> {
    const file = await openParquet(path);
    const types = fileFeatures(
      path,
      file.metadata,
      features && { features, source: this.#declared?.source ?? "the first file" },
    );
    let start = 0;
    for (const group of file.metadata.row_groups) {
      const rows = Number(group.num_rows);
      const skipped = Math.max(0, firstRow - start);
      const first = start;
      start += rows;
      if (skipped >= rows) continue;
      const columns = new Map<string, unknown[]>();
      for (const [name, feature] of Object.entries(types)) {
        const chunk = await readChunk(file, group, name, first);
        const values: unknown[] = [];
        const convert = converter(
          feature,
          refuseAt(name, () => `${path}, row ${first + skipped + values.length}`),
        );
        for (let i = skipped; i < rows; i++) values.push(convert(chunk[i]));
        columns.set(name, values);
      }
      yield { columns, length: rows - skipped, where: (i) => `${path}, row ${first + skipped + i}` };
    }
  }
}
