// Parquet files for streams: a row group at a time.
import { valueReader } from "../arrow/values.js";
import type { StructFeature } from "../features.js";
import { planColumns, readColumn } from "../parquet/column.js";
import { type DeclaredFeatures, fileFeatures } from "../parquet/features.js";
import { openParquet } from "../parquet/file.js";
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
    const declared = features && { features, source: this.#declared?.source ?? "the first file" };
    const plans = planColumns(file.metadata, fileFeatures(path, file.metadata, declared));
    let start = 0;
    for (const group of file.metadata.row_groups) {
      const rows = Number(group.num_rows);
      const skipped = Math.max(0, firstRow - start);
      const first = start;
      start += rows;
      if (skipped >= rows) continue;
      const columns = new Map<string, unknown[]>();
      for (const plan of plans) {
        const refuse = (reason: string, row: number) =>
          refuseAt(plan.name, () => `${path}, row ${first + row}`)(reason);
        const values: unknown[] = [];
        for (const array of await readColumn(file, group, plan, first, refuse)) {
          const reader = valueReader(array, (reason) => refuse(reason, values.length));
          for (let i = 0; i < array.length; i++) values.push(reader.get(i));
        }
        columns.set(plan.name, values.slice(skipped));
      }
      yield { columns, length: rows - skipped, where: (i) => `${path}, row ${first + skipped + i}` };
    }
  }
}
