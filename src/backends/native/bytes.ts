// Walks over bytes in C++ (native/bytes.h), for what reads files: the same as its TypeScript does, as fast at the first call as
// at the last. Whoever calls them has that TypeScript for where there is no addon.
import { loadAddon } from "./addon.js";

/** What native/bytes.h has. Arrays are as long as the results are, and nothing is written behind their ends. */
export interface ByteRoutines {
  /** Unpacks Snappy's raw format into `out`, which it fills; 0 where it is damaged or holds another number of bytes. */
  unpackSnappy(packed: Uint8Array, out: Uint8Array): number;
  /**
   * Takes as many values apart as `offsets` has room for ends behind its 0; each stands behind its length in 32 bits. The
   * bytes of all; -1 where they are damaged or more than `values` has room for.
   */
  takeSized(bytes: Uint8Array, offsets: Int32Array, values: Uint8Array): number;
  /** The bytes that the values of these numbers have together; -1 where there is no value of a number. */
  sizeOfGathered(offsets: Int32Array, numbers: Int32Array): number;
  /** The values of these numbers, after sizeOfGathered has told how many bytes `values` needs. */
  gatherSized(
    given: Uint8Array,
    ends: Int32Array,
    numbers: Int32Array,
    offsets: Int32Array,
    values: Uint8Array,
  ): number;
  /** The values of these numbers, of `words` words each; 0 where there is no value of a number. */
  gatherWords(given: Int32Array, words: number, numbers: Int32Array, values: Int32Array): number;
  /** Parquet's runs of values of up to 24 bits, until `out` is full; 0 where they end before. */
  takeRuns(bytes: Uint8Array, width: number, out: Int32Array): number;
  /** The first integer outside of `least` to `most` that is not null; an empty bitmap: none is. -1: all are inside. */
  firstOutside(values: BigInt64Array, valid: Uint8Array, least: number, most: number): number;
  /** The first text that begins within a character of UTF-8; -1: none does. */
  firstCut(text: Uint8Array, offsets: Int32Array): number;
  /** Offsets that begin at 0 instead of at the first of them, as many as `out` has room for. */
  rebase(offsets: Int32Array, out: Int32Array): number;
  /**
   * Cuts lines of `columns` fields apart from `place[0]` on, as many as `spans` has room for (begin and end of each field),
   * and moves it behind them; `place[1]` counts the lines of the file, `sizes` the bytes of each column. Fields may stand in
   * quotes, of which doubled ones become one where they stand (`quote` -1: none do). Stops before a line that is not whole or
   * not regular. The lines that were cut.
   */
  splitLines(
    bytes: Uint8Array,
    place: Float64Array,
    columns: number,
    delimiter: number,
    quote: number,
    spans: Int32Array,
    sizes: Float64Array,
  ): number;
  /** Fields of a column as texts, as many as `offsets` has room for. How many are missing. */
  takeTexts(...fields: [...ColumnFields, offsets: Int32Array, values: Uint8Array, valid: Uint8Array]): number;
  /** Fields of a column as whole numbers of up to 15 digits. How many are missing; -1 where one is something else. */
  takeIntegers(...fields: [...ColumnFields, values: BigInt64Array, valid: Uint8Array]): number;
  /** Fields of a column as numbers of up to 15 digits, with a point or not. How many are missing; -1 as before. */
  takeNumbers(...fields: [...ColumnFields, values: Float64Array, valid: Uint8Array]): number;
}

/** Fields that splitLines cut, and the texts that mean "no value", one behind the other. */
export type ColumnFields = [
  bytes: Uint8Array,
  spans: Int32Array,
  column: number,
  columns: number,
  missing: Uint8Array,
  missingOffsets: Int32Array,
];

/** The routines; undefined where there is no addon. */
export function byteRoutines(): ByteRoutines | undefined {
  const loaded = loadAddon();
  return "addon" in loaded ? loaded.addon.bytes : undefined;
}
