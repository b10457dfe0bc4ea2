// What a run has logged, as columns: a run of a hundred thousand rows is looked at, compared and drawn without an object
// for each.
import { NumberColumn } from "./columns.js";
import { countNonFinite, LEAST_POINTS, type Overview, overviewOf } from "./overview.js";

/** Where a row stands. */
export interface RowPlace {
  readonly step: number;
  /** Seconds of training before it, those of earlier processes with them; NaN where nobody knows. */
  readonly seconds: number;
  /** Tokens trained on before it, without padding; NaN where nobody knows. */
  readonly tokens: number;
  readonly epoch: number;
}

/** What a row says of its figures. */
export interface RowValues {
  readonly keys: readonly string[];
  /** That of the key of this index. */
  value(key: number): number;
}

/** A figure over a run, all arrays of one length, in the order of logging. */
export interface Series {
  readonly steps: Float64Array;
  readonly seconds: Float64Array;
  readonly tokens: Float64Array;
  readonly epochs: Float64Array;
  readonly values: Float64Array;
}

/** Gathers what is asked for when it is: of many runs and figures together all would be more than memory holds. */
class GatheredSeries implements Series {
  readonly values: Float64Array;
  readonly #rows: Float64Array;
  readonly #places: Places;

  constructor(column: Column, places: Places) {
    this.values = column.values.view();
    this.#rows = column.rows.view();
    this.#places = places;
  }

  get steps(): Float64Array {
    return this.#gather(this.#places.steps);
  }

  get seconds(): Float64Array {
    return this.#gather(this.#places.seconds);
  }

  get tokens(): Float64Array {
    return this.#gather(this.#places.tokens);
  }

  get epochs(): Float64Array {
    return this.#gather(this.#places.epochs);
  }

  #gather(column: NumberColumn): Float64Array {
    const all = column.view();
    const rows = this.#rows;
    if (rows.length === all.length) return all; // logged in every row
    const gathered = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) gathered[i] = all[rows[i]];
    return gathered;
  }
}

/** A figure: its values, and the rows that they were logged in. */
export interface Column {
  readonly rows: NumberColumn;
  readonly values: NumberColumn;
  /** Of its first `of` values. */
  digest?: { readonly of: number; readonly overview: Overview; readonly nonFinite: number };
}

/** Where each row stands. */
interface Places {
  readonly steps: NumberColumn;
  readonly seconds: NumberColumn;
  readonly tokens: NumberColumn;
  readonly epochs: NumberColumn;
}

/** All columns of a history, for whoever keeps it elsewhere. */
export interface HistoryColumns extends Places {
  readonly figures: Map<string, Column>;
}

export class History {
  readonly columns: HistoryColumns;

  /** @param columns Those of an earlier one. Default: empty. */
  constructor(columns: HistoryColumns = emptyColumns()) {
    this.columns = columns;
  }

  /** How many rows were logged. */
  get length(): number {
    return this.columns.steps.length;
  }

  /** The names of what was logged, in the order of first appearance. */
  get keys(): string[] {
    return [...this.columns.figures].filter(([, { rows }]) => rows.length > 0).map(([key]) => key);
  }

  add({ step, seconds, tokens, epoch }: RowPlace, values: RowValues): void {
    const row = this.length;
    const { steps, seconds: times, tokens: counts, epochs, figures } = this.columns;
    steps.push(step);
    times.push(seconds);
    counts.push(tokens);
    epochs.push(epoch);
    const { keys } = values;
    for (let i = 0; i < keys.length; i++) {
      let column = figures.get(keys[i]);
      if (!column) {
        column = { rows: new NumberColumn(), values: new NumberColumn() };
        figures.set(keys[i], column);
      }
      column.rows.push(row);
      column.values.push(values.value(i));
    }
  }

  /** Takes back all rows but the first ones. */
  cut(length: number): void {
    if (length >= this.length) return;
    const { steps, seconds, tokens, epochs, figures } = this.columns;
    for (const column of [steps, seconds, tokens, epochs]) column.cut(length);
    for (const column of figures.values()) {
      const { rows, values } = column;
      let kept = rows.length;
      while (kept > 0 && rows.at(kept - 1) >= length) kept--;
      rows.cut(kept);
      values.cut(kept);
      column.digest = undefined;
    }
  }

  /** Seconds of training at the last row; 0 where there is none, or nobody knows. */
  get lastSeconds(): number {
    const last = this.length > 0 ? this.columns.seconds.at(this.length - 1) : 0;
    return Number.isNaN(last) ? 0 : last;
  }

  /** Step and epoch of the last row. */
  get last(): { readonly step: number; readonly epoch: number } | undefined {
    const { length } = this;
    return length > 0
      ? { step: this.columns.steps.at(length - 1), epoch: this.columns.epochs.at(length - 1) }
      : undefined;
  }

  /** The last value of a figure that is a number; undefined where there is none. */
  lastOf(key: string): number | undefined {
    const values = this.columns.figures.get(key)?.values;
    for (let i = (values?.length ?? 0) - 1; values && i >= 0; i--) if (!Number.isNaN(values.at(i))) return values.at(i);
    return undefined;
  }

  /** How many values a figure has. */
  count(key: string): number {
    return this.columns.figures.get(key)?.rows.length ?? 0;
  }

  /** A figure over the run; undefined where it was never logged. */
  series(key: string): Series | undefined {
    const column = this.columns.figures.get(key);
    if (!column || column.rows.length === 0) return undefined;
    return new GatheredSeries(column, this.columns);
  }

  /** A long figure in few points, extremes among them; undefined for a short one, which is shown as it is. */
  overview(key: string): Overview | undefined {
    return this.count(key) < LEAST_POINTS ? undefined : this.#digest(key)?.overview;
  }

  /** How many of a figure's values are no finite numbers. */
  nonFinite(key: string): number {
    return this.#digest(key)?.nonFinite ?? 0;
  }

  #digest(key: string): Column["digest"] {
    const column = this.columns.figures.get(key);
    const series = column && column.digest?.of !== column.values.length ? this.series(key) : undefined;
    if (column && series) {
      const of = column.values.length;
      column.digest = { of, overview: overviewOf(series), nonFinite: countNonFinite(series.values) };
    }
    return column?.digest;
  }
}

function emptyColumns(): HistoryColumns {
  const column = () => new NumberColumn();
  return { steps: column(), seconds: column(), tokens: column(), epochs: column(), figures: new Map() };
}
