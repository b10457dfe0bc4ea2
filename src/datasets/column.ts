// What a dataset's columns are made of. This is the seat of storage: everything above reads a column through this
// interface alone, whether its rows are in Arrow files on disk (ArrowColumn, which ColumnBuilder makes too), in a
// JavaScript array (MemoryColumn) or picked from another column (SelectedColumn).
import type { Feature } from "./features.js";
import { digest, fingerprintOfRows } from "./fingerprint/digest.js";

/** A column's values by physical row. Rows are not checked here: whoever calls has an index in range. */
export interface Column {
  readonly feature: Feature;
  readonly length: number;
  /**
   * A string that changes whenever the values could: results are cached under it. A column that leaves it out, because
   * nothing says where its values came from, is read as any other, but nothing made from it is cached.
   */
  readonly fingerprint?: string;
  /** The value at `row`. */
  get(row: number): unknown;
  /** The values at rows `start` to `end` - 1, in a new array. */
  range(start: number, end: number): unknown[];
  /** The values at `rows`, in that order, in a new array: one call a batch, so that storage on disk can group its reads. */
  gather(rows: Uint32Array): unknown[];
}

/** A column held in memory as an array of JavaScript's values: for few rows, or values that others hold anyway. */
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
  readonly column: Column;
  readonly rows: Uint32Array;

  constructor(column: Column, rows: Uint32Array) {
    this.column = column;
    this.rows = rows;
  }

  get feature(): Feature {
    return this.column.feature;
  }

  get length(): number {
    return this.rows.length;
  }

  get fingerprint(): string | undefined {
    const of = this.column.fingerprint;
    return of === undefined ? undefined : digest(of, fingerprintOfRows(this.rows));
  }

  get(row: number): unknown {
    return this.column.get(this.rows[row]);
  }

  range(start: number, end: number): unknown[] {
    return this.column.gather(this.rows.subarray(start, end));
  }

  gather(rows: Uint32Array): unknown[] {
    return this.column.gather(rows.map((row) => this.rows[row]));
  }
}
