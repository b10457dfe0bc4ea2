// Writes Arrow's two formats: pieces of bytes for a schema and the batches that follow it, to go to a file or to memory.
import type { ArrayData } from "./array.js";
import { type Block, batchMessage, END_OF_STREAM, FILE_MAGIC, fileFooter, schemaMessage } from "./messages.js";
import type { ArrowSchema } from "./types.js";

/** `stream` is what Python's datasets writes and reads; `file` has a footer, as Feather's second version has. */
export type ArrowFormat = "stream" | "file";

/** A batch of rows: one array a column, in the schema's order and layout. */
export interface RecordBatch {
  readonly columns: readonly ArrayData[];
  readonly length: number;
}

/** Makes the bytes of one file, piece by piece, in the order in which they stand in it. */
export class ArrowWriter {
  readonly #schema: ArrowSchema;
  readonly #format: ArrowFormat;
  readonly #blocks: Block[] = [];
  #offset = 0;

  constructor(schema: ArrowSchema, format: ArrowFormat = "stream") {
    this.#schema = schema;
    this.#format = format;
  }

  /** Bytes made so far. */
  get offset(): number {
    return this.#offset;
  }

  /** What stands in front of the batches. */
  begin(): Uint8Array[] {
    const magic = new Uint8Array(8);
    magic.set(new TextEncoder().encode(FILE_MAGIC));
    return this.#count([...(this.#format === "file" ? [magic] : []), schemaMessage(this.#schema)]);
  }

  batch({ columns, length }: RecordBatch): Uint8Array[] {
    const { head, body, bodyLength } = batchMessage(columns, length);
    this.#blocks.push([this.#offset, head.length, bodyLength]);
    return this.#count([head, ...body]);
  }

  /** What stands behind them. */
  end(): Uint8Array[] {
    const footer = this.#format === "file" ? [fileFooter(this.#schema, this.#blocks)] : [];
    return this.#count([END_OF_STREAM, ...footer]);
  }

  #count(pieces: Uint8Array[]): Uint8Array[] {
    for (const piece of pieces) this.#offset += piece.length;
    return pieces;
  }
}

/** The bytes of a file, piece by piece, as batches come. */
export function* arrowBytes(
  schema: ArrowSchema,
  batches: Iterable<RecordBatch>,
  format?: ArrowFormat,
): Generator<Uint8Array, void, void> {
  const writer = new ArrowWriter(schema, format);
  yield* writer.begin();
  for (const batch of batches) yield* writer.batch(batch);
  yield* writer.end();
}
