// Gathers values into a new column, inferring its feature as they come and naming the row that does not fit the others.
// Values go into Arrow's layout a chunk at a time, so a column in the making takes the memory of its data, not of objects.
import { DataError } from "../support/errors.js";
import type { ArrayData } from "./arrow/array.js";
import { encoderOf } from "./arrow/encoder.js";
import { fieldOf } from "./arrow/features.js";
import { type ArrowField, sameLayout } from "./arrow/types.js";
import { valueReader } from "./arrow/values.js";
import { ArrowColumn, MemoryChunks } from "./arrow-column.js";
import { describeFeature, type Feature, type Value } from "./features.js";
import { elementType, fits, inferFeature, isTypedList, NoFeature, unifyFeatures } from "./infer.js";

/** Rows of a chunk, which are those of a record batch on disk: Python's datasets writes as many. */
export const CHUNK_ROWS = 1000;

/** A column in the making. */
export class ColumnBuilder {
  readonly #name: string;
  #pending: unknown[] = [];
  #chunks: ArrayData[] = [];
  #chunkRows = 0;
  #feature: Feature = inferFeature(null) as Value; // of no values yet: null

  constructor(name: string) {
    this.#name = name;
  }

  get length(): number {
    return this.#chunkRows + this.#pending.length;
  }

  /** What is known of the values so far. */
  get feature(): Feature {
    return this.#feature;
  }

  /** Appends values; `where(i)` names the row of the i-th one. Throws DataError at one that does not fit the others. */
  append(values: ArrayLike<unknown>, where: (i: number) => string): void {
    const element = elementType(values);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? null;
      if (!this.#isAsBefore(value)) this.#unify(element ?? inferFeature(value), where, i);
      this.#pending.push(value);
      if (this.#pending.length === CHUNK_ROWS) this.#encode();
    }
  }

  /** The column, with the feature `wished` where every value fits it and else with the inferred one. */
  build(wished?: Feature): ArrowColumn {
    return this.#column(wished !== undefined && this.#misfit(wished) === undefined ? wished : this.#feature);
  }

  /** The column with the feature that was asked for. Throws DataError at the first value that does not fit it. */
  buildAs(feature: Feature): ArrowColumn {
    const misfit = this.#misfit(feature);
    if (misfit === undefined) return this.#column(feature);
    const value = JSON.stringify(misfit.value);
    throw new DataError(
      `column "${this.#name}" should be ${describeFeature(feature)}, but holds ${value} at row ${misfit.row}`,
    );
  }

  /** True where the value's type is plainly that of the values before, which spares the inference. */
  #isAsBefore(value: unknown): boolean {
    const { feature } = this.#feature as { feature?: Feature };
    return isTypedList(this.#feature) && ArrayBuffer.isView(value) && elementType(value) === feature;
  }

  #unify(feature: Feature | NoFeature, where: (i: number) => string, i: number): void {
    if (feature instanceof NoFeature) {
      throw new DataError(`column "${this.#name}" holds ${feature.reason}, at ${where(i)}`);
    }
    const both = unifyFeatures(this.#feature, feature);
    if (both === undefined) {
      const types = `${describeFeature(feature)} at ${where(i)}, but ${describeFeature(this.#feature)} before it`;
      throw new DataError(`column "${this.#name}" is ${types}: a column holds values of one type`);
    }
    this.#feature = both;
  }

  /** Stores the pending values in the layout of the feature that is known now; a later one may need another. */
  #encode(): void {
    const encoder = encoderOf(fieldOf(this.#name, this.#feature));
    for (const value of this.#pending) encoder.append(value);
    this.#chunks.push(encoder.finish());
    this.#chunkRows += this.#pending.length;
    this.#pending = [];
  }

  #column(feature: Feature): ArrowColumn {
    if (this.#pending.length > 0) this.#encode();
    const field = fieldOf(this.#name, feature, this.#feature);
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

/** The chunk in the layout of `field`: itself with that field, or its values stored anew. */
function inLayout(chunk: ArrayData, field: ArrowField): ArrayData {
  if (chunk.field === field) return chunk;
  if (sameLayout(chunk.field, field)) return withField(chunk, field);
  const encoder = encoderOf(field);
  const reader = valueReader(chunk, refuse);
  for (let i = 0; i < chunk.length; i++) encoder.append(reader.get(i));
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
