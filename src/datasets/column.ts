// What a dataset's columns are made of. This is the seat of storage: everything above reads a column through this
// interface alone, so that columns of Arrow record batches on disk can stand in for MemoryColumn without a verb noticing.
import type { Feature } from "./features.js";

/** A column's values by physical row. Rows are not checked here: whoever calls has an index in range. */
export interface Column {
  readonly feature: Feature;
  readonly length: number;
  /** The value at `row`. */
  get(row: number): unknown;
  /** The values at rows `start` to `end` - 1, in a new array. */
  range(start: number, end: number): unknown[];
  /** The values at `rows`, in that order, in a new array: one call a batch, so that storage on disk can group its reads. */
  gather(rows: Uint32Array): unknown[];
}

/** A column held in memory as an array. */
export class MemoryColumn implements Column {
  readonly feature: Feature;
  readonly #values: readonly unknown[];

  /** Takes `values` over: nobody else changes them. */
  constructor(feature: Feature, values: readonly unknown[]) {
    this.feature = feature;
    this.#values = values;
  }

  get length(): number {
    return this.#values.length;
  }

  get(row: number): unknown {
    return this.#values[row];
  }

  range(start: number, end: number): unknown[] {
    return this.#values.slice(start, end);
  }

  gather(rows: Uint32Array): unknown[] {
    return Array.from(rows, (row) => this.#values[row]);
  }
}

/** Some rows of another column, in an order of their own, without a copy. */
export class SelectedColumn implements Column {
  readonly #column: Column;
  readonly #rows: Uint32Array;

  constructor(column: Column, rows: Uint32Array) {
    this.#column = column;
    this.#rows = rows;
  }

  get feature(): Feature {
    return this.#column.feature;
  }

  get length(): number {
    return this.#rows.length;
  }

  get(row: number): unknown {
    return this.#column.get(this.#rows[row]);
  }

  range(start: number, end: number): unknown[] {
    return this.#column.gather(this.#rows.subarray(start, end));
  }

  gather(rows: Uint32Array): unknown[] {
    return this.#column.gather(rows.map((row) => this.#rows[row]));
  }
}
