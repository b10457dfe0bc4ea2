// What toCsv and toJson share: rows turned into text a batch at a time, and written whole or not at all.
import type { Readable, Transform } from "node:stream";
import { createGzip } from "node:zlib";
import { writeFileAtomic } from "../../support/atomic.js";
import { readColumns, type Table } from "../table.js";
import { expectCount } from "./count.js";

/** How text files are written. */
export interface WriteTextOptions {
  /** Rows that are turned into text at once. Default 1000. */
  batchSize?: number;
}

/**
 * Writes the text that `textOf` makes of each batch of rows, between `head` and `tail`; packed where `path` ends in .gz.
 * `first` is the number of the batch's first row.
 */
export async function writeText(
  verb: string,
  table: Table,
  path: string,
  { batchSize = 1000 }: WriteTextOptions,
  parts: {
    head?: string;
    tail?: string;
    textOf: (columns: Record<string, unknown[]>, length: number, first: number) => string;
  },
): Promise<void> {
  expectCount(verb, "batchSize, a number of rows,", batchSize, 1);
  const encoder = new TextEncoder();
  function* pieces(): Generator<Uint8Array, void, void> {
    if (parts.head) yield encoder.encode(parts.head);
    for (let start = 0; start < table.length; start += batchSize) {
      const end = Math.min(start + batchSize, table.length);
      yield encoder.encode(parts.textOf(readColumns(table, start, end), end - start, start));
    }
    if (parts.tail) yield encoder.encode(parts.tail);
  }
  await writeFileAtomic(path, path.endsWith(".gz") ? packed(pieces()) : pieces());
}

async function* packed(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const gzip: Transform & Readable = createGzip();
  const writing = (async () => {
    for (const piece of pieces) {
      if (!gzip.write(piece)) await new Promise((resolve) => gzip.once("drain", resolve));
    }
    gzip.end();
  })();
  writing.catch((error: Error) => gzip.destroy(error)); // an error in a row ends the reader below, too
  for await (const chunk of gzip) yield chunk as Uint8Array;
  await writing;
}
