// Gathers values into a new column, inferring its feature as they come and naming the row that does not fit the others.
// Values go into Arrow's layout a chunk at a time, so a column in the making takes the memory of its data, not of objects.
import { DataError } from "../support/errors.js";
import type { ArrayData } from "./arrow/array.js";
import { encoderOf } from "./arrow/encoder.js";
import { fieldOf } from "./arrow/features.js";
import { type ArrowField, sameLayout } from "./arrow/types.js";
import { valueReader } from "./arrow/values.js";
import { ArrowColumn, MemoryChunks } from "./arrow-column.js";
import { describeFeature, type Feature, type List, type Value } from "./features.js";
import { elementType, fits, holdsJson, inferFeature, isTypedList, NoFeature, unifyFeatures } from "./infer.js";

/** Rows of a chunk, which are those of a record batch on disk: Python's datasets writes as many. */
export const CHUNK_ROWS = 1000;

export interface ColumnBuilderOptions {
  /** The feature that the column is to have where its values fit it. */
  readonly wished?: Feature;
  /**
   * Throw DataError at the first value that does not fit the wished feature. Default false: take the inferred one then. A
   * wish for JSON is always strict.
   */
  readonly strict?: boolean;
  /** Rows of a chunk. Default 1000. */
  readonly chunkRows?: number;
}

/** A column in the making; TableBuilder makes several at once, and on disk where they grow large. */
export class ColumnBuilder {
  readonly #name: string;
  readonly #chunkRows: number;
  readonly #strict: boolean;
  /** Values of the wished feature are of any types, and none is inferred. */
  readonly #isJson: boolean;
  #wished: Feature | undefined;
  #pending: unknown[] = [];
  #chunks: ArrayData[] = [];
  #encodedRows = 0;
  #inferred: Feature = inferFeature(null) as Value; // of no values yet: null

  constructor(name: string, options: ColumnBuilderOptions = {}) {
    this.#name = name;
    this.#wished = options.wished;
    this.#isJson = options.wished !== undefined && holdsJson(options.wished);
    this.#strict = this.#isJson || (options.strict ?? false);
    this.#chunkRows = options.chunkRows ?? CHUNK_ROWS;
  }

  get length(): number {
    return this.#encodedRows + this.#pending.length;
  }

  /** The feature by what is known so far: the one wished for while all values fit it, else the inferred one. */
  get feature(): Feature {
    return this.#wished ?? this.#inferred;
  }

  /** The field that stores the values so far. */
  get field(): ArrowField {
    return fieldOf(this.#name, this.feature, this.#inferred);
  }

  /** Appends values; `where(i)` names the row of the i-th one. Throws DataError at one that does not fit the others. */
  append(values: ArrayLike<unknown>, where: (i: number) => string): void {
    const element = elementType(values);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? null;
      if (!this.#isJson && !this.#isAsBefore(value)) this.#unify(element ?? inferFeature(value), where, i);
      if (this.#wished !== undefined && !fits(this.#wished, value)) this.#giveUp(this.#wished, value);
      this.#pending.push(value);
      if (this.#pending.length === this.#chunkRows) this.#encode();
    }
  }

  /** The chunks that are complete, each in the layout that was known at its time; they are the caller's from here on. */
  drain(): ArrayData[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  /** Makes a chunk of the rows that are left. */
  flush(): void {
    if (this.#pending.length > 0) this.#encode();
  }

  /** The column, with the feature `wished` where every value fits it and else with the inferred one. */
  build(wished?: Feature): ArrowColumn {
    return this.#column(wished !== undefined && this.#misfit(wished) === undefined ? wished : this.feature);
  }

  /** True where the value's type is plainly that of the values before, which spares the inference. */
  #isAsBefore(value: unknown): boolean {
    if (!ArrayBuffer.isView(value) || !isTypedList(this.#inferred)) return false;
    return elementType(value) === (this.#inferred as List).feature;
  }

  #unify(feature: Feature | NoFeature, where: (i: number) => string, i: number): void {
    if (feature instanceof NoFeature) {
      throw new DataError(`column "${this.#name}" holds ${feature.reason}, at ${where(i)}`);
    }
    const both = unifyFeatures(this.#inferred, feature);
    if (both === undefined) {
      const types = `${describeFeature(feature)} at ${where(i)}, but ${describeFeature(this.#inferred)} before it`;
      throw new DataError(`column "${this.#name}" is ${types}: ${ONE_TYPE}`);
    }
    this.#inferred = both;
  }

  #giveUp(wished: Feature, value: unknown): void {
    if (this.#strict) throw this.#unfit(wished, value, this.length);
    this.#wished = undefined;
  }

  #unfit(feature: Feature, value: unknown, row: number): DataError {
    const shown = JSON.stringify(value);
    return new DataError(
      `column "${this.#name}" should be ${describeFeature(feature)}, but holds ${shown} at row ${row}: ` +
        "change the value, or give the column a feature that holds it",
    );
  }

  /** Stores the pending values in the layout of the feature that is known now; a later one may need another. */
  #encode(): void {
    const encoder = encoderOf(this.field);
    encoder.appendAll(this.#pending);
    this.#chunks.push(encoder.finish());
    this.#encodedRows += this.#pending.length;
    this.#pending = [];
  }

  #column(feature: Feature): ArrowColumn {
    this.flush();
    const field = fieldOf(this.#name, feature, this.#inferred);
    this.#chunks = this.#chunks.map((chunk) => inLayout(chunk, field));
    return new ArrowColumn(this.#name, feature, new MemoryChunks(field, this.#chunks));
  }

  /** The first value that `feature` cannot hold, and its row. */
  #misfit(feature: Feature): { row: number; value: unknown } | undefined {
    let row = 0;
    for (const value of this.#values()) {
      if (!fits(feature, value)) return { row, value };
      row++;
    }
    return undefined;
  }

  *#values(): Generator<unknown, void, void> {
    for (const chunk of this.#chunks) {
      const reader = valueReader(chunk, refuse);
      for (let i = 0; i < chunk.length; i++) yield reader.get(i);
    }
    yield* this.#pending;
  }
}

/** What to do about values of several types, for messages. */
export const ONE_TYPE =
  "a column holds values of one type: turn them into one, String(value) say, with null for those that are missing";

/** The chunk in the layout of `field`: itself with that field, or its values stored anew. */
export function inLayout(chunk: ArrayData, field: ArrowField): ArrayData {
  if (chunk.field === field) return chunk;
  if (sameLayout(chunk.field, field)) return withField(chunk, field);
  const encoder = encoderOf(field);
  const reader = valueReader(chunk, refuse);
  for (let i = 0; i < chunk.length; i++) encoder.append(reader.get(i));
  return encoder.finish();
}

/** `length` nulls. */
export function nullArray(field: ArrowField, length: number): ArrayData {
  const encoder = encoderOf(field);
  for (let i = 0; i < length; i++) encoder.append(null);
  return encoder.finish();
}

/** The same values under a field of the same layout, whose metadata may be another. */
function withField(chunk: ArrayData, field: ArrowField): ArrayData {
  const children = chunk.children.map((child, i) => withField(child, field.children[i]));
  return { ...chunk, field, children };
}

/** Values that were stored from JavaScript can be read again. */
function refuse(reason: string): never {
  throw new DataError(`a value cannot be stored: ${reason}`);
}
