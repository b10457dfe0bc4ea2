// A column of numbers that grows. One that was read from a file is fetched when it is asked for, and held no longer than
// somebody has use for it, until it grows.

export class NumberColumn {
  #values = EMPTY;
  #length = 0;
  #load: (() => Float64Array) | undefined;
  #loaded: WeakRef<Float64Array> | undefined;
  #last = Number.NaN;

  /** A column that lies elsewhere. @param last Its last value: what is asked for most */
  static stored(length: number, last: number, load: () => Float64Array): NumberColumn {
    const column = new NumberColumn();
    column.#length = length;
    column.#last = last;
    column.#load = load;
    return column;
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    this.#own();
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(Math.max(64, 2 * this.#length));
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  at(i: number): number {
    if (this.#load && i === this.#length - 1) return this.#last;
    return this.view()[i];
  }

  /** Keeps the first values only. */
  cut(length: number): void {
    if (length >= this.#length) return;
    this.#own();
    this.#length = length;
  }

  /** The values so far: a view, which later ones are not part of. */
  view(): Float64Array {
    if (!this.#load) return this.#values.subarray(0, this.#length);
    let values = this.#loaded?.deref();
    if (!values) {
      values = this.#load();
      this.#loaded = new WeakRef(values);
    }
    return values;
  }

  /** From here on the values are this column's own. */
  #own(): void {
    if (!this.#load) return;
    this.#values = this.view().slice();
    this.#load = undefined;
    this.#loaded = undefined;
  }
}

const EMPTY = new Float64Array(0);
