// Arrow's messages: a schema, a batch of records, a dictionary; each a FlatBuffers header and, behind it, a body of
// buffers. Framing and headers stand here, for reading and for writing.
// Format: https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
import { type ArrayData, BatchCursor, NO_BYTES } from "./array.js";
import { TableBuilder, TableReader } from "./flatbuffers.js";
import { writeSchema } from "./schema.js";
import type { ArrowSchema } from "./types.js";

/** What stands at both ends of Arrow's file format, whose messages are those of the stream between them. */
export const FILE_MAGIC = "ARROW1";

/** The bytes in front of a header: 0xFFFFFFFF and the header's length. */
export const PREFIX_BYTES = 8;

const VERSION_5 = 4; // since Arrow 0.15; version 4 differs in unions only
const HEADER = { schema: 1, dictionary: 2, batch: 3 } as const;

/** A message without its body. */
export interface Message {
  readonly kind: keyof typeof HEADER;
  readonly header: TableReader;
  readonly bodyLength: number;
}

/** Reads the header of a message. Throws Error, with the reason, where there is none that is known. */
export function readMessage(metadata: Uint8Array): Message {
  const message = TableReader.root(metadata);
  if (message.int16(0) < VERSION_5 - 1) throw new Error("it is of a version before Arrow 0.8");
  const number = message.uint8(1);
  const kind = (Object.keys(HEADER) as Message["kind"][]).find((each) => HEADER[each] === number);
  const header = message.table(2);
  if (kind === undefined || header === undefined) throw new Error(`it has a message of the unknown kind ${number}`);
  return { kind, header, bodyLength: message.size(3) };
}

/** Rows of a RecordBatch header. Throws Error where its buffers are compressed. */
export function rowsOf(batch: TableReader): number {
  const compression = batch.table(3);
  if (compression === undefined) return batch.size(0);
  const codec = ["LZ4", "ZSTD"][compression.uint8(0)] ?? "an unknown codec";
  throw new Error(`its batches are compressed with ${codec}, which is not supported: write it without compression`);
}

/** What a RecordBatch header says of its columns. */
export function cursorOf(batch: TableReader): BatchCursor {
  return new BatchCursor(batch.sizes(1, 2), batch.sizes(2, 2), batch.sizes(4));
}

/** The message that a stream or file begins with. */
export function schemaMessage(schema: ArrowSchema): Uint8Array {
  const builder = new TableBuilder();
  return frame(finishMessage(builder, HEADER.schema, writeSchema(builder, schema), 0));
}

/** The message of a batch of `length` rows: its framed header, and the pieces of its body, padded as they stand. */
export function batchMessage(
  columns: readonly ArrayData[],
  length: number,
): { head: Uint8Array; body: readonly Uint8Array[]; bodyLength: number } {
  const nodes: number[] = [];
  const buffers: number[] = [];
  const viewBuffers: number[] = [];
  const body: Uint8Array[] = [];
  let bodyLength = 0;
  const add = (bytes: Uint8Array): void => {
    buffers.push(bodyLength, bytes.length);
    const padding = paddingOf(bytes.length);
    body.push(bytes);
    if (padding > 0) body.push(PADDING.subarray(0, padding));
    bodyLength += bytes.length + padding;
  };
  const walk = (array: ArrayData): void => {
    const { type } = array.field;
    nodes.push(array.length, array.nullCount);
    if (type.kind === "null") return;
    add(array.validity ?? NO_BYTES);
    if (array.offsets !== undefined) add(bytesOfOffsets(array));
    if (type.kind !== "list" && type.kind !== "fixedList" && type.kind !== "struct") add(array.values);
    for (const bytes of array.data) add(bytes);
    if ("form" in type && type.form === "view") viewBuffers.push(array.data.length);
    for (const child of array.children) walk(child);
  };
  for (const column of columns) walk(column);

  const builder = new TableBuilder();
  const counts = viewBuffers.length > 0 ? builder.sizes(viewBuffers) : undefined;
  const bufferVector = builder.sizes(buffers, 2);
  const nodeVector = builder.sizes(nodes, 2);
  const table = builder
    .start()
    .size(0, length)
    .pointer(1, nodeVector)
    .pointer(2, bufferVector)
    .pointer(4, counts)
    .end();
  return { head: frame(finishMessage(builder, HEADER.batch, table, bodyLength)), body, bodyLength };
}

/** Offsets as they are written: 64-bit ones for the large layouts. */
function bytesOfOffsets({ field, offsets }: ArrayData): Uint8Array {
  const { type } = field;
  const narrow = offsets ?? new Int32Array(1);
  const isLarge = type.kind === "list" ? type.large : "form" in type && type.form === "large";
  if (!isLarge) return new Uint8Array(narrow.buffer, narrow.byteOffset, narrow.byteLength);
  const wide = new Int32Array(2 * narrow.length);
  for (let i = 0; i < narrow.length; i++) wide[2 * i] = narrow[i];
  return new Uint8Array(wide.buffer);
}

/** The end of a stream. */
export const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** Where a batch stands in a file: offset of its message, bytes of its header with what is in front, bytes of its body. */
export type Block = readonly [offset: number, metadata: number, body: number];

/** What stands behind the messages of the file format: schema, places of the batches, and the magic word. */
export function fileFooter(schema: ArrowSchema, batches: readonly Block[]): Uint8Array {
  const builder = new TableBuilder();
  const table = writeSchema(builder, schema);
  const blocks = builder.blocks(batches);
  const none = builder.blocks([]);
  const footer = builder.finish(
    builder.start().pointer(1, table).pointer(2, none).pointer(3, blocks).int16(0, VERSION_5).end(),
  );
  const bytes = new Uint8Array(footer.length + 10);
  bytes.set(footer);
  new DataView(bytes.buffer).setInt32(footer.length, footer.length, true);
  bytes.set(new TextEncoder().encode(FILE_MAGIC), footer.length + 4);
  return bytes;
}

/** Reads the footer of a file: the places of dictionaries and batches, in their order. */
export function readFooter(footer: Uint8Array): { dictionaries: Block[]; batches: Block[] } {
  const table = TableReader.root(footer);
  const blocks = (field: number): Block[] =>
    table.structs(field, 24).map((block) => {
      const size = (at: number) => Number(block.getBigInt64(at, true));
      return [size(0), block.getInt32(8, true), size(16)];
    });
  return { dictionaries: blocks(2), batches: blocks(3) };
}

const PADDING = new Uint8Array(8);

function paddingOf(length: number): number {
  return (8 - (length % 8)) % 8;
}

function finishMessage(builder: TableBuilder, kind: number, header: number, bodyLength: number): Uint8Array {
  return builder.finish(
    builder.start().size(3, bodyLength).pointer(2, header).int16(0, VERSION_5).uint8(1, kind).end(),
  );
}

/** A header with its length in front and padding behind, so that the body is aligned. */
function frame(header: Uint8Array): Uint8Array {
  const padded = header.length + paddingOf(header.length);
  const framed = new Uint8Array(PREFIX_BYTES + padded);
  const view = new DataView(framed.buffer);
  view.setUint32(0, 0xffffffff, true);
  view.setUint32(4, padded, true);
  framed.set(header, PREFIX_BYTES);
  return framed;
}
