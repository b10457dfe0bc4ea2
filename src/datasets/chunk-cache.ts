// What is kept in memory of columns on disk: the chunks that were read last, up to a fixed number of bytes for the whole
// process. Their values are copied out when they are read, so a chunk can go at any time.
import type { ValueReader } from "./arrow/values.js";

/** Bytes of all chunks together. */
const CAPACITY = 64 * 2 ** 20;

/** One chunk in memory, in the list of all by their last use. */
export interface CachedChunk {
  readonly reader: ValueReader;
  readonly bytes: number;
  /** Forgets the chunk where it is looked up. */
  readonly evict: () => void;
  newer: CachedChunk | undefined;
  older: CachedChunk | undefined;
}

let newest: CachedChunk | undefined;
let oldest: CachedChunk | undefined;
let held = 0;

/** Keeps a chunk; the ones that were unused for longest go, until all that remain fit. */
export function keepChunk(reader: ValueReader, bytes: number, evict: () => void): CachedChunk {
  const chunk: CachedChunk = { reader, bytes, evict, newer: undefined, older: undefined };
  held += bytes;
  link(chunk);
  while (held > CAPACITY && oldest !== undefined && oldest !== chunk) {
    const gone = oldest;
    held -= gone.bytes;
    unlink(gone);
    gone.evict();
  }
  return chunk;
}

/** Says that a chunk is used. */
export function touchChunk(chunk: CachedChunk): void {
  if (chunk === newest) return;
  unlink(chunk);
  link(chunk);
}

function link(chunk: CachedChunk): void {
  chunk.older = newest;
  chunk.newer = undefined;
  if (newest !== undefined) newest.newer = chunk;
  newest = chunk;
  oldest ??= chunk;
}

function unlink(chunk: CachedChunk): void {
  if (chunk.newer === undefined) newest = chunk.older;
  else chunk.newer.older = chunk.older;
  if (chunk.older === undefined) oldest = chunk.newer;
  else chunk.older.newer = chunk.newer;
}
