// Columns made of other columns without a copy of their values: converted, chained one after another, a field of a struct,
// rows gathered into lists, all null. SelectedColumn, rows in another order, stands in column.ts.
import type { Column } from "./column.js";
import type { Convert } from "./convert.js";
import { type Feature, List, type StructFeature } from "./features.js";
import { digest } from "./fingerprint/digest.js";

/** The values of another column, converted as they are read. */
export class ConvertedColumn implements Column {
  readonly feature: Feature;
  readonly column: Column;
  readonly convert: Convert;

  /** `convert` turns a value of `column` into one of `feature`. */
  constructor(feature: Feature, column: Column, convert: Convert) {
    this.feature = feature;
    this.column = column;
    this.convert = convert;
  }

  get length(): number {
    return this.column.length;
  }

  /** What a conversion gives follows from the two features. */
  get fingerprint(): string | undefined {
    return fingerprintOver([this.column], "converted", JSON.stringify([this.column.feature, this.feature]));
  }

  get(row: number): unknown {
    return this.convert(this.column.get(row));
  }

  range(start: number, end: number): unknown[] {
    return this.column.range(start, end).map(this.convert);
  }

  gather(rows: Uint32Array): unknown[] {
    return this.column.gather(rows).map(this.convert);
  }
}

/** The rows of columns of one feature, one column after another. */
export class ChainedColumn implements Column {
  readonly feature: Feature;
  readonly parts: readonly Column[];
  /** The first row of each part, and behind them the number of rows. */
  readonly #starts: Uint32Array;

  constructor(feature: Feature, parts: readonly Column[]) {
    this.feature = feature;
    this.parts = parts;
    this.#starts = new Uint32Array(parts.length + 1);
    for (const [i, part] of parts.entries()) this.#starts[i + 1] = this.#starts[i] + part.length;
  }

  get length(): number {
    return this.#starts[this.parts.length];
  }

  get fingerprint(): string | undefined {
    return fingerprintOver(this.parts, "chained", this.#starts.join());
  }

  get(row: number): unknown {
    const part = this.#partOf(row);
    return this.parts[part].get(row - this.#starts[part]);
  }

  range(start: number, end: number): unknown[] {
    const values: unknown[] = [];
    for (let part = this.#partOf(start); part < this.parts.length && this.#starts[part] < end; part++) {
      const first = this.#starts[part];
      const piece = this.parts[part].range(Math.max(start - first, 0), Math.min(end, this.#starts[part + 1]) - first);
      for (const value of piece) values.push(value);
    }
    return values;
  }

  gather(rows: Uint32Array): unknown[] {
    const places = new Map<number, number[]>(); // of each part, the positions in `rows` that it fills
    for (const [at, row] of rows.entries()) {
      const part = this.#partOf(row);
      const filled = places.get(part);
      if (filled === undefined) places.set(part, [at]);
      else filled.push(at);
    }
    const values = new Array<unknown>(rows.length);
    for (const [part, positions] of places) {
      const first = this.#starts[part];
      const found = this.parts[part].gather(Uint32Array.from(positions, (at) => rows[at] - first));
      for (const [i, at] of positions.entries()) values[at] = found[i];
    }
    return values;
  }

  /** The part that holds `row`: the last one that starts at it or before it and has a row. */
  #partOf(row: number): number {
    let [low, high] = [0, this.parts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** One field of a column of structs; null where the struct is. */
export class FieldColumn implements Column {
  readonly feature: Feature;
  readonly column: Column;
  readonly field: string;

  constructor(column: Column & { readonly feature: StructFeature }, field: string) {
    this.column = column;
    this.field = field;
    this.feature = column.feature[field];
  }

  get length(): number {
    return this.column.length;
  }

  get fingerprint(): string | undefined {
    return fingerprintOver([this.column], "field", this.field);
  }

  get(row: number): unknown {
    return this.#fieldOf(this.column.get(row));
  }

  range(start: number, end: number): unknown[] {
    return this.column.range(start, end).map((value) => this.#fieldOf(value));
  }

  gather(rows: Uint32Array): unknown[] {
    return this.column.gather(rows).map((value) => this.#fieldOf(value));
  }

  #fieldOf(struct: unknown): unknown {
    return (struct as Readonly<Record<string, unknown>> | null)?.[this.field] ?? null;
  }
}

/** Runs of `size` rows of another column as lists; the last one is shorter where rows do not fill it. */
export class BatchedColumn implements Column {
  readonly feature: List;
  readonly column: Column;
  readonly size: number;
  readonly length: number;

  /** `length` batches of `size` rows; the last may reach past the end of `column`. */
  constructor(column: Column, size: number, length: number) {
    this.feature = new List(column.feature);
    this.column = column;
    this.size = size;
    this.length = length;
  }

  get fingerprint(): string | undefined {
    return fingerprintOver([this.column], "batched", `${this.size} ${this.length}`);
  }

  get(row: number): unknown[] {
    return this.column.range(row * this.size, Math.min((row + 1) * this.size, this.column.length));
  }

  range(start: number, end: number): unknown[] {
    return Array.from({ length: end - start }, (_, i) => this.get(start + i));
  }

  gather(rows: Uint32Array): unknown[] {
    return Array.from(rows, (row) => this.get(row));
  }
}

/** A column without values: null in every row. */
export class NullColumn implements Column {
  readonly feature: Feature;
  readonly length: number;

  constructor(feature: Feature, length: number) {
    this.feature = feature;
    this.length = length;
  }

  get fingerprint(): string {
    return digest("null", String(this.length));
  }

  get(): null {
    return null;
  }

  range(start: number, end: number): null[] {
    return new Array<null>(end - start).fill(null);
  }

  gather(rows: Uint32Array): null[] {
    return new Array<null>(rows.length).fill(null);
  }
}

/** The fingerprint of what is made of columns; undefined where one of them has none. */
function fingerprintOver(columns: readonly Column[], ...parts: readonly string[]): string | undefined {
  const of = columns.map(({ fingerprint }) => fingerprint);
  return of.includes(undefined) ? undefined : digest(...parts, ...(of as string[]));
}
