// Columns that are not nested, from Parquet's pages straight into Arrow's layout: no value becomes one of JavaScript's on the
// way. What is rare (other encodings, types that are converted) is left to hyparquet, see column.ts.
import { isUtf8 } from "node:buffer";
import type { SchemaTree } from "hyparquet";
import { type ByteRoutines, byteRoutines } from "../../backends/native/bytes.js";
import { type ArrayData, isSet, NO_BYTES } from "../arrow/array.js";
import { type ArrowField, type ScalarType, typeOfDtype } from "../arrow/types.js";
import { numbersOf } from "../arrow/values.js";
import { ClassLabel, type Feature, Json, Value } from "../features.js";
import { leafType } from "./features.js";
import { damagedPage, type Page, sizedBytes } from "./pages.js";
import { areAllOnes, decodeRuns } from "./runs.js";

/** How a column's values stand in a file, and in which field they go. */
export interface FlatColumn {
  readonly field: ArrowField;
  readonly layout: "bits" | "words" | "bytes";
  /** Of words, how many of 32 bits a value is; 0 for others. */
  readonly words: number;
}

/** How to read a column of a file's schema as `feature`, stored in `field`; undefined where it is nested or converted. */
export function flatColumn(
  { element, children }: SchemaTree,
  feature: Feature,
  field: ArrowField,
): FlatColumn | undefined {
  if (children.length > 0 || element.repetition_type === "REPEATED") return undefined;
  const stored = typeOfDtype(leafType(element));
  const wanted = feature instanceof Value ? typeOfDtype(feature.dtype) : scalarOf(feature);
  if (stored === undefined || wanted === undefined || !areAlike(stored, wanted)) return undefined;
  switch (element.type) {
    case "BOOLEAN":
      return { field, layout: "bits", words: 0 };
    case "INT32":
    case "FLOAT":
      return { field, layout: "words", words: 1 };
    case "INT64":
    case "DOUBLE":
      return stored.kind === "decimal" ? undefined : { field, layout: "words", words: 2 };
    case "BYTE_ARRAY":
      return { field, layout: "bytes", words: 0 };
    default:
      return undefined;
  }
}

/** How labels and JSON are stored; undefined for what is nested. */
function scalarOf(feature: Feature): ScalarType | undefined {
  if (feature instanceof ClassLabel) return { kind: "int", bits: 64, signed: true };
  return feature instanceof Json ? { kind: "utf8", form: "small" } : undefined;
}

/** Whether values of both types have the same bits, as Parquet stores them. */
function areAlike(stored: ScalarType, wanted: ScalarType): boolean {
  switch (stored.kind) {
    case "utf8":
    case "binary":
      return wanted.kind === stored.kind && wanted.form !== "view";
    case "timestamp":
      return wanted.kind === "timestamp" && wanted.unit === stored.unit;
    case "bool":
    case "int":
    case "date":
    case "time":
      return JSON.stringify(stored) === JSON.stringify(wanted);
    case "float":
      return wanted.kind === "float" && wanted.bits === stored.bits && stored.bits > 16;
    default:
      return false;
  }
}

/** A column's pages on their way into arrays. */
export class FlatDecoder {
  readonly #column: FlatColumn;
  #arrays: ArrayData[] | undefined = [];
  #dictionary: Values | undefined;
  #row = 0;

  constructor(column: FlatColumn) {
    this.#column = column;
  }

  /** The arrays of the pages, one behind the other; undefined where a page is in an encoding that is not read here. */
  get arrays(): ArrayData[] | undefined {
    return this.#arrays;
  }

  /** Takes the next page, whose bytes are not needed afterwards. Throws Error where it is damaged or holds text that is not UTF-8. */
  add(page: Page): void {
    if (this.#arrays === undefined) return;
    if (page.isDictionary) {
      this.#dictionary = plainValues(this.#column, page.values, page.count);
    } else if (isRead(this.#column, page.encoding)) {
      this.#arrays.push(arrayOfPage(this.#column, page, validityOf(page), this.#dictionary, this.#row));
      this.#row += page.count;
    } else this.#arrays = undefined;
  }
}

function isRead({ layout }: FlatColumn, encoding: string): boolean {
  return encoding === "PLAIN" || (layout === "bits" ? encoding === "RLE" : encoding?.endsWith("_DICTIONARY"));
}

/** Values that are not null, in Arrow's buffers: offsets for bytes, none for others. */
interface Values {
  readonly values: Uint8Array;
  readonly offsets: Int32Array | undefined;
}

/** Which rows of a page have a value. */
interface Validity {
  /** A byte for each row; undefined where all have one. */
  readonly present: Uint8Array | undefined;
  readonly nullCount: number;
}

function validityOf({ definitions, count }: Page): Validity {
  if (definitions === undefined || count === 0 || areAllOnes(definitions, count))
    return { present: undefined, nullCount: 0 };
  const present = new Uint8Array(count);
  decodeRuns(definitions, 1, count, present);
  const nullCount = present.reduce((nulls, bit) => nulls + 1 - bit, 0);
  return nullCount === 0 ? { present: undefined, nullCount } : { present, nullCount };
}

function arrayOfPage(
  column: FlatColumn,
  page: Page,
  { present, nullCount }: Validity,
  dictionary: Values | undefined,
  firstRow: number,
): ArrayData {
  const found = page.count - nullCount;
  const dense = page.encoding === "PLAIN" ? plainValues(column, page.values, found) : undefined;
  const coded = dense ?? codedValues(column, page, found, dictionary);
  const { values, offsets } = present === undefined ? coded : spread(column, coded, present);
  const array: ArrayData = {
    field: column.field,
    length: page.count,
    nullCount,
    validity: present && packBits(present),
    offsets,
    values: narrowed(column, values, page.count),
    data: [],
    children: [],
  };
  if (column.field.type.kind === "utf8") checkText(array, firstRow);
  return array;
}

/** `count` values in the encoding PLAIN. */
function plainValues({ layout, words }: FlatColumn, bytes: Uint8Array, count: number): Values {
  if (layout === "bytes") return plainBytes(bytes, count);
  const length = layout === "bits" ? (count + 7) >> 3 : 4 * words * count;
  if (bytes.length < length) throw damagedPage();
  return { values: bytes.slice(0, length), offsets: undefined }; // a copy, which begins where words may
}

/** Each value stands behind its length. */
function plainBytes(bytes: Uint8Array, count: number): Values {
  const values = new Uint8Array(Math.max(0, bytes.length - 4 * count) + SLACK);
  const offsets = new Int32Array(count + 1);
  const routines = byteRoutines();
  if (routines !== undefined) {
    const size = routines.takeSized(bytes, offsets, values);
    if (size < 0) throw damagedPage();
    return { values: values.subarray(0, size), offsets };
  }
  const read = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const write = new DataView(values.buffer);
  let to = 0;
  for (let i = 0, at = 0; i < count; i++) {
    if (at + 4 > bytes.length) throw damagedPage();
    const length = read.getInt32(at, true);
    const end = at + 4 + length;
    if (!(length >= 0 && end <= bytes.length)) throw damagedPage();
    if (end + SLACK <= bytes.length) copyWords(read, at + 4, end, write, to);
    else values.set(bytes.subarray(at + 4, end), to);
    to += length;
    offsets[i + 1] = to;
    at = end;
  }
  return { values: values.subarray(0, to), offsets };
}

/** Runs of bytes are copied in words of four, the last of which may reach beyond their end by three. */
const SLACK = 3;

function copyWords(read: DataView, start: number, end: number, write: DataView, to: number): void {
  for (let from = start, at = to; from < end; from += 4, at += 4) write.setInt32(at, read.getInt32(from, true), true);
}

/** `count` values in runs: of booleans themselves, of others their numbers in the dictionary. */
function codedValues(column: FlatColumn, page: Page, count: number, dictionary: Values | undefined): Values {
  if (column.layout === "bits") {
    const bits = new Uint8Array(count);
    if (count > 0) decodeRuns(sizedBytes(page.values)[0], 1, count, bits);
    return { values: packBits(bits), offsets: undefined };
  }
  const indices = new Int32Array(count);
  const width = page.values[0] ?? 0;
  if (count > 0 && width > 0) decodeRuns(page.values.subarray(1), width, count, indices);
  return looked(column, dictionary ?? { values: NO_BYTES, offsets: new Int32Array(1) }, indices);
}

/** The dictionary's values of these numbers. */
function looked(column: FlatColumn, dictionary: Values, indices: Int32Array): Values {
  const routines = byteRoutines();
  return routines === undefined ? lookUp(column, dictionary, indices) : gather(routines, column, dictionary, indices);
}

/** lookUp, by the routines of the addon. */
function gather(routines: ByteRoutines, { words }: FlatColumn, dictionary: Values, indices: Int32Array): Values {
  const { offsets: ends } = dictionary;
  if (ends === undefined) {
    const into = new Int32Array(indices.length * words);
    if (routines.gatherWords(wordsOf(dictionary.values), words, indices, into) === 0) throw damagedPage();
    return { values: new Uint8Array(into.buffer), offsets: undefined };
  }
  const length = routines.sizeOfGathered(ends, indices);
  if (length < 0) throw damagedPage();
  checkSize(length);
  const values = new Uint8Array(length);
  const offsets = new Int32Array(indices.length + 1);
  routines.gatherSized(dictionary.values, ends, indices, offsets, values);
  return { values, offsets };
}

function checkSize(length: number): void {
  if (length > 0x7fffffff) throw new Error("a page of it holds more than 2 GiB: write it with fewer rows a page");
}

function lookUp({ layout, words }: FlatColumn, dictionary: Values, indices: Int32Array): Values {
  const known =
    dictionary.offsets === undefined ? dictionary.values.length / (4 * words) : dictionary.offsets.length - 1;
  for (let i = 0; i < indices.length; i++) if (!(indices[i] >= 0 && indices[i] < known)) throw damagedPage();
  if (layout === "words") {
    const from = wordsOf(dictionary.values);
    const into = new Int32Array(indices.length * words);
    for (let i = 0; i < indices.length; i++) {
      for (let word = 0; word < words; word++) into[i * words + word] = from[indices[i] * words + word];
    }
    return { values: new Uint8Array(into.buffer), offsets: undefined };
  }
  const from = dictionary.offsets as Int32Array;
  let length = 0;
  for (const index of indices) length += from[index + 1] - from[index];
  checkSize(length);
  const values = new Uint8Array(length + SLACK);
  const offsets = new Int32Array(indices.length + 1);
  const given = dictionary.values;
  const read = new DataView(given.buffer, given.byteOffset, given.byteLength);
  const write = new DataView(values.buffer);
  for (let i = 0; i < indices.length; i++) {
    const start = from[indices[i]];
    const end = from[indices[i] + 1];
    if (end + SLACK <= given.length) copyWords(read, start, end, write, offsets[i]);
    else values.set(given.subarray(start, end), offsets[i]);
    offsets[i + 1] = offsets[i] + end - start;
  }
  return { values: values.subarray(0, length), offsets };
}

/** The values at the rows that have one; zeros, or nothing, at the others. */
function spread({ layout, words }: FlatColumn, { values, offsets }: Values, present: Uint8Array): Values {
  let next = 0;
  if (offsets !== undefined) {
    const all = new Int32Array(present.length + 1);
    for (let row = 0; row < present.length; row++) {
      next += present[row];
      all[row + 1] = offsets[next];
    }
    return { values, offsets: all };
  }
  if (layout === "bits") {
    const bits = new Uint8Array(present.length);
    for (let row = 0; row < present.length; row++) if (present[row] === 1) bits[row] = isSet(values, next++) ? 1 : 0;
    return { values: packBits(bits), offsets: undefined };
  }
  const from = wordsOf(values);
  const into = new Int32Array(present.length * words);
  for (let row = 0; row < present.length; row++) {
    if (present[row] === 0) continue;
    for (let word = 0; word < words; word++) into[row * words + word] = from[next * words + word];
    next++;
  }
  return { values: new Uint8Array(into.buffer), offsets: undefined };
}

/** Integers of fewer than 32 bits, which Parquet stores as such of 32. Throws Error at one that does not fit. */
function narrowed({ field }: FlatColumn, values: Uint8Array, count: number): Uint8Array {
  const { type } = field;
  if (type.kind !== "int" || type.bits >= 32) return values;
  const given = wordsOf(values);
  const bytes = new Uint8Array((count * type.bits) / 8);
  const narrow = numbersOf({ field, values: bytes } as ArrayData) as Int16Array;
  for (let i = 0; i < count; i++) {
    narrow[i] = given[i];
    if (narrow[i] !== given[i]) throw new Error(`it holds ${given[i]}, which is no integer of ${type.bits} bits`);
  }
  return bytes;
}

function wordsOf(values: Uint8Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length >> 2);
}

/** Bytes of 0 or 1 as a bitmap. */
function packBits(bits: Uint8Array): Uint8Array {
  const packed = new Uint8Array((bits.length + 7) >> 3);
  for (let i = 0; i < bits.length; i++) packed[i >> 3] |= bits[i] << (i & 7);
  return packed;
}

/** Throws Error, with the row, where a text is not UTF-8. */
function checkText({ values, offsets, length }: ArrayData, firstRow: number): void {
  const ends = offsets as Int32Array;
  if (isUtf8(values) && !isCutWithin(values, ends)) return;
  for (let i = 0; i < length; i++) {
    if (!isUtf8(values.subarray(ends[i], ends[i + 1])))
      throw new Error(`text that is not UTF-8, at row ${firstRow + i}`);
  }
}

/** Whether a text begins within a character. */
function isCutWithin(text: Uint8Array, offsets: Int32Array): boolean {
  const routines = byteRoutines();
  if (routines !== undefined) return routines.firstCut(text, offsets) >= 0;
  return offsets.some((at) => at < text.length && (text[at] & 0xc0) === 0x80);
}
