// Arrow files for streams: a run of rows at a time.
import { openArrowTable } from "../arrow-table.js";
import type { StructFeature } from "../features.js";
import { readColumns } from "../table.js";
import { BATCH_ROWS, type FileReader, type RowBatch } from "./batch.js";

/** A reader of Arrow files, whose types are those declared, else those of the files. */
export class ArrowReader implements FileReader {
  readonly #declared: StructFeature | undefined;

  constructor(declared: StructFeature | undefined) {
    this.#declared = declared;
  }

  features(files: readonly string[]): Promise<StructFeature | undefined> {
    if (this.#declared !== undefined) return Promise.resolve(this.#declared);
    const { columns } = openArrowTable(files);
    return Promise.resolve(Object.fromEntries([...columns].map(([name, { feature }]) => [name, feature])));
  }

  async *read(file: string, features?: StructFeature, firstRow = 0): AsyncGenerator<RowBatch, void, void> {
    const table = openArrowTable([file], { features });
    for (let start = firstRow; start < table.length; start += BATCH_ROWS) {
      const end = Math.min(start + BATCH_ROWS, table.length);
      const columns = new Map(Object.entries(readColumns(table, start, end)));
      yield { columns, length: end - start, where: (i) => `${file}, row ${start + i}` };
    }
  }
}
