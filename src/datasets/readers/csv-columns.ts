// From CSV records to Arrow's columns in the types that their first texts told: text goes over as the bytes it is, and
// whole numbers are read from their digits, so that most fields never become strings.
import { type ByteRoutines, byteRoutines, type ColumnFields } from "../../backends/native/bytes.js";
import { type ArrayData, isSet, withoutBuffers } from "../arrow/array.js";
import { encoderOf } from "../arrow/encoder.js";
import type { ArrayEncoder } from "../arrow/encoder-base.js";
import { fieldOf } from "../arrow/features.js";
import { VariableEncoder } from "../arrow/variable-encoder.js";
import { CHUNK_ROWS } from "../column-builder.js";
import { type StructFeature, Value } from "../features.js";
import { type ArrayBatch, OtherType } from "./batch.js";
import type { CsvRecords, RecordRun } from "./csv-records.js";
import { type ColumnType, isOfType, parserOf, reportMissing } from "./csv-types.js";

/** The columns of a batch in the making. */
export class CsvColumns {
  readonly #columns: readonly CsvColumn[];
  /** Of each column of the file its place among the features. */
  readonly #order: readonly number[];
  #length = 0;

  /** `names` are the file's columns, which `features` holds and no others. */
  constructor(names: readonly string[], features: StructFeature, missing: MissingTexts) {
    this.#columns = names.map((name) => {
      const feature = features[name];
      return new CsvColumn(name, feature instanceof Value ? feature : new Value("string"), missing);
    });
    this.#order = Object.keys(features).map((name) => names.indexOf(name));
  }

  get length(): number {
    return this.#length;
  }

  /** Appends a record. Throws OtherType where a text is not of its column's type. */
  add({ records }: { readonly records: CsvRecords }): void {
    const { bytes, starts, ends, count } = records;
    for (let i = 0; i < this.#columns.length; i++) {
      if (i < count) this.#columns[i].add(bytes, starts[i], ends[i]);
      else this.#columns[i].addNull();
    }
    this.#length++;
  }

  /** Appends records that were cut apart together. Throws as `add` does. */
  addRun(run: RecordRun): void {
    const isBatch = this.#length === 0 && run.count === CHUNK_ROWS;
    for (const [i, column] of this.#columns.entries()) column.addRun(run, i, isBatch);
    this.#length += run.count;
  }

  finish(): ArrayBatch {
    const columns = this.#order.map((column) => this.#columns[column].finish());
    const length = this.#length;
    this.#length = 0;
    return { columns, length };
  }

  /** Says which words were taken as missing. */
  report(file: string): void {
    for (const { name, words } of this.#columns) reportMissing(file, name, words);
  }
}

/** Takes the fields of a run into account, of which numbers never become texts. */
export function seeRun(types: readonly ColumnType[], run: RecordRun, missing: MissingTexts): void {
  const { count, bytes, spans, columns } = run;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const [column, type] of types.entries()) {
    if (type.isText) continue;
    const kind = numericKind(run, column, missing);
    if (kind !== undefined) {
      if (kind !== "null") type.seeKind(kind);
      continue;
    }
    for (let i = 0, at = 2 * column; i < count && !type.isText; i++, at += 2 * columns) {
      type.see(text.toString("utf8", spans[at], spans[at + 1]), missing.texts);
    }
  }
}

/** What all fields of a column of a run are together, where they are numbers or missing; else undefined. */
function numericKind(run: RecordRun, column: number, missing: MissingTexts): "null" | "int64" | "float64" | undefined {
  const routines = byteRoutines();
  if (routines === undefined) return undefined;
  const { count } = run;
  const valid = new Uint8Array((count + 7) >> 3);
  const fields: ColumnFields = [run.bytes, run.spans, column, run.columns, missing.encoded, missing.ends];
  const lacking = routines.takeIntegers(...fields, new BigInt64Array(count), valid);
  if (lacking >= 0) return lacking === count ? "null" : "int64";
  return routines.takeNumbers(...fields, new Float64Array(count), valid) >= 0 ? "float64" : undefined;
}

class CsvColumn {
  readonly name: string;
  readonly #encoder: ArrayEncoder;
  /** A batch that came whole. */
  #batch: ArrayData | undefined;
  /** Words of a column of text that were taken as missing. */
  words = 0;
  readonly #type: Value;
  readonly #missing: MissingTexts;
  readonly #parse: (text: string) => unknown;
  readonly #texts: VariableEncoder | undefined;

  constructor(name: string, type: Value, missing: MissingTexts) {
    this.name = name;
    this.#encoder = encoderOf(fieldOf(name, type));
    this.#type = type;
    this.#missing = missing;
    this.#parse = parserOf(type);
    this.#texts = this.#encoder instanceof VariableEncoder ? this.#encoder : undefined;
  }

  add(bytes: Buffer, start: number, end: number): void {
    if (this.#texts !== undefined) {
      if (!this.#missing.has(bytes, start, end)) this.#texts.appendSpan(bytes, start, end);
      else {
        if (end > start) this.words++;
        this.#encoder.append(null);
      }
      return;
    }
    if (this.#type.dtype === "int64") {
      const number = shortInteger(bytes, start, end);
      if (!Number.isNaN(number) && !this.#missing.someAreNumbers) {
        this.#encoder.append(number);
        return;
      }
    }
    if (this.#missing.has(bytes, start, end)) {
      this.#encoder.append(null);
      return;
    }
    const text = bytes.toString("utf8", start, end);
    if (!isOfType(text, this.#type)) throw new OtherType(`${JSON.stringify(text)} is no ${this.#type}`);
    this.#encoder.append(this.#parse(text));
  }

  addNull(): void {
    this.#encoder.append(null);
  }

  /** Appends fields of a run, which are the whole batch or a part of it. */
  addRun(run: RecordRun, column: number, isBatch: boolean): void {
    const routines = byteRoutines();
    const array = routines && this.#arrayOf(routines, run, column);
    if (array === undefined) {
      const { bytes, spans, columns, count } = run;
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let i = 2 * column; i < 2 * columns * count; i += 2 * columns) this.add(buffer, spans[i], spans[i + 1]);
    } else if (isBatch) this.#batch = array;
    else this.#encoder.appendRange(array, 0, array.length);
  }

  /** The array so far; the column is empty afterwards. */
  finish(): ArrayData {
    const batch = this.#batch ?? this.#encoder.finish();
    this.#batch = undefined;
    return batch;
  }

  /** Fields of a run as an array; undefined where they have to be looked at one by one. */
  #arrayOf(routines: ByteRoutines, run: RecordRun, column: number): ArrayData | undefined {
    const { count, bytes, spans, columns } = run;
    const { encoded, ends } = this.#missing;
    const fields: ColumnFields = [bytes, spans, column, columns, encoded, ends];
    const valid = new Uint8Array((count + 7) >> 3);
    const arrayOf = (missing: number, parts: Partial<ArrayData>): ArrayData | undefined => {
      if (missing < 0) return undefined;
      const whole = { ...withoutBuffers(this.#encoder.field, count, missing), ...parts };
      return missing === 0 ? whole : { ...whole, validity: valid };
    };
    switch (this.#type.dtype) {
      case "string": {
        const offsets = new Int32Array(count + 1);
        const values = new Uint8Array(run.sizes[column]);
        const missing = routines.takeTexts(...fields, offsets, values, valid);
        if (missing > 0) {
          for (let i = 0, at = 2 * column; i < count; i++, at += 2 * columns) {
            if (!isSet(valid, i) && spans[at + 1] > spans[at]) this.words++;
          }
        }
        return arrayOf(missing, { offsets, values: values.subarray(0, offsets[count]) });
      }
      case "int64": {
        const integers = new BigInt64Array(count);
        const missing = routines.takeIntegers(...fields, integers, valid);
        return arrayOf(missing, { values: new Uint8Array(integers.buffer) });
      }
      case "float64": {
        const numbers = new Float64Array(count);
        const missing = routines.takeNumbers(...fields, numbers, valid);
        return arrayOf(missing, { values: new Uint8Array(numbers.buffer) });
      }
      default:
        return undefined;
    }
  }
}

/** The texts that mean "no value", looked for in bytes. */
export class MissingTexts {
  readonly texts: ReadonlySet<string>;
  /** Whether one of them could be taken for a whole number. */
  readonly someAreNumbers: boolean;
  /** All of them in UTF-8, one behind the other, and where each ends behind a 0. */
  readonly encoded: Uint8Array;
  readonly ends: Int32Array;
  readonly #longest: number;
  /** For each byte, whether one of them begins with it. */
  readonly #first = new Uint8Array(256);
  readonly #emptyIs: boolean;

  constructor(texts: ReadonlySet<string>) {
    this.texts = texts;
    this.#emptyIs = texts.has("");
    const encoded = Array.from(texts, (text) => Buffer.from(text));
    this.encoded = Buffer.concat(encoded);
    this.ends = new Int32Array(encoded.length + 1);
    for (const [i, { length }] of encoded.entries()) this.ends[i + 1] = this.ends[i] + length;
    this.#longest = Math.max(0, ...encoded.map(({ length }) => length));
    for (const bytes of encoded) if (bytes.length > 0) this.#first[bytes[0]] = 1;
    this.someAreNumbers = encoded.some((bytes) => !Number.isNaN(shortInteger(bytes, 0, bytes.length)));
  }

  has(bytes: Buffer, start: number, end: number): boolean {
    if (start === end) return this.#emptyIs;
    if (end - start > this.#longest || this.#first[bytes[start]] === 0) return false;
    return this.texts.has(bytes.toString("utf8", start, end));
  }
}

/** The whole number of up to 15 digits that stands in bytes; NaN where something else does. */
function shortInteger(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === 0x2d;
  let at = isNegative ? start + 1 : start;
  if (at >= end || end - at > 15) return Number.NaN;
  let value = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - 0x30;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = 10 * value + digit;
  }
  return isNegative ? -value : value;
}
